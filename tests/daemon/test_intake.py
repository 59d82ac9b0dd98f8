"""What is dropped again, moved, unreadable or missing, with a real daemon and real files."""

from __future__ import annotations

import os
import shutil
import signal

import pytest


def place(line, camera: str, shoot) -> str:
    return f"{camera}/{shoot.files[camera].name}"


def note_of(line, key: str) -> str | None:
    camera, _, name = key.partition("/")
    notes = {file["name"]: file for file in line.status()["folders"][camera]["settling"]}
    return notes[name]["note"] if name in notes and notes[name]["state"] == "taken" else None


def clip_hash(line, camera: str) -> str | None:
    return line.session()["cameras"][camera]["clips"][0]["sha256"]


def test_the_same_files_dropped_again_are_said_to_be_taken_and_stay(line, shoot):
    line.configure(conform="approved")
    line.start()
    line.drop_in(shoot.files)
    first = line.wait_for("in_review")
    line.drop_in(shoot.files)
    for camera, file in shoot.files.items():
        line.wait(
            lambda key=f"{camera}/{file.name}": first["id"] in (note_of(line, key) or ""), "it is recognised"
        )
    line.drop_in({"cam_b": shoot.files["cam_b"]}, "another name.MP4")
    line.wait(lambda: first["id"] in (note_of(line, "cam_b/another name.MP4") or ""), "so is a renamed copy")
    assert len(line.sessions()) == 1
    assert all((line.drop / camera / file.name).exists() for camera, file in shoot.files.items())
    line.wait(lambda: all(clip_hash(line, camera) for camera in shoot.files), "the originals are hashed")
    listed = line.ask("clean", first["id"]).stdout
    assert f"clean {first['id']} --apply" in listed
    assert len(list(line.drop.rglob("*.*"))) == 4, "it only lists"
    cleaned = line.json("clean", first["id"], "--apply")["leftovers"]
    assert {one["kind"] for one in cleaned} == {"taken"}
    assert [path.name for path in line.drop.rglob("*.*")] == ["another name.MP4"]


def test_a_clip_that_was_missing_from_the_card_holds_the_seal(line, shoot):
    """A1 can be read and A2 cannot: without A2 the shoot is not complete."""
    line.start()
    line.drop_in(shoot.files)
    second = line.drop / "cam_a" / "A2.MOV"
    shutil.copy(shoot.files["cam_a"], line.home / "A2.MOV")
    os.mkfifo(second)  # as unreadable to root as mode 0600 is to others
    line.wait(lambda: line.status()["held"] == ["cam_a/A2.MOV"], "it holds the seal")
    assert "seal --without cam_a/A2.MOV" in line.ask("status").stdout
    second.unlink()
    line.wait_for("working", "in_review")
    assert line.session()["left_out"] == {}


def test_a_fuller_copy_recalls_the_session_and_takes_the_place_of_the_partial_one(line, shoot):
    line.configure(conform="approved")
    line.start()
    whole = shoot.files["cam_b"].read_bytes()
    partial = line.home / shoot.files["cam_b"].name
    padding = b"\0\0\0\x10free" + bytes(8)  # an MP4 stays whole with another box at its end
    partial.write_bytes(whole)
    line.drop_in(shoot.files | {"cam_b": partial})
    first = line.wait_for("in_review")
    line.ask("approve", first["id"], "--revision", str(first["revision"]))
    line.wait_for("published")
    (line.drop / "cam_b" / partial.name).write_bytes(whole + padding)
    line.wait(lambda: line.session()["state"] in ("working", "in_review"), "it is recalled")
    assert line.session()["approved_by"] is None
    again = line.wait_for("in_review")
    assert again["id"] == first["id"]
    assert again["revision"] > first["revision"]
    assert again["cameras"]["cam_b"]["clips"][0]["bytes"] == len(whole) + len(padding)
    line.wait(lambda: not (line.drop / "cam_b" / partial.name).exists(), "the drop folder is empty")


def test_originals_of_a_rejected_session_go_where_they_are_wanted(line, shoot):
    line.configure(conform="approved")
    line.start()
    line.drop_in(shoot.files)
    first = line.wait_for("in_review")
    refused = line.ask("return-originals", first["id"], check=False)
    assert "reject it first" in refused.stderr
    said = line.ask("reject", first["id"], "--reason", "the wrong shoot").stdout
    for camera, file in shoot.files.items():
        assert f"{camera}/{file.name}: is at work/sessions/{first['id']}" in said
    segments = line.work / "sessions" / first["id"] / "segments"
    (segments / "cut off").mkdir(parents=True)
    target = line.home / "given back"
    line.ask("return-originals", first["id"], "--to", str(target))
    for camera, file in shoot.files.items():
        line.wait(lambda path=target / camera / file.name: path.exists(), "it is back")
        assert (target / camera / file.name).read_bytes() == file.read_bytes()
    line.wait(lambda: not line.session()["originals_taken"], "the record says so")
    assert not segments.exists(), "nobody will finish what was being encoded"
    assert line.ask("reopen", first["id"], "--reason", "after all", check=False).returncode
    line.drop_in(shoot.files)
    assert line.wait_for("in_review", count=2)["id"] != first["id"], "what was returned may be dropped again"


def test_an_original_that_is_gone_keeps_no_other_one_here(line, shoot):
    """None of a rejected session's originals came back any more."""
    line.configure(conform="approved")
    line.start()
    line.drop_in(shoot.files)
    name = line.wait_for("in_review")["id"]
    line.ask("reject", name, "--reason", "the wrong shoot")
    originals = {
        camera: line.work / "sessions" / name / "original" / place(line, camera, shoot)
        for camera in shoot.files
    }
    originals["cam_b"].unlink()
    with originals["cam_c"].open("ab") as written_to:
        written_to.write(b"spoiled")
    target = line.home / "given back"
    line.ask("return-originals", name, "--to", str(target))
    line.wait(lambda: not line.session()["originals_taken"], "what is there is back")
    back = {path.parent.name: path.read_bytes() for path in target.rglob("*") if path.is_file()}
    assert back == {"cam_a": shoot.files["cam_a"].read_bytes()}
    assert originals["cam_c"].is_file(), "nothing is lost"
    told = line.ask("log", name).stdout
    assert f"{shoot.files['cam_b'].name} (Cam B): it is missing" in told
    assert f"{shoot.files['cam_c'].name} (Cam C): it was written to" in told


def test_a_session_in_review_does_not_look_good_while_an_original_is_missing(line, shoot):
    line.configure(conform="approved")
    line.start()
    line.drop_in(shoot.files)
    name = line.wait_for("in_review")["id"]
    original = line.work / "sessions" / name / "original" / place(line, "cam_b", shoot)
    away = original.rename(line.home / "away")
    for command in ("show", "review"):
        told = line.ask(command, name).stdout
        assert f"is missing: put it back at {original}." in told, "nothing that failed is to be retried"
        assert f"Review Sync: mcsyncd review {name}" in told
        assert "Looks Good" not in told
    away.rename(original)
    assert "Looks Good: mcsyncd approve" in line.ask("show", name).stdout


def test_a_return_ends_where_the_whole_folder_of_originals_is_gone(line, shoot):
    """It was tried again without end, as if it were a fault of the daemon."""
    line.configure(conform="approved")
    line.start()
    line.drop_in(shoot.files)
    name = line.wait_for("in_review")["id"]
    line.ask("reject", name, "--reason", "the wrong shoot")
    shutil.rmtree(line.work / "sessions" / name / "original")
    told = line.ask("return-originals", name).stdout
    assert told.count("is missing; it does not come back") == len(shoot.files)
    line.wait(lambda: not line.session()["originals_taken"], "nothing is owed any more")
    assert line.ask("log", name).stdout.count("it is missing") == len(shoot.files)
    assert line.session()["error"] is None


def test_originals_go_back_into_the_drop_folders_and_become_a_new_session(line, shoot):
    line.configure(conform="approved")
    line.start()
    line.drop_in(shoot.files)
    first = line.wait_for("in_review")
    line.ask("reject", first["id"], "--reason", "seal it again")
    line.ask("return-originals", first["id"])
    second = line.wait_for("in_review", count=2)
    assert second["id"] != first["id"]


def test_a_retry_of_a_failed_ingest_goes_on_where_it_stopped(line, shoot):
    """It looked for the originals where they were not yet, and made the session stale."""
    line.configure(conform="approved", quiet="5s")
    line.start()
    line.drop_in(shoot.files)
    line.wait(lambda: line.sessions() and line.session()["state"] == "collecting", "it collects")
    occupied = line.work / "sessions" / line.session()["id"] / "original" / place(line, "cam_b", shoot)
    occupied.parent.mkdir(parents=True)
    occupied.write_bytes(b"another file")
    stopped = line.wait_for("quarantined")
    assert (line.drop / place(line, "cam_a", shoot)).exists(), "nothing was moved"
    occupied.unlink()
    said = line.ask("retry", stopped["id"]).stdout
    assert f"{place(line, 'cam_b', shoot)}: stays in its drop folder" in said
    reviewed = line.wait_for("in_review")
    assert reviewed["id"] == stopped["id"]
    sizes = {key: camera["clips"][0]["bytes"] for key, camera in reviewed["cameras"].items()}
    assert sizes == {camera: file.stat().st_size for camera, file in shoot.files.items()}


def test_a_file_moved_to_another_camera_is_reported(line, shoot):
    line.start()
    line.drop_in({"cam_a": shoot.files["cam_a"]})
    name = shoot.files["cam_a"].name
    line.wait(line.sessions, "it collects")
    (line.drop / "cam_a" / name).rename(line.drop / "cam_c" / name)

    def is_reported():
        files = line.status()["folders"]["cam_c"]["settling"]
        return any("moved here from cam_a" in file["note"] for file in files)

    line.wait(is_reported, "the move is reported")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
def test_a_disk_mounted_over_a_camera_is_offline_and_no_fewer_files(line, shoot):
    line.configure(quiet="2s")
    line.start()
    line.drop_in({"cam_a": shoot.files["cam_a"], "cam_b": shoot.files["cam_b"]})
    line.wait(line.sessions, "it collects")
    before = line.session()["cameras"]["cam_b"]
    os.system(f"mount -t tmpfs none '{line.drop / 'cam_b'}'")  # a folder of this test
    try:
        line.wait(lambda: "offline" in line.status()["folders"]["cam_b"]["health"], "it is offline")
        line.drop_in({"cam_c": shoot.files["cam_c"]})
        line.wait(lambda: line.session()["cameras"]["cam_c"]["clips"], "the third camera is there")
        assert line.session()["cameras"]["cam_b"] == before
        assert line.session()["state"] == "collecting"
    finally:
        os.system(f"umount '{line.drop / 'cam_b'}'")  # a folder of this test
    line.wait_for("working", "in_review")


def test_a_status_never_names_a_file_that_a_session_holds(line, shoot):
    line.configure(conform="approved")
    line.start()
    line.drop_in(shoot.files)

    def is_offloaded():
        status = line.status()
        taken = bool(line.sessions()) and line.session()["originals_taken"]
        names = [file for folder in status["folders"].values() for file in folder["settling"]]
        if taken:
            after = [file for folder in line.status()["folders"].values() for file in folder["settling"]]
            assert after == [], names
        return taken

    line.wait(is_offloaded, "the clips are taken in")


def test_a_daemon_killed_while_originals_go_back_completes_it(line, shoot):
    line.configure(conform="approved")
    line.start()
    line.drop_in(shoot.files)
    first = line.wait_for("in_review")
    line.ask("reject", first["id"], "--reason", "the wrong shoot")
    target = line.home / "back"
    line.ask("return-originals", first["id"], "--to", str(target))
    line.process.send_signal(signal.SIGKILL)
    line.process.wait(20)
    line.start()
    line.wait(lambda: not line.session()["originals_taken"], "they are back")
    for camera, file in shoot.files.items():
        assert (target / camera / file.name).read_bytes() == file.read_bytes()
