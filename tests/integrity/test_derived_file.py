"""The one way to write a file: complete, flushed and hashed under its name, or not there."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import mcsyncd
from mcsyncd.errors import IntegrityError, McsyncError
from mcsyncd.integrity.derived_file import (
    DerivedFile,
    ResumableFile,
    publish_file,
    publish_folder,
    write_derived_file,
)
from mcsyncd.integrity.hashing import verify_digest

CONTENT = os.urandom(3 << 20)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_described_is_what_was_written(tmp_path):
    written = write_derived_file(tmp_path / "new" / "deep" / "file.bin", CONTENT)
    assert Path(written.path).read_bytes() == CONTENT
    assert (written.bytes, written.sha256) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert names(tmp_path / "new" / "deep") == ["file.bin"]


def test_a_hole_counts_as_the_zeros_that_it_is_read_as(tmp_path):
    path = tmp_path / "sparse"
    with DerivedFile(path) as file:
        file.skip(1 << 20)
        file.write(b"x" * 4096)
        file.skip((3 << 20) + 7)
    assert path.stat().st_size == file.bytes == (4 << 20) + 4096 + 7
    assert path.stat().st_blocks * 512 < 1 << 20
    assert verify_digest(path, file.sha256, file.bytes)


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file"
    write_derived_file(path, b"old")

    def write_half() -> None:
        with DerivedFile(path) as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_a_flush_that_fails_gives_no_file(tmp_path, monkeypatch):
    """No disk can be made to fail at will here; the call is bent instead."""

    def fail(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        write_derived_file(tmp_path / "file", b"data")
    assert names(tmp_path) == []


def test_what_a_killed_writer_left_is_removed_and_a_running_one_is_not_disturbed(tmp_path):
    script = """if True:
        import os, signal, sys
        from pathlib import Path
        from mcsyncd.integrity.derived_file import DerivedFile
        DerivedFile(Path(sys.argv[1])).write(b"half")
        os.kill(os.getpid(), signal.SIGKILL)
    """
    env = {"PYTHONPATH": str(Path(mcsyncd.__file__).parents[1])}
    path = tmp_path / "file[1]"
    died = subprocess.run([sys.executable, "-c", script, path], env=env, check=False)
    assert died.returncode == -signal.SIGKILL
    assert len(names(tmp_path)) == 1
    with DerivedFile(path) as running:
        running.write(b"running")
        write_derived_file(path, b"second")
        assert names(tmp_path) == sorted([path.name, running.part.name])
    assert path.read_bytes() == b"running"
    assert names(tmp_path) == [path.name]


def test_every_step_is_flushed_in_the_order_that_a_power_cut_needs(tmp_path):
    """The file before its name, the name before anybody hears of it, and each new folder in its parent."""
    script = """if True:
        import sys
        from pathlib import Path
        from mcsyncd.integrity.derived_file import write_derived_file
        write_derived_file(Path(sys.argv[1]), b"data")
    """
    root = Path(mcsyncd.__file__).parents[1]
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-y", "--seccomp-bpf", "-e", "trace=fsync,rename,mkdir", "-o", str(trace)]
    try:
        subprocess.run(
            [*command, sys.executable, "-c", script, tmp_path / "one" / "two" / "file"],
            env=os.environ | {"PYTHONPATH": str(root)},
            check=True,
        )
    except FileNotFoundError:
        pytest.skip("strace is not installed")
    calls = [line for line in trace.read_text().splitlines() if str(tmp_path) in line]
    steps = [line.split()[1].partition("(")[0] for line in calls]
    assert steps == ["mkdir", "fsync", "mkdir", "fsync", "fsync", "rename", "fsync"]
    flushed = [line.partition("<")[2].partition(">")[0] for line in calls if "fsync(" in line]
    assert flushed[0] == str(tmp_path)
    assert flushed[1] == str(tmp_path / "one")
    assert flushed[2].endswith(".part")
    assert flushed[3] == str(tmp_path / "one" / "two")


def test_what_a_library_wrote_gets_its_name_and_its_hash(tmp_path):
    part, path = tmp_path / "a.part", tmp_path / "a"
    part.write_bytes(CONTENT)
    written = publish_file(part, path)
    assert names(tmp_path) == ["a"]
    assert verify_digest(path, written.sha256, written.bytes)


def test_a_folder_replaces_the_one_that_had_its_name(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "old").write_bytes(b"old")
    (tmp_path / "a.part").mkdir()
    (tmp_path / "a.part" / "new").write_bytes(b"new")
    publish_folder(tmp_path / "a.part", tmp_path / "a")
    assert names(tmp_path) == ["a"]
    assert names(tmp_path / "a") == ["new"]


def fail_with(error: BaseException, path: Path, part: Path) -> None:
    with ResumableFile(path, part) as file:
        file.write(b"half")
        raise error


def test_a_resumable_file_is_kept_after_an_error_and_gone_on_with(tmp_path):
    path, part = tmp_path / "file", tmp_path / "p.part"
    with pytest.raises(OSError, match="gone"):
        fail_with(OSError("gone"), path, part)
    assert (names(tmp_path), part.read_bytes()) == (["p.part"], b"half")
    with ResumableFile(path, part) as file:
        assert (file.bytes, file.sha256) == (4, hashlib.sha256(b"half").hexdigest())
        file.write(b" and half")
    assert (names(tmp_path), path.read_bytes()) == (["file"], b"half and half")


def test_a_resumable_file_whose_bytes_are_wrong_is_discarded(tmp_path):
    with pytest.raises(IntegrityError):
        fail_with(IntegrityError("wrong"), tmp_path / "file", tmp_path / "p.part")
    assert names(tmp_path) == []


def test_a_resumable_file_replaces_nothing(tmp_path):
    path = tmp_path / "file"

    def write_late() -> None:
        with ResumableFile(path, tmp_path / "p.part") as file:
            file.write(b"new")
            path.write_bytes(b"came first")

    with pytest.raises(FileExistsError, match="file"):
        write_late()
    assert (names(tmp_path), path.read_bytes()) == (["file"], b"came first")


def test_a_resumable_file_has_one_writer(tmp_path):
    path, part = tmp_path / "file", tmp_path / "p.part"
    with ResumableFile(path, part) as file:
        with pytest.raises(McsyncError, match="another process is writing it"):
            ResumableFile(path, part)
        file.write(b"x")
    assert path.read_bytes() == b"x"
