"""A folder as an object store: the same keys as in a bucket, every file verified by reading it back."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mcsyncd.errors import (
    CHANGED_SOURCE_HINT,
    MISSING_SOURCE_HINT,
    SourceChanged,
    StorageError,
    StoreOffline,
    StoreRefused,
    is_passing,
    suggest_repair,
)
from mcsyncd.integrity.derived_file import DerivedFile, make_folders, sync_folder
from mcsyncd.integrity.hashing import verify_digest
from mcsyncd.integrity.part_copy import copy_parts
from mcsyncd.model.part_sums import PartSums
from mcsyncd.model.publishing import ObjectMetadata
from mcsyncd.publish import keys
from mcsyncd.publish.object_store import (
    ListedObject,
    ObjectStat,
    RangeHash,
    ReportProgress,
    StoredDocument,
    hash_chunks,
    require_document,
)
from mcsyncd.publish.partials import locate_partial, open_partial, remove_stale_partials
from mcsyncd.publish.source_file import SourceFile, open_source

_MIN_FREE_BYTES = 1 << 30
"""Free bytes below which the store is reported as full.

Judgement, not measured: an upload that needs more still fails with ENOSPC and is retried. Without a
threshold, `doctor` reports a full disk only when nothing at all can be written.
"""
_READ_BYTES = 1 << 20
"""Bytes of an object in memory while it is read back. Judgement: affects speed and memory only."""
_FOLDER_BITS = 0o777
"""What a folder of the store takes over from the top folder. Not setgid: the unit's RestrictSUIDSGID= refuses
every chmod with that bit, and nothing would be published. The group is set on each folder and file anyway."""
_READ_BITS = 0o444
"""What a file takes over: objects are never writable."""


class LocalStore:
    """See `ObjectStore`. Objects are read-only files; `metadata` is not stored, the manifest has it.

    Whoever may read the top folder may read all of it, whatever the umask: folders get its group and its
    rights, files its rights to read.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def put_file(
        self,
        key: str,
        path: SourceFile,
        sums: PartSums,
        *,
        metadata: ObjectMetadata = (),  # noqa: ARG002  # part of the protocol; a folder cannot store it
        replace: bool = False,
        report_progress: ReportProgress | None = None,
    ) -> ObjectStat:
        """Copy a file to its key."""
        sha256, size = sums.sha256, sums.bytes
        with _translate_os_error(self._root, key):
            target = self._locate_object(key)
            half = _HalfProgress(size, report_progress)
            if target.exists() and not replace:
                _require_equal(target, key, sha256, size, half)
            elif not target.exists() or not verify_digest(target, sha256, size, half.report_read_back):
                self._copy_file_in(key, path, sums, half)
            if report_progress is not None:
                report_progress(size, size)
        return ObjectStat(size, sha256, "")

    def put_document(self, key: str, data: bytes, *, if_match: str | None = None) -> None:
        """Write a small document to its key."""
        with _translate_os_error(self._root, key):
            target = self._locate_object(key)
            current = target.read_bytes() if target.exists() else None
            if current == data:
                return
            if (hashlib.sha256(current).hexdigest() if current is not None else None) != if_match:
                raise StorageError(f"{key} holds another version", "find out who else writes to this store")
            with self._open_object(target) as file:
                file.write(data)
                _require_read_back(file, key, None)

    def find_document(self, key: str) -> StoredDocument | None:
        """Read a small document; its tag is its hash."""
        with _translate_os_error(self._root, key):
            target = self._locate_object(key)
            if not target.exists():
                return None
            data = target.read_bytes()
            return StoredDocument(data, hashlib.sha256(data).hexdigest())

    def get_document(self, key: str) -> bytes:
        """Read a small document that must be there."""
        return require_document(key, self.find_document(key))

    def stat_object(self, key: str) -> ObjectStat | None:
        """Return an object's size, which is all that a folder tells of it."""
        with _translate_os_error(self._root, key):
            target = self._locate_object(key)
            return ObjectStat(target.stat().st_size, None, "") if target.exists() else None

    def read_object(self, key: str, start: int, length: int) -> Iterator[bytes]:
        """Read a range of an object's file, past the page cache as far as the kernel lets go of it."""
        with _translate_os_error(self._root, key), self._locate_object(key).open("rb") as file:
            os.posix_fadvise(file.fileno(), start, length, os.POSIX_FADV_DONTNEED)
            file.seek(start)
            while length and (chunk := file.read(min(_READ_BYTES, length))):
                length -= len(chunk)
                yield chunk

    def hash_range(self, key: str, start: int, length: int, kind: RangeHash) -> tuple[int, str]:
        """Hash a range while it is read."""
        return hash_chunks(self.read_object(key, start, length), kind)

    def list_objects(self, prefix: str = "") -> Iterator[ListedObject]:
        """List the files below a folder of the store; one that is not there yet has none."""
        with _translate_os_error(self._root, prefix or "the store"):
            found = []
            for folder, _, names in os.walk(self._root / prefix, onerror=_raise_error):
                paths = (Path(folder) / name for name in names if not name.endswith(".part"))
                found += [(path.relative_to(self._root).as_posix(), path.lstat().st_size) for path in paths]
        yield from (ListedObject(key, size, "") for key, size in sorted(found))

    def remove_object(self, key: str) -> None:
        """Delete an object's file."""
        with _translate_os_error(self._root, key):
            target = self._locate_object(key)
            target.unlink(missing_ok=True)
            sync_folder(target.parent)

    def check(self) -> str:
        """Return "ok", or what is wrong: the folder must be there, be writable and have space."""
        try:
            free = shutil.disk_usage(self._root).free
        except FileNotFoundError:
            return f"{self._root}: is not there (is its disk mounted?)"
        except OSError as error:
            return f"{self._root}: {error.strerror}"
        if not os.access(self._root, os.W_OK | os.X_OK):
            return f"{self._root}: not writable by the daemon's user"
        return "ok" if free > _MIN_FREE_BYTES else f"{self._root}: only {free >> 20} MiB are free"

    def _locate_object(self, key: str) -> Path:
        """Return the file of a key. Raises StorageError if a symbolic link leads out of the folder."""
        path = self._root / keys.validate_key(key)
        if path.is_symlink() or path.parent.resolve() != self._root.resolve() / Path(key).parent:
            raise StorageError(f"{path}: there is a symbolic link in the store's folder", "remove the link")
        return path

    def _copy_file_in(self, key: str, source_file: SourceFile, sums: PartSums, half: _HalfProgress) -> None:
        path = Path(str(source_file))
        try:
            source = open_source(source_file)
        except FileNotFoundError:
            raise SourceChanged(f"{path} is missing", MISSING_SOURCE_HINT) from None
        try:
            if os.fstat(source).st_size != sums.bytes:
                raise SourceChanged(f"{path} was modified after it was recorded", CHANGED_SOURCE_HINT)
            if sums.has_parts:
                self._copy_parts_in(key, path, source, sums, half)
            else:
                self._copy_at_once(key, path, source, sums, half)
        finally:
            os.close(source)

    def _copy_at_once(self, key: str, path: Path, source: int, sums: PartSums, half: _HalfProgress) -> None:
        with self._open_object(self._locate_object(key)) as file:
            file.copy_from(source, half.report_copied)
            if (file.sha256, file.bytes) != (sums.sha256, sums.bytes):
                raise SourceChanged(f"{path} was modified after it was recorded", CHANGED_SOURCE_HINT)
            _require_read_back(file, key, half.report_read_back)

    def _copy_parts_in(self, key: str, path: Path, source: int, sums: PartSums, half: _HalfProgress) -> None:
        """Copy a large file from where an earlier run ended; once more if what that left is wrong."""
        partial = locate_partial(self._root, key)
        was_begun = partial.exists()
        try:
            self._write_partial(key, path, source, sums, half)
        except StorageError:
            if not was_begun or partial.exists():
                raise
            self._write_partial(key, path, source, sums, half)

    def _write_partial(self, key: str, path: Path, source: int, sums: PartSums, half: _HalfProgress) -> None:
        target, partial = self._locate_object(key), locate_partial(self._root, key)
        self._make_folders(target.parent)
        self._make_folders(partial.parent)
        top = self._root.stat()
        with open_partial(target, partial) as copy:
            copy_parts(source, path, copy, sums, half.report_copied)
            if copy.read_back(half.report_read_back) != sums.sha256:
                raise _build_other_bytes_error(key)
            copy.set_access(stat.S_IMODE(top.st_mode) & _READ_BITS | stat.S_IRUSR, top.st_gid)
            remove_stale_partials(partial)

    @contextmanager
    def _open_object(self, target: Path) -> Iterator[DerivedFile]:
        """Open a new object for writing; at the end it gets its name, or it is removed."""
        self._make_folders(target.parent)
        top = self._root.stat()
        with DerivedFile(target, mode=stat.S_IRUSR) as file:
            file.set_access(stat.S_IMODE(top.st_mode) & _READ_BITS | stat.S_IRUSR, top.st_gid)
            yield file

    def _make_folders(self, path: Path) -> None:
        """Make a folder of the store and those above it, with the group and the rights of the top one."""
        if path.is_dir():
            return
        if path == self._root:
            make_folders(path)
            return
        self._make_folders(path.parent)
        make_folders(path)
        top = self._root.stat()
        owner = top.st_uid if os.geteuid() == 0 else -1  # what root makes by hand, the publisher goes on with
        with suppress(PermissionError):  # not a member of the group: the owner alone can read
            os.chown(path, owner, top.st_gid)
        path.chmod(stat.S_IMODE(top.st_mode) & _FOLDER_BITS | stat.S_IRWXU)


class _HalfProgress:
    """The progress of a copy that is read back: a byte counts half when it is written, whole when it is read.

    Without that, a large file would seem to hang while it is read back, and be stopped for it.
    """

    def __init__(self, size: int, report_progress: ReportProgress | None) -> None:
        self._size = size
        self._report_progress = report_progress

    def report_copied(self, done: int) -> None:
        """Take in how many bytes are written."""
        if self._report_progress is not None:
            self._report_progress(done // 2, self._size)

    def report_read_back(self, done: int, _total: int = 0) -> None:
        """Take in how many bytes are read back."""
        if self._report_progress is not None:
            self._report_progress((self._size + done) // 2, self._size)


def _require_equal(target: Path, key: str, sha256: str, size: int, half: _HalfProgress) -> None:
    if not verify_digest(target, sha256, size, half.report_read_back):
        raise StorageError(
            f"{key} already holds another object (size or hash differ)",
            "compare the two by hand; nothing was overwritten",
        )


def _require_read_back(file: DerivedFile, what: str, report_bytes: Callable[[int], None] | None) -> None:
    if file.read_back(report_bytes) != file.sha256:
        raise _build_other_bytes_error(what)


def _build_other_bytes_error(what: str) -> StorageError:
    return StorageError(f"{what}: the disk returned other bytes than were written", "check the disk")


@contextmanager
def _translate_os_error(root: Path, key: str) -> Iterator[None]:
    """Turn an OSError into StoreOffline (may pass), or StoreRefused if it is about the store's folder."""
    try:
        yield
    except OSError as error:
        place = Path(error.filename or root)  # the file that is read may be on another disk
        is_here = place.is_relative_to(root)
        shown = root if is_here and is_passing(error) else place  # the disk, whichever object it was
        message = f"{shown}: {error.strerror} (while storing or reading {key})"
        if is_passing(error):
            raise StoreOffline(message, suggest_repair(error)) from error
        if is_here:
            raise StoreRefused(message, "check the folder in storage.path") from error
        raise StorageError(message, "check that file, then retry the session") from error


def _raise_error(error: OSError) -> None:
    """Let `os.walk` fail where a folder cannot be read: what is there would count as missing."""
    if not isinstance(error, FileNotFoundError):
        raise error
