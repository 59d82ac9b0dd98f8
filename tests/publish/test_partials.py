"""Large files in a folder: a copy goes on where it was interrupted, and is no object until it is whole."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import mcsyncd
from mcsyncd.errors import SourceChanged, StorageError, StoreOffline
from mcsyncd.integrity import derived_file
from mcsyncd.integrity.copying import write_all
from mcsyncd.integrity.derived_file import PartwiseCopy
from mcsyncd.integrity.part_sums import compute_part_sums
from mcsyncd.model.part_sums import PartSums
from mcsyncd.publish import partials
from mcsyncd.publish.local import LocalStore
from mcsyncd.publish.partials import locate_partial

KEY = "v1/orig/20261126-091502-k7q/cam_a/x.mov"
PART = 1 << 20
SIZE = 8 * PART + 5


@dataclass
class Copying:
    """A large file, the store that it is copied to, and where its copy lies meanwhile."""

    root: Path
    source: Path
    sums: PartSums

    @property
    def store(self) -> LocalStore:
        return LocalStore(self.root)

    @property
    def partial(self) -> Path:
        return locate_partial(self.root, KEY)

    @property
    def files(self) -> list[str]:
        """The files in the store's folder."""
        return sorted(
            path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if path.is_file()
        )

    def put(self, **how) -> None:
        self.store.put_file(KEY, self.source, self.sums, **how)

    def begin(self, size: int) -> None:
        """Leave what an interrupted run leaves."""
        self.partial.parent.mkdir(parents=True)
        self.partial.write_bytes(self.source.read_bytes()[:size])


@pytest.fixture
def copying(tmp_path) -> Copying:
    source = tmp_path / "clip.mov"
    source.write_bytes(os.urandom(SIZE))
    return Copying(tmp_path / "bucket", source, compute_part_sums(source, part_bytes=PART)[1])


@pytest.fixture
def written(monkeypatch) -> list[int]:
    """The bytes of each write."""
    counts, real = [], derived_file.write_all
    monkeypatch.setattr(
        derived_file, "write_all", lambda file, data: (counts.append(len(data)), real(file, data))
    )
    return counts


KILLED = """if True:
    import os, signal, sys
    from pathlib import Path
    from mcsyncd.integrity import derived_file
    from mcsyncd.integrity.part_sums import compute_part_sums
    from mcsyncd.publish.local import LocalStore
    root, key, path, limit = sys.argv[1:]
    done, real = 0, derived_file.write_all
    def write(descriptor, data):
        global done
        if done + len(data) > int(limit):
            os.write(descriptor, data[:int(limit) - done])
            os.kill(os.getpid(), signal.SIGKILL)
        real(descriptor, data)
        done += len(data)
    derived_file.write_all = write
    LocalStore(Path(root)).put_file(key, Path(path), compute_part_sums(Path(path), part_bytes=1 << 20)[1])
"""


def kill_copy(root: Path, source: Path, limit: int) -> None:
    """Copy in a process of its own, which is killed when `limit` bytes are written."""
    env = {"PYTHONPATH": str(Path(mcsyncd.__file__).parents[1])}
    arguments = [root, KEY, source, str(limit)]
    died = subprocess.run([sys.executable, "-c", KILLED, *arguments], env=env, check=False)
    assert died.returncode == -signal.SIGKILL


def test_killed_in_the_middle_it_goes_on_there(copying, written):
    killed_at = 5 * PART + 1000
    kill_copy(copying.root, copying.source, killed_at)
    assert copying.partial.stat().st_size == killed_at
    assert copying.store.stat_object(KEY) is None
    assert list(copying.store.list_objects()) == []
    seen = []
    copying.put(report_progress=lambda done, total: seen.append((done, total)))
    assert sum(written) == SIZE - 5 * PART, "of what was there, less than a part is copied again"
    assert seen[0] == (5 * PART // 2, SIZE)
    assert seen == sorted(seen)
    assert seen[-1] == (SIZE, SIZE)
    place = copying.root / KEY
    assert place.read_bytes() == copying.source.read_bytes()
    assert place.stat().st_mode & 0o222 == 0
    assert copying.files == [KEY]


@pytest.mark.parametrize(("wrong", "copied"), [(4, SIZE - 4 * PART), (1, SIZE)])
def test_what_an_earlier_run_left_is_not_believed(copying, written, wrong, copied):
    """Zeros at the end, as after a power cut, are passed over; in the middle, they are found at the end."""
    copying.begin(5 * PART)
    with copying.partial.open("r+b") as file:
        file.seek(wrong * PART)
        file.write(bytes(PART))
    copying.put()
    assert b"".join(copying.store.read_object(KEY, 0, SIZE)) == copying.source.read_bytes()
    assert sum(written) - (0 if wrong == 4 else SIZE - 5 * PART) == copied


def test_a_source_that_changes_is_noticed_within_the_part(copying, written):
    copying.begin(2 * PART)
    with copying.source.open("r+b") as file:
        file.seek(3 * PART + 7)
        file.write(b"other")
    with pytest.raises(SourceChanged, match=r"clip\.mov"):
        copying.put()
    assert sum(written) == 2 * PART
    assert copying.files == []


@pytest.mark.parametrize("begun", [0, 3 * PART])
def test_a_disk_that_gives_back_other_bytes_is_noticed(copying, monkeypatch, begun):
    """Such a disk cannot be provoked; the write is bent instead."""
    if begun:
        copying.begin(begun)
    monkeypatch.setattr(
        derived_file, "write_all", lambda file, data: write_all(file, memoryview(bytes(len(data))))
    )
    with pytest.raises(StorageError, match="returned other bytes"):
        copying.put()
    assert copying.files == []


def test_a_full_disk_keeps_what_is_there(copying, written, monkeypatch):
    real = derived_file.write_all

    def fill_up(file: int, data: memoryview) -> None:
        if sum(written) >= 4 * PART:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(file, data)

    with monkeypatch.context() as full:
        full.setattr(derived_file, "write_all", fill_up)
        with pytest.raises(StoreOffline, match="No space left"):
            copying.put()
    assert copying.partial.stat().st_size == 4 * PART
    del written[:]
    copying.put()
    assert sum(written) == SIZE - 4 * PART


def test_a_copy_that_nobody_goes_on_with_is_removed_by_the_next_of_its_kind(copying):
    copying.begin(PART)
    old, new, busy = (copying.partial.with_name(f"{name}.part") for name in ("old", "new", "busy"))
    for path in (old, new, busy):
        path.write_bytes(b"x")
    day = 86_400
    os.utime(old, (new.stat().st_mtime - 8 * day,) * 2)
    os.utime(new, (new.stat().st_mtime - 6 * day,) * 2)
    with PartwiseCopy(copying.partial.with_name("target"), busy) as copy:
        os.utime(busy, (busy.stat().st_mtime - 8 * day,) * 2)
        copying.put()
        assert {path.name for path in copying.partial.parent.iterdir()} == {"new.part", "busy.part"}
        copy.write(b"y")
        copy.read_back()


def test_a_copy_that_another_process_writes_is_left_to_it(copying, monkeypatch):
    monkeypatch.setattr(partials, "_LOCK_WAIT_S", 0.0)
    copying.begin(PART)
    with PartwiseCopy(copying.partial.with_name("target"), copying.partial) as copy:
        with pytest.raises(StoreOffline, match="another process"):
            copying.put()
        copy.read_back()


def test_a_repair_takes_the_place_of_what_is_there(copying):
    place = copying.root / KEY
    place.parent.mkdir(parents=True)
    place.write_bytes(bytes(SIZE))
    copying.put(replace=True)
    assert place.read_bytes() == copying.source.read_bytes()


def test_a_link_in_the_folder_leads_nowhere(copying, tmp_path):
    (tmp_path / "outside").mkdir()
    copying.partial.parent.parent.mkdir(parents=True)
    copying.partial.parent.symlink_to(tmp_path / "outside")
    with pytest.raises(StorageError, match="link"):
        copying.put()
    assert list((tmp_path / "outside").iterdir()) == []
