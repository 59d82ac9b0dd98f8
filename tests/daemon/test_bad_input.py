"""What cameras, people and disks do wrong: a clear word, nothing lost, the next good shoot goes through."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
from fractions import Fraction

import pytest

from footage import Shot, film, steady
from power_cut import can_mount, run


def text(good, path):
    path.write_text("this is not a film\n" * 100)


def empty(good, path):
    path.touch()


def playlist(good, path):
    path.write_text("ffconcat version 1.0\nfile /etc/hostname\n")


def noise(good, path):
    path.write_bytes(os.urandom(50_000))


@pytest.mark.parametrize("spoil", [text, empty, playlist, noise], ids=lambda spoil: spoil.__name__)
def test_a_bad_file_fails_its_session_and_a_good_copy_takes_its_place(line, shoot, tmp_path, spoil):
    line.start()
    bad = tmp_path / "C0012.MP4"
    spoil(shoot.files["cam_b"], bad)
    line.drop_in(shoot.files | {"cam_b": bad})
    failed = line.wait_for("failed")
    assert failed["error"]["stage"] == "probe"
    assert "C0012.MP4" in failed["error"]["message"]
    assert failed["error"]["hint"]
    assert failed["error"]["retryable"] is False
    kept = line.work / "sessions" / failed["id"] / "original"
    assert (kept / "cam_b" / "C0012.MP4").stat().st_size == bad.stat().st_size
    assert (kept / "cam_a" / shoot.files["cam_a"].name).is_file()
    line.drop_in({"cam_b": shoot.files["cam_b"]}, "C0012.MP4")
    mended = line.wait_for("in_review")
    assert mended["sync_confidence"] >= 0.85
    assert mended["id"] == failed["id"]
    (aside,) = (line.work / "sessions" / failed["id"] / "replaced").rglob("C0012.MP4")
    assert aside.stat().st_size == bad.stat().st_size


def remux(source, target):
    """The same clip in another container, without its index."""
    codec = ("-c:a", "pcm_s16le") if target.suffix in {".WAV", ".MXF"} else ("-c:a", "ac3")
    picture = ("-vn",) if target.suffix == ".WAV" else ("-c:v", "mpeg2video", "-b:v", "2M", "-r", "25")
    form = ("-f", "mpegts") if target.suffix == ".MTS" else ()
    command = ["ffmpeg", "-v", "error", "-i", source, *picture, *codec, "-ar", "48000", *form, target]
    subprocess.run(command, check=True)
    return target


@pytest.mark.parametrize("suffix", [".MTS"])  # `tests/containers` has the others
def test_half_a_clip_is_not_taken_before_the_rest_of_its_copy_is_there(line, shoot, tmp_path, suffix):
    """A copy that stalls for longer than the quiet time, with nobody who has the file open."""
    times = line.config.read_text().replace("settle: 500ms, quiet: 1s", "settle: 250ms, quiet: 500ms")
    line.config.write_text(times)
    line.start()
    whole = remux(shoot.files["cam_c"], tmp_path / f"C0007{suffix}").read_bytes()
    clip = line.drop / "cam_c" / f"C0007{suffix}"
    clip.write_bytes(whole[: len(whole) // 2 | 1])
    line.drop_in({camera: shoot.files[camera] for camera in ("cam_a", "cam_b")})

    def find_incomplete():
        listed = line.status()["folders"]["cam_c"]["settling"]
        return [file for file in listed if file["state"] == "incomplete"]

    (told,) = line.wait(find_incomplete, "the half is told")
    assert "copy it again" in told["note"]
    assert f"incomplete C0007{suffix}" in " ".join(line.ask("status").stdout.split())
    time.sleep(2)  # four times the quiet time after which a session is sealed
    assert [session["state"] for session in line.sessions()] == ["collecting"]
    with clip.open("ab") as file:
        file.write(whole[len(whole) // 2 | 1 :])
    reviewed = line.wait_for("in_review")
    assert reviewed["sync_confidence"] >= 0.85
    kept = line.work / "sessions" / reviewed["id"] / "original" / "cam_c" / clip.name
    assert kept.read_bytes() == whole


def test_a_bad_file_that_is_replaced_is_tried_again(line, shoot, tmp_path):
    line.start()
    bad = tmp_path / "C0012.MP4"
    text(None, bad)
    line.drop_in(shoot.files | {"cam_b": bad})
    failed = line.wait_for("failed")
    shutil.copy(
        shoot.files["cam_b"], line.work / "sessions" / failed["id"] / "original" / "cam_b" / "C0012.MP4"
    )
    line.ask("retry", failed["id"])
    assert line.wait_for("in_review")["sync_confidence"] >= 0.85


def test_a_clip_without_sound_is_reviewed_laid_by_hand_and_published(line, shoot, tmp_path):
    line.start()
    mute = film(tmp_path / "mute.mp4", Shot(pictures=steady(25, 20)))
    line.drop_in(shoot.files | {"cam_c": mute})
    reviewed = line.wait_for("in_review")
    assert reviewed["sync_confidence"] < 0.85
    assert reviewed["call_to_action"] == "review_sync"
    assert any(reason["subject"] == "cam_c" and "Cam C" in reason["text"] for reason in reviewed["reasons"])
    if reviewed["offsets_ms"]["cam_c"] is None:
        refused = line.ask("approve", reviewed["id"], "--revision", str(reviewed["revision"]), check=False)
        assert refused.returncode == 2
        assert "cam_c/mute.mp4 place" in refused.stderr
    laid = line.json("nudge", reviewed["id"], "cam_c", "=87ms")
    assert laid["offsets_ms"]["cam_c"] == 87.0
    line.ask("approve", laid["id"], "--revision", str(laid["revision"]))
    assert line.wait_for("published")["sync_method"] == "manual"


def test_a_sound_recorder_without_picture_is_an_angle_too(line, shoot, tmp_path):
    line.start()
    sound = tmp_path / "ZOOM0001.WAV"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", shoot.files["cam_c"], "-vn", "-c:a", "pcm_s16le", sound], check=True
    )
    line.drop_in(shoot.files | {"cam_c": sound})
    reviewed = line.wait_for("in_review")
    assert reviewed["sync_confidence"] >= 0.85
    line.ask("approve", reviewed["id"], "--revision", str(reviewed["revision"]))
    line.wait_for("published")
    manifest = json.loads(line.ask("manifest", reviewed["id"]).stdout)
    (recorder,) = next(one["clips"] for one in manifest["cameras"] if one["id"] == "cam_c")
    assert recorder["mezzanine"]["video_codec"] is None
    assert recorder["mezzanine"]["audio_codec"] is not None


HOSTILE = "x[b] [@click=app.quit]y \x1b[31m\u202e$(id)`id`${x}{0};'\"--%s'; DROP TABLE session; --.MP4"


def test_a_hostile_name_is_only_a_name(line, shoot):
    line.start()
    files = {camera: shoot.files[camera] for camera in ("cam_a", "cam_c")}
    line.drop_in(files)
    line.drop_in({"cam_b": shoot.files["cam_b"]}, HOSTILE)
    reviewed = line.wait_for("in_review")
    assert reviewed["cameras"]["cam_b"]["clips"][0]["name"] == HOSTILE
    shown = line.ask("show", reviewed["id"]).stdout
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    line.ask("approve", reviewed["id"], "--revision", str(reviewed["revision"]))
    line.wait_for("published")
    assert (line.work / "sessions" / reviewed["id"] / "original" / "cam_b" / HOSTILE).is_file()
    bucket = line.home / "var" / "bucket"
    assert all(str(path).isascii() and "[" not in str(path.relative_to(bucket)) for path in bucket.rglob("*"))


def test_what_does_not_belong_into_a_drop_folder_is_said_and_left_alone(line, shoot):
    line.start()
    stray = line.drop / "cam_x"
    stray.mkdir()
    (stray / "A.MP4").write_bytes(b"x" * 100)
    (line.drop / "cam_a" / "notes.txt").write_text("call the caterer")
    (line.drop / "cam_a" / "link.mp4").symlink_to("/etc/hostname")
    os.mkfifo(line.drop / "cam_b" / "pipe.mp4")
    (line.drop / "cam_c" / "half.mp4.part").write_bytes(b"x" * 100)
    (line.drop / "loose.mp4").write_bytes(b"x" * 100)
    line.drop_in(shoot.files)
    held = ["cam_a/link.mp4", "cam_b/pipe.mp4", "cam_c/half.mp4.part"]
    line.wait(lambda: line.status()["held"] == held, "the seal is held by what may be a clip")
    refused = line.ask("seal", check=False)
    assert refused.returncode
    assert "cam_a/link.mp4" in refused.stderr
    assert line.session()["state"] == "collecting"
    line.ask("seal", *(f"--without={name}" for name in held))
    assert sorted(line.wait_for("in_review")["left_out"]) == held
    status = line.status()
    assert status["unknown_folders"] == ["cam_x"]
    assert status["loose_files"] == ["loose.mp4"]
    assert "loose.mp4" in line.ask("status").stdout
    left = {
        file["name"]: file["state"] for folder in status["folders"].values() for file in folder["settling"]
    }
    assert left == {
        "notes.txt": "ignored",
        "link.mp4": "refused",
        "pipe.mp4": "refused",
        "half.mp4.part": "ignored",
    }
    assert (stray / "A.MP4").is_file()
    assert "cam_x: no camera has this name" in line.ask("status").stdout


def test_a_card_is_taken_with_its_folders_and_sidecars(line, shoot):
    line.start()
    card = line.drop / "cam_b" / "PRIVATE" / "M4ROOT" / "CLIP"
    card.mkdir(parents=True)
    shutil.copy(shoot.files["cam_b"], card / "C0001.MP4")
    (card / "C0001M01.XML").write_text("<NonRealTimeMeta/>")
    line.drop_in({camera: shoot.files[camera] for camera in ("cam_a", "cam_c")})
    reviewed = line.wait_for("in_review")
    kept = line.work / "sessions" / reviewed["id"] / "original" / "cam_b" / "PRIVATE" / "M4ROOT" / "CLIP"
    assert sorted(path.name for path in kept.iterdir()) == ["C0001.MP4", "C0001M01.XML"]
    assert list((line.drop / "cam_b").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small filesystem takes root")
def test_a_full_disk_is_waited_out(line, shoot, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", small], check=False).returncode:
        pytest.skip("no filesystem can be mounted here")
    try:
        line.configure(work=str(small))
        ballast = small / "ballast"
        ballast.write_bytes(b"\0" * (23 << 20))
        line.backoff_s = 2.0
        line.start()
        line.drop_in(shoot.files)
        line.wait(lambda: line.sessions() and line.session()["error"], "the full disk is said")
        waiting = line.session()
        assert waiting["state"] == "working"
        assert waiting["error"]["retryable"] is True
        assert "space" in waiting["error"]["message"].lower()
        assert all((line.drop / camera / file.name).is_file() or list(small.rglob(file.name))
                   for camera, file in shoot.files.items())  # fmt: skip
        ballast.unlink()
        reviewed = line.wait_for("in_review", patience_s=60)
        assert reviewed["error"] is None
        line.ask("approve", reviewed["id"], "--revision", str(reviewed["revision"]))
        line.wait_for("published")
    finally:
        line.stop()
        subprocess.run(["umount", small], check=False)


@pytest.mark.skipif(not can_mount(), reason="needs to mount an ext4 in an image, as root")
def test_a_work_folder_whose_disk_has_coarse_times_is_as_good_as_any(line, shoot, tmp_path):
    """Each session became stale: its originals seemed to have changed while they were taken in."""
    image, disk = tmp_path / "coarse.img", tmp_path / "coarse"
    with image.open("wb") as file:
        file.truncate(200 << 20)
    disk.mkdir()
    run("mkfs.ext4", "-q", "-F", "-I", "128", str(image))
    run("mount", "-o", "loop", str(image), str(disk))
    try:
        line.configure(work=str(disk / "work"))
        line.start()
        line.drop_in(shoot.files)
        reviewed = line.wait_for("in_review")
        (original,) = disk.rglob(f"original/cam_b/{shoot.files['cam_b'].name}")
        assert original.stat().st_mtime_ns % 10**9 == 0, "or this would prove nothing"
        assert line.call(lambda client: client.check_originals(reviewed["id"]))["faults"] == []
        line.ask("resync", reviewed["id"], "--yes")
        again = line.wait_for("in_review")
        assert again["call_to_action"] == "looks_good"
        line.ask("approve", again["id"], "--revision", str(again["revision"]))
        line.wait_for("published")
        assert line.ask("verify", "media").returncode == 0
    finally:
        line.stop()
        run("umount", "--lazy", str(disk))


def test_nothing_looks_good_while_an_original_is_missing(line, shoot):
    """A retry brought it back to review, at 99%, and each approval ended where it began."""
    line.configure(conform="approved")
    line.start()
    line.drop_in(shoot.files)
    reviewed = line.wait_for("in_review")
    name, clip = reviewed["id"], f"cam_b/{shoot.files['cam_b'].name}"
    original = line.work / "sessions" / name / "original" / clip
    original.unlink()
    line.ask("approve", name, "--revision", str(reviewed["revision"]))
    line.wait_for("stale")
    for verb in (["retry", name], ["resync", name, "--yes"]):
        refused = line.ask(*verb, check=False)
        assert refused.returncode == 2
        assert f"the original of {clip} is missing" in refused.stderr
        assert f"mcsyncd clip {name} {clip} leave-out --reason TEXT" in refused.stderr
        assert line.session()["state"] == "stale"
    line.drop_in({"cam_b": shoot.files["cam_b"]})
    assert line.wait_for("in_review")["call_to_action"] == "looks_good"
    original.unlink()
    assert line.ask("resync", name, "--yes", check=False).returncode == 2, "also before it was approved"
    line.ask("clip", name, clip, "leave-out", "--reason", "its card is lost")
    without = line.session()
    assert without["offsets_ms"]["cam_b"] is None
    line.ask("approve", name, "--revision", str(without["revision"]))
    line.wait_for("published")


def test_an_original_that_changes_makes_the_session_stale(line, shoot):
    line.configure(conform="approved")
    line.start()
    line.drop_in(shoot.files)
    reviewed = line.wait_for("in_review")
    original = line.work / "sessions" / reviewed["id"] / "original" / "cam_b" / shoot.files["cam_b"].name
    line.wait(lambda: line.session()["cameras"]["cam_b"]["clips"][0]["sha256"], "the clip is hashed")
    first = line.session()["cameras"]["cam_b"]["clips"][0]["sha256"]
    with original.open("ab") as changed:
        changed.write(b"\0\0\0\x10free" + bytes(8))  # an MP4 stays whole with another box at its end
    line.ask("approve", reviewed["id"], "--revision", str(reviewed["revision"]))
    stale = line.wait_for("stale")
    assert stale["approved_by"] is None
    assert shoot.files["cam_b"].name in stale["error"]["message"]
    refused = line.ask("resync", stale["id"], check=False)
    assert refused.returncode == 2
    assert "The changed file is taken for the right one" in refused.stderr
    assert f"mcsyncd resync {stale['id']} --yes" in refused.stderr
    assert line.session()["state"] == "stale"
    line.ask("resync", stale["id"], "--yes")
    again = line.wait_for("in_review")
    assert again["revision"] == reviewed["revision"] + 1
    line.wait(lambda: line.session()["cameras"]["cam_b"]["clips"][0]["sha256"], "the changed clip is hashed")
    (clip,) = line.session()["cameras"]["cam_b"]["clips"]
    now = hashlib.sha256(original.read_bytes()).hexdigest()
    assert (clip["former_sha256"], clip["sha256"]) == (first, now), "one beside the other"
    assert f"sha256 {clip['sha256'][:12]}… in place of {first[:12]}…" in line.ask("log", again["id"]).stdout


def test_rates_of_the_grid_follow_the_reference(line, shoot, tmp_path):
    line.start()
    cinema = film(tmp_path / "A.MP4", Shot(pictures=steady(Fraction(24000, 1001), 6), sound=(0, 6)))
    line.drop_in(dict.fromkeys(("cam_a", "cam_b", "cam_c"), cinema))
    assert line.wait_for("in_review")["rate"] == "24000/1001"
