"""The one way to write a file: under its own name it is complete, flushed and hashed, or it is not there.

A file is written under a temporary name in the same folder, flushed, and given its name; then its
folder is flushed, too. Only after that may an event refer to it: without the flushes, a power cut leaves
a file of the right length that holds nothing but zeros. Folders that are made on the way are flushed
into their parents.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from mcsyncd.errors import IntegrityError, McsyncError
from mcsyncd.integrity.copying import flush_and_hash, read_chunks, write_all
from mcsyncd.integrity.disk_errors import name_file
from mcsyncd.integrity.hashing import compute_digest
from mcsyncd.model.rendition import WrittenFile

_PART_SUFFIX = ".part"
"""Last suffix of every temporary name: the drop folders ignore it, and people know it."""

_ZEROS = bytes(1 << 20)
"""What a hole is hashed as, 1 MiB at a time."""
HOLE_BYTES = 64 << 10
"""Bytes of zeros, from a multiple of it, that become a hole. Judgement: a few blocks of any filesystem;
smaller, and a file falls into many pieces."""


class DerivedFile(AbstractContextManager["DerivedFile"]):
    """A file on its way to the disk; `sha256` and `bytes` are those of what was written so far.

    Leaving the context publishes the file, or discards it after an error; call `publish` or `discard`
    where the decision is made elsewhere. `mode` are the permissions before the umask. Without
    `durable` nothing is flushed, for files that nobody needs after a power cut.

    A running writer holds a lock on its temporary file, so that the next writer of the same file can
    remove what a killed one left. Raises OSError.
    """

    def __init__(self, path: Path, *, mode: int = 0o666, durable: bool = True) -> None:
        make_folders(path.parent)
        _remove_abandoned_parts(path)
        self.path = path
        self.part = path.with_name(f"{path.name}.{secrets.token_hex(4)}{_PART_SUFFIX}")
        self.bytes = 0
        self._durable = durable
        self._sha256 = hashlib.sha256()
        self._descriptor = os.open(self.part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            with name_file(self.part):
                fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        except BaseException:
            self.discard()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.publish()
        else:
            self.discard()

    @property
    def sha256(self) -> str:
        """The sha256, in hex, of what was written so far."""
        return self._sha256.hexdigest()

    def write(self, data: bytes | memoryview) -> None:
        """Append `data`."""
        remaining = memoryview(data).cast("B")
        self._sha256.update(remaining)
        self.bytes += len(remaining)
        write_all(self._descriptor, remaining)

    def copy_from(self, source: int, report_bytes: Callable[[int], None] | None = None) -> None:
        """Append the whole open file `source`; `report_bytes` is called with the bytes done so far.

        Uses plain reads and writes, not copy_file_range, so that the hash is that of the bytes that
        were copied.
        """
        for chunk in read_chunks(source):
            self.write(chunk)
            if report_bytes is not None:
                report_bytes(self.bytes)

    def skip(self, count: int) -> None:
        """Append `count` zero bytes as a hole, which takes no space on the disk."""
        self.bytes += count
        os.lseek(self._descriptor, self.bytes, os.SEEK_SET)
        while count > 0:
            self._sha256.update(_ZEROS[:count])
            count -= len(_ZEROS)

    def complete_length(self) -> None:
        """Extend the file over a hole at its end, so that `part` can be read up to `bytes`.

        One that has its length is left alone: to set it again would count as a change, and set its time.
        """
        with name_file(self.part):
            if os.fstat(self._descriptor).st_size != self.bytes:
                os.ftruncate(self._descriptor, self.bytes)

    def set_access(self, mode: int, gid: int) -> None:
        """Set the permissions, whatever the umask is, and the group if this process may give it."""
        with name_file(self.part):
            with suppress(PermissionError):  # not a member of the group: the owner alone can read
                os.fchown(self._descriptor, -1, gid)
            os.fchmod(self._descriptor, mode)

    def read_back(self, report_bytes: Callable[[int], None] | None = None) -> str:
        """Flush the file and return the sha256 of what the disk returns."""
        return flush_and_hash(self._descriptor, report_bytes)

    def publish(self) -> WrittenFile:
        """Give the complete file its name; discard it if that fails."""
        try:
            self.complete_length()
            if self._durable:
                with name_file(self.part):
                    os.fsync(self._descriptor)
            self.part.replace(self.path)
            if self._durable:
                sync_folder(self.path.parent)
        except BaseException:
            self.discard()
            raise
        with name_file(self.path):
            os.close(self._descriptor)
        return self.describe()

    def describe(self) -> WrittenFile:
        """Return what was written."""
        return WrittenFile(str(self.path), self.bytes, self.sha256)

    def discard(self) -> None:
        """Remove what was written, as far as the disk allows it."""
        with suppress(OSError):
            self.part.unlink()
        with suppress(OSError):  # a failing disk reports earlier writes here, but nobody needs them
            os.close(self._descriptor)


class ResumableFile(DerivedFile):
    """A derived file that is written over several runs: after an error, `part` stays for the next one.

    What `part` already holds counts as written, and is hashed again. Only an IntegrityError, which says that
    its bytes are wrong, discards it. Unlike its base it never replaces a file.

    Raises OSError, and McsyncError if another process is writing it.
    """

    _SAYS_WRONG: ClassVar[type[McsyncError]] = IntegrityError
    """What tells that the bytes which were written are wrong."""

    def __init__(self, path: Path, part: Path) -> None:
        make_folders(path.parent)
        self.path, self.part, self.bytes = path, part, 0
        self._durable, self._sha256 = True, hashlib.sha256()
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        self._descriptor = os.open(part, flags, 0o666)
        try:
            with name_file(part):
                self._take_over()
        except BaseException:
            os.close(self._descriptor)
            raise

    def __enter__(self) -> Self:
        return self

    def _take_over(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise McsyncError(f"{self.part}: another process is writing it", "wait until it ends") from None
        self._count_written()
        os.lseek(self._descriptor, self.bytes, os.SEEK_SET)

    def _count_written(self) -> None:
        for chunk in read_chunks(self._descriptor):
            self._sha256.update(chunk)
            self.bytes += len(chunk)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.publish()
        elif issubclass(kind, self._SAYS_WRONG):
            self.discard()
        else:
            with suppress(OSError):  # the error that ended it is the one to report
                os.close(self._descriptor)

    def write_sparsely(self, data: bytes) -> None:
        """Append `data`; blocks of `HOLE_BYTES` that hold nothing but zeros become holes."""
        start = end = 0
        while end < len(data):
            end += min(HOLE_BYTES - (self.bytes + end - start) % HOLE_BYTES, len(data) - end)
            block_start = max(start, end - HOLE_BYTES)
            if data[block_start:end] == _ZEROS[:HOLE_BYTES]:
                self.write(memoryview(data)[start:block_start])
                self.skip(HOLE_BYTES)
                start = end
        self.write(memoryview(data)[start:])

    def set_modified_at(self, ns: int) -> None:
        """Set when the file was last changed, in nanoseconds since 1970."""
        with name_file(self.part):
            os.utime(self._descriptor, ns=(ns, ns))

    def publish(self) -> WrittenFile:
        """Give the complete file its name, unless something has it by now: FileExistsError."""
        if os.path.lexists(self.path):
            self.discard()
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(self.path))
        return super().publish()


class PartwiseCopy(ResumableFile):
    """A copy of a file whose parts' sums are known, written over several runs: those in place can be checked.

    What `part` already holds counts as written, and none of it is read: hundreds of gigabytes on a share go
    on at once. So `sha256` is that of what was read back, and empty before that. An error of ours discards
    it; one of the disk does not. It takes the place of a file that has its name.
    """

    _SAYS_WRONG = McsyncError

    def __init__(self, path: Path, part: Path) -> None:
        self._read_sha256 = ""
        super().__init__(path, part)

    def _count_written(self) -> None:
        self.bytes = os.fstat(self._descriptor).st_size

    @property
    def sha256(self) -> str:
        """The sha256, in hex, of what was read back."""
        return self._read_sha256

    def read_back(self, report_bytes: Callable[[int], None] | None = None) -> str:
        """Flush the file and return the sha256 of what the disk returns."""
        self._read_sha256 = super().read_back(report_bytes)
        return self._read_sha256

    def write(self, data: bytes | memoryview) -> None:
        """Append `data`."""
        remaining = memoryview(data).cast("B")
        self.bytes += len(remaining)
        write_all(self._descriptor, remaining)

    def read_stretch(self, start: int, length: int) -> Iterator[memoryview]:
        """Yield what was written from `start` on, `length` bytes of it, in chunks of one buffer."""
        return read_chunks(self._descriptor, start, length)

    def cut_off(self, size: int) -> None:
        """Forget what was written after `size` bytes."""
        with name_file(self.part):
            os.ftruncate(self._descriptor, size)
            self.bytes = os.lseek(self._descriptor, size, os.SEEK_SET)

    def publish(self) -> WrittenFile:
        """Give the complete file its name; discard it if that fails."""
        return DerivedFile.publish(self)


def write_derived_file(path: Path, data: bytes, *, durable: bool = True) -> WrittenFile:
    """Write `data` to `path`. Raises OSError."""
    with DerivedFile(path, durable=durable) as file:
        file.write(data)
    return file.describe()


def publish_file(part: Path, path: Path) -> WrittenFile:
    """Flush a complete file and give it its name, for a library that writes to a path of its own: `part`.

    Both are on one filesystem. Raises OSError, and SourceChanged if `part` is missing.
    """
    _sync_path(part)
    digest = compute_digest(part)
    part.replace(path)
    sync_folder(path.parent)
    return WrittenFile(str(path), digest.bytes, digest.sha256)


def adopt_file(written: Path, path: Path) -> None:
    """Give a file that another process has written, and whose hash was checked, the name `path`.

    Both are on one filesystem. Raises OSError.
    """
    written.replace(path)
    sync_folder(path.parent)


def begin_folder(part: Path) -> None:
    """Make an empty folder for derived files, without what a killed writer left in it. Raises OSError."""
    with suppress(FileNotFoundError):
        shutil.rmtree(part)
    make_folders(part)


def publish_folder(part: Path, path: Path) -> None:
    """Give a folder of derived files its name; a folder that has it is removed. Raises OSError."""
    shutil.rmtree(path, ignore_errors=True)
    part.replace(path)
    sync_folder(path.parent)


def make_folders(path: Path, *, mode: int = 0o777) -> None:
    """Make a folder and its parents, and flush each name to the disk. Raises OSError.

    `mode` are the permissions of the folder itself, before the umask.
    """
    if path.is_dir():
        return
    make_folders(path.parent)
    path.mkdir(mode, exist_ok=True)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Flush the names in a folder to the disk. Raises OSError."""
    _sync_path(path)


def _sync_path(path: Path) -> None:
    with name_file(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove_abandoned_parts(path: Path) -> None:
    for entry in os.scandir(path.parent):
        if entry.name.startswith(f"{path.name}.") and entry.name.endswith(_PART_SUFFIX):
            remove_abandoned_part(Path(entry.path))


def remove_abandoned_part(part: Path) -> None:
    """Remove the temporary file of a writer that was killed; a running writer holds a lock on its own."""
    with suppress(OSError):
        descriptor = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            part.unlink()
        finally:
            os.close(descriptor)
