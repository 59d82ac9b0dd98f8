"""The whole of one look, on real files that real writers write slowly."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import mcsyncd
from mcsyncd.ingest import observe as looking
from mcsyncd.ingest import scan as scanning
from mcsyncd.ingest.observe import observe_drop_folders
from mcsyncd.ingest.pairing import list_complete_files, list_held_files
from mcsyncd.ingest.settle import SettleState
from recordings import record

CONTENT = os.urandom(200_000)


def by_appending(path):
    with path.open("wb") as file:
        for start in range(0, len(CONTENT), 20_000):
            file.write(CONTENT[start : start + 20_000])
            file.flush()
            time.sleep(0.1)


def by_reopening(path):
    for start in range(0, len(CONTENT), 20_000):
        with path.open("ab") as file:
            file.write(CONTENT[start : start + 20_000])
        time.sleep(0.1)


def by_a_temporary_name(path):
    by_appending(path.with_name(f".{path.name}.Xy12"))
    path.with_name(f".{path.name}.Xy12").rename(path)


def by_filling_a_presized_file(path):
    with path.open("wb") as file:
        file.truncate(len(CONTENT))
        time.sleep(1.0)  # longer than the quiet time: only the kernel knows that it is not done
        file.write(CONTENT)


def by_a_mapping(path):
    code = (
        "import mmap, sys, time; f = open(sys.argv[1], 'w+b'); f.truncate(200_000);"
        "m = mmap.mmap(f.fileno(), 0); f.close(); time.sleep(1.0);"
        "m[:] = open(sys.argv[2], 'rb').read(); m.close()"
    )
    source = path.parents[2] / "source"
    source.write_bytes(CONTENT)
    subprocess.run([sys.executable, "-c", code, path, source], check=True)


@pytest.mark.parametrize(
    "write", [by_appending, by_reopening, by_a_temporary_name, by_filling_a_presized_file, by_a_mapping]
)
def test_a_file_is_whole_when_it_settles(tmp_path, write):
    path = tmp_path / "drop/cam_a/A001.MOV"
    path.parent.mkdir(parents=True)
    writer = threading.Thread(target=write, args=(path,))
    writer.start()
    state, due = SettleState(), time.monotonic() + 30
    while not list_complete_files(state):
        assert time.monotonic() < due, [track.note for track in state.files.values()]
        _, state = observe_drop_folders(
            tmp_path / "drop", ["cam_a"], state, settle_s=0.4, settle_network_s=0.4
        )
        time.sleep(0.05)
    assert path.read_bytes() == CONTENT
    (file,) = list_complete_files(state)
    assert (file.name, file.bytes) == ("A001.MOV", len(CONTENT))
    writer.join(5)


def test_nothing_is_left_behind_of_many_files_at_once(tmp_path):
    source = tmp_path / "card"
    for number in range(600):
        folder = source / f"DCIM/{number % 30:03d}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"C{number:04d}.MP4").write_bytes(b"x")
    state = SettleState()
    (tmp_path / "drop").mkdir()
    shutil.copytree(source, tmp_path / "drop/cam_a")
    for _ in range(3):
        _, state = observe_drop_folders(
            tmp_path / "drop", ["cam_a"], state, settle_s=0.05, settle_network_s=0.05
        )
        time.sleep(0.1)
    assert len(list_complete_files(state)) == 600


@pytest.mark.parametrize("year", [1970, 2038, 2106, 2400])
def test_a_file_of_any_age_settles_by_its_changes_alone(tmp_path, year):
    """Cameras with an empty battery write 1970; what a clock far ahead writes is no change under way."""
    path = tmp_path / "drop/cam_a/A001.MOV"
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    then = round((year - 1970) * 365.2425 * 86_400)
    os.utime(path, (then, then))
    state = observe_twice(tmp_path / "drop", ["cam_a"])
    (file,) = list_complete_files(state)
    assert file.mtime_ns == then * 10**9


def test_a_folder_that_goes_and_comes_back_settles_anew(tmp_path):
    folder = tmp_path / "drop/cam_a"
    folder.mkdir(parents=True)
    (folder / "A.MOV").write_bytes(b"old")
    clock = iter(range(0, 100, 2)).__next__
    standings = []
    state = SettleState()
    for step in range(6):
        if step == 2:
            folder.rename(tmp_path / "away")
        if step == 3:
            folder.mkdir()
            (folder / "A.MOV").write_bytes(b"new")
        found, state = observe_drop_folders(
            tmp_path / "drop", ["cam_a"], state, settle_s=1, settle_network_s=1, clock=lambda: float(clock())
        )
        standings.append((found.health["cam_a"] == "ok", state.files["cam_a", "A.MOV"].status))
    assert standings[1] == (True, "settled")
    assert standings[2] == (False, "settled"), "frozen, not lost"
    assert standings[3] == (True, "settling")
    assert standings[5] == (True, "settled")


def test_a_file_that_changes_or_goes_between_scan_and_settling_is_not_taken(tmp_path, monkeypatch):
    folder = tmp_path / "drop/cam_a"
    folder.mkdir(parents=True)
    for name in ("changed.mov", "gone.mov", "swapped.mov"):
        (folder / name).write_bytes(b"x")
    clock = iter((0.0, 10.0)).__next__
    state = SettleState()

    def meddled(drop, cameras, *, known, clock):
        found = scanning.scan_drop_folders(drop, cameras, known=known)
        if state.files:
            (folder / "changed.mov").write_bytes(b"xy")
            (folder / "gone.mov").unlink()
            (folder / "swapped.mov").unlink()
            (folder / "swapped.mov").symlink_to("/etc/hostname")
        return found

    monkeypatch.setattr(looking, "scan_drop_folders", meddled)
    for _ in range(2):
        _, state = observe_drop_folders(
            tmp_path / "drop", ["cam_a"], state, settle_s=1, settle_network_s=1, clock=clock
        )
    assert {track.status for track in state.files.values()} == {"settling"}


def observe_twice(drop, cameras, state=None, first=0.0):
    """Two scans that are far apart, so that whatever may settle does."""
    for now in (first, first + 199.0):
        _, state = observe_drop_folders(
            drop, cameras, state or SettleState(), settle_s=1, settle_network_s=1, clock=lambda now=now: now
        )
    return state


@pytest.mark.parametrize("name", ["mp4", "mts", "mxf", "wav", "mpg"])
def test_half_a_clip_is_incomplete_and_holds_the_seal_until_the_rest_is_there(tmp_path, name):
    whole = record(tmp_path, name)
    clip = tmp_path / "drop/cam_a" / whole.name
    clip.parent.mkdir(parents=True)
    content = whole.read_bytes()
    clip.write_bytes(content[: len(content) // 2 | 1])
    state = observe_twice(tmp_path / "drop", ["cam_a"])
    (track,) = state.files.values()
    assert track.status == "incomplete"
    assert "copy it again" in track.note
    assert list_complete_files(state) == ()
    assert [file.name for file in list_held_files(state)] == [whole.name]
    with clip.open("ab") as file:
        file.write(content[len(content) // 2 | 1 :])
    state = observe_twice(tmp_path / "drop", ["cam_a"], state, 200.0)
    assert [file.name for file in list_complete_files(state)] == [whole.name]
    assert list_held_files(state) == ()


def test_an_incomplete_clip_is_not_read_again_until_it_changes(tmp_path, monkeypatch):
    read = []
    real = looking.find_shortfall

    def note_reading(file):
        read.append(file)
        return real(file)

    monkeypatch.setattr(looking, "find_shortfall", note_reading)
    folder = tmp_path / "drop/cam_a"
    folder.mkdir(parents=True)
    whole = record(tmp_path, "wav").read_bytes()
    (folder / "half.wav").write_bytes(whole[:30_001])
    (folder / "whole.wav").write_bytes(whole)
    state = observe_twice(tmp_path / "drop", ["cam_a"])
    assert len(read) == 2
    (folder / "other.xml").write_text("<a/>")  # another name: every file is judged by its name again
    state = observe_twice(tmp_path / "drop", ["cam_a"], state, 200.0)
    assert len(read) == 2
    os.utime(folder / "half.wav")
    state = observe_twice(tmp_path / "drop", ["cam_a"], state, 400.0)
    assert len(read) == 3
    assert state.files["cam_a", "half.wav"].status == "incomplete"


def test_a_card_that_takes_long_to_check_is_checked_over_several_scans(tmp_path, monkeypatch):
    monkeypatch.setattr(looking, "INSPECTION_TIME_S", -1.0)
    (tmp_path / "drop/cam_a").mkdir(parents=True)
    (tmp_path / "drop/cam_a/a.mov").write_bytes(b"x")
    state = observe_twice(tmp_path / "drop", ["cam_a"])
    assert [track.status for track in state.files.values()] == ["settling"]
    monkeypatch.undo()
    state = observe_twice(tmp_path / "drop", ["cam_a"], state, 200.0)
    assert [track.status for track in state.files.values()] == ["settled"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_file_that_we_may_not_read_is_refused_and_holds_the_seal(tmp_path):
    (tmp_path / "drop/cam_a").mkdir(parents=True)
    (tmp_path / "drop/cam_a/x.mp4").write_bytes(b"x")
    (tmp_path / "drop/cam_a/x.mp4").chmod(0o600)
    os.chown(tmp_path / "drop/cam_a/x.mp4", 61101, 61101)
    tmp_path.chmod(0o755)
    script = """if True:
        import os, sys
        from pathlib import Path
        from mcsyncd.ingest.observe import observe_drop_folders
        from mcsyncd.ingest.pairing import list_held_files
        from mcsyncd.ingest.settle import SettleState
        os.chdir(sys.argv[1])
        os.setuid(65534)
        state = SettleState()
        for _ in range(2):
            _, state = observe_drop_folders(Path("drop"), ["cam_a"], state, settle_s=0, settle_network_s=0)
        (track,), (held,) = state.files.values(), list_held_files(state)
        print(track.status, held.name, held.reason, sep="|")
    """
    said = subprocess.run(
        [sys.executable, "-c", script, tmp_path],
        env={"PYTHONPATH": str(Path(mcsyncd.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    status, name, reason = said.stdout.strip().split("|")
    assert (status, name) == ("refused", "x.mp4")
    assert "uid 61101 with mode 0600" in reason
