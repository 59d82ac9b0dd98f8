from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import mcsyncd
from mcsyncd.errors import IntegrityError, SourceChanged
from mcsyncd.ingest.offload import offload_files
from mcsyncd.model.clip import DropFile

MEMORY = Path("/dev/shm")
CARD = {
    "cam_a/DCIM/100GOPRO/GX010001.MP4": b"first" * 50_000,
    "cam_a/DCIM/100GOPRO/GL010001.LRF": b"small copy",
    "cam_b/B001.MOV": b"second" * 1000,
}


def shoot(drop: Path, files: dict[str, bytes] = CARD) -> list[DropFile]:
    dropped = []
    for path, content in files.items():
        place = drop / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        os.utime(place, ns=(0, 1_700_000_000_123_456_789))
        camera, _, name = path.partition("/")
        kind = "sidecar" if name.endswith("LRF") else "clip"
        dropped.append(DropFile(camera, name, len(content), place.stat().st_mtime_ns, kind))
    return dropped


@pytest.fixture(params=["rename", "copy"])
def drop(request, tmp_path):
    """A drop folder on the same filesystem as the work folder, and one on another."""
    if request.param == "rename":
        yield tmp_path / "drop"
        return
    if not MEMORY.is_dir() or MEMORY.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second filesystem here")
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Path(folder)


def tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_card_moves_as_it_is(drop, tmp_path):
    files, originals = shoot(drop), tmp_path / "work/original"
    seen: list[tuple[int, int]] = []
    taken = offload_files(files, drop, originals, lambda done, total: seen.append((done, total)))
    assert tree(originals) == CARD
    assert tree(drop) == {}
    assert dict(taken.paths) == {path: str(originals / path) for path in CARD if not path.endswith("LRF")}, (
        "clips only; sidecars come along in silence"
    )
    assert all((originals / file.camera / file.name).stat().st_mtime_ns == file.mtime_ns for file in files), (
        "the time of the recording is part of it"
    )
    whole = sum(len(content) for content in CARD.values())
    assert seen[-1] == (whole, whole)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_emptied_card_folders_go_and_camera_folders_stay(drop, tmp_path):
    files = shoot(drop)
    keep = drop / "cam_a/DCIM/keep.txt"
    keep.write_text("not ours")
    offload_files(files, drop, tmp_path / "original")
    assert keep.exists()
    assert not (drop / "cam_a/DCIM/100GOPRO").exists()
    assert (drop / "cam_b").is_dir()


def test_twice_is_once(drop, tmp_path):
    files = shoot(drop)
    assert offload_files(files, drop, tmp_path / "o") == offload_files(files, drop, tmp_path / "o")
    assert tree(tmp_path / "o") == CARD


def child(drop: Path, originals: Path, files: list[DropFile], kill_before: int) -> int:
    script = Path(__file__).with_name("killed_offload.py")
    values = json.dumps([dataclasses.asdict(file) for file in files])
    return subprocess.run(
        [sys.executable, script, drop, originals, values, str(kill_before)],
        env={"PYTHONPATH": str(Path(mcsyncd.__file__).parents[1])},
        check=False,
    ).returncode


def test_killed_before_every_single_effect_and_started_again(drop, tmp_path):
    kills = 0
    while True:
        originals = tmp_path / f"original{kills}"
        shutil.rmtree(drop, ignore_errors=True)
        files = shoot(drop)
        status = child(drop, originals, files, kills + 1)
        present = tree(drop) | {k: v for k, v in tree(originals).items() if not k.endswith(".part")}
        assert present == CARD, f"killed before effect {kills + 1}: a file is lost or cut"
        if status == 0:
            break
        assert status == -signal.SIGKILL
        kills += 1
        offload_files(files, drop, originals)
        assert tree(originals) == CARD, f"killed before effect {kills}"
        assert tree(drop) == {}, f"killed before effect {kills}"
    assert kills > 10


def test_a_file_that_went_away_is_named_and_nothing_is_moved(drop, tmp_path):
    files = shoot(drop)
    (drop / "cam_b/B001.MOV").unlink()
    with pytest.raises(SourceChanged, match=r"cam_b/B001\.MOV") as caught:
        offload_files(files, drop, tmp_path / "o")
    assert caught.value.hint
    assert tree(tmp_path / "o") == {}


def test_a_file_that_changed_since_it_settled_is_not_taken(drop, tmp_path):
    files = shoot(drop)
    with (drop / "cam_b/B001.MOV").open("ab") as file:
        file.write(b"more")
    with pytest.raises(SourceChanged, match=r"cam_b/B001\.MOV"):
        offload_files(files, drop, tmp_path / "o")


def test_a_twin_at_both_ends_is_removed_only_when_it_is_the_same(drop, tmp_path):
    files = shoot(drop)
    shutil.copytree(drop, tmp_path / "o")
    offload_files(files, drop, tmp_path / "o")
    assert tree(drop) == {}
    assert tree(tmp_path / "o") == CARD


def test_another_file_at_the_destination_is_never_overwritten(drop, tmp_path):
    files = shoot(drop)
    there = tmp_path / "o/cam_b/B001.MOV"
    for other in (b"x" * files[2].bytes, b"short"):
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(other)
        with pytest.raises(IntegrityError, match=r"B001\.MOV"):
            offload_files(files, drop, tmp_path / "o")
        assert there.read_bytes() == other
        assert (drop / "cam_b/B001.MOV").read_bytes() == CARD["cam_b/B001.MOV"]


def test_same_size_and_time_but_other_content_is_refused(drop, tmp_path):
    files = shoot(drop)
    there = tmp_path / "o/cam_b/B001.MOV"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"x" * files[2].bytes)
    os.utime(there, ns=(0, files[2].mtime_ns))
    with pytest.raises(IntegrityError, match=r"differs"):
        offload_files(files, drop, tmp_path / "o")
    assert (drop / "cam_b/B001.MOV").exists()


def test_the_next_cards_file_of_that_name_is_left_alone(drop, tmp_path):
    """Cameras count from 1 on every card: after a restart the next C0001 may already lie there."""
    files = shoot(drop)
    offload_files(files, drop, tmp_path / "o")
    following = shoot(drop, {"cam_b/B001.MOV": b"the next card"})
    offload_files(files, drop, tmp_path / "o")
    assert tree(drop) == {"cam_b/B001.MOV": b"the next card"}
    assert tree(tmp_path / "o") == CARD
    assert offload_files(following, drop, tmp_path / "o2").paths


@pytest.mark.parametrize(
    "name",
    [
        "a\nb.mp4",
        "\x1b]0;x\x07.mp4",
        "[@click=app.quit].mp4",
        "x" * 251 + ".mp4",
        "-rf.mp4",
        "\x1b]52;c;eA==\x07.mp4",
        "a\tb.mp4",
        "x\u202e4pm.mp4",
        "'; DROP TABLE session; --.mp4",
        "%s {0} ${x} $(id) `id`.mp4",
        "concat:a|b.mp4",
        "file:a.mp4",
        "http:a.mp4",
        "pipe:0.mp4",
    ],
)
def test_strange_names_are_only_names(drop, tmp_path, name):
    offload_files(shoot(drop, {f"cam_a/{name}": b"x"}), drop, tmp_path / "o")
    assert tree(tmp_path / "o") == {f"cam_a/{name}": b"x"}


@pytest.mark.parametrize(
    "names", [("caf\u00e9.mp4", "cafe\u0301.mp4"), ("A.MP4", "a.mp4"), ("A.MP4", "A.mp4")]
)
def test_twins_of_a_name_are_two_files(drop, tmp_path, names):
    card = {f"cam_a/{name}": name.encode() for name in names}
    offload_files(shoot(drop, card), drop, tmp_path / "o")
    assert tree(tmp_path / "o") == card


def test_two_names_of_one_file_are_two_files(drop, tmp_path):
    files = shoot(drop, {"cam_a/A.MP4": b"x", "cam_a/B.MP4": b"x"})
    (drop / "cam_a/B.MP4").unlink()
    (drop / "cam_a/B.MP4").hardlink_to(drop / "cam_a/A.MP4")
    offload_files(files, drop, tmp_path / "o")
    assert tree(tmp_path / "o") == {"cam_a/A.MP4": b"x", "cam_a/B.MP4": b"x"}
    assert tree(drop) == {}


@pytest.mark.parametrize("name", ["../../outside.mp4", "/etc/hostname", "a/../../x.mp4"])
def test_a_name_cannot_lead_out(drop, tmp_path, name):
    drop.mkdir(exist_ok=True)
    with pytest.raises(SourceChanged, match="below"):
        offload_files([DropFile("cam_a", name, 1, 1)], drop, tmp_path / "o")


def test_links_are_not_followed_at_any_step_of_the_path(drop, tmp_path):
    outside = tmp_path / "outside"
    secret = shoot(outside, {"cam_a/DCIM/x.mp4": b"secret"})
    (drop / "cam_a").mkdir(parents=True)
    (drop / "cam_a/DCIM").symlink_to(outside / "cam_a/DCIM")
    with pytest.raises(SourceChanged):
        offload_files(secret, drop, tmp_path / "o")
    (drop / "cam_a/DCIM").unlink()
    (drop / "cam_a/DCIM").mkdir()
    (drop / "cam_a/DCIM/x.mp4").symlink_to(outside / "cam_a/DCIM/x.mp4")
    with pytest.raises(SourceChanged):
        offload_files(secret, drop, tmp_path / "o")
    assert tree(outside) == {"cam_a/DCIM/x.mp4": b"secret"}
    assert tree(tmp_path / "o") == {}


def test_a_copy_that_does_not_match_keeps_the_source(drop, tmp_path, monkeypatch):
    """A disk that returns other bytes than were written cannot be provoked; the write is bent instead."""
    files = shoot(drop)
    if drop.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("a rename writes nothing")
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, b"\0" * len(data)))
    with pytest.raises(IntegrityError, match="differs"):
        offload_files(files, drop, tmp_path / "o")
    assert tree(drop) == CARD
    assert tree(tmp_path / "o") == {}


def test_a_full_disk_loses_nothing(tmp_path):
    """Needs no privilege: a file size limit stands for the full disk (both end in a failed write)."""
    if not MEMORY.is_dir() or MEMORY.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second filesystem here")
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        drop = Path(folder)
        files = shoot(drop)
        script = (
            "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000));"
            "sys.argv = sys.argv[1:]; import runpy; runpy.run_path(sys.argv[0], run_name='__main__')"
        )
        values = json.dumps([dataclasses.asdict(file) for file in files])
        child_script = Path(__file__).with_name("killed_offload.py")
        done = subprocess.run(
            [sys.executable, "-c", script, child_script, drop, tmp_path / "o", values, "0"],
            env={"PYTHONPATH": str(Path(mcsyncd.__file__).parents[1])},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "File too large" in done.stderr
        assert tree(drop) == CARD
        assert tree(tmp_path / "o") == {}
        offload_files(files, drop, tmp_path / "o")
        assert tree(tmp_path / "o") == CARD
