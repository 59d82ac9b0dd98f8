"""A folder as a store: the same keys as in a bucket, every file proven by reading it back."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mcsyncd.errors import SourceChanged, StorageError
from mcsyncd.integrity.copying import copy_and_hash, flush_and_hash
from mcsyncd.integrity.hashing import compute_digest, verify_digest
from mcsyncd.publish import keys
from mcsyncd.publish.object_store import ObjectMetadata, ObjectStat, ReportProgress, StoreOffline

_MIN_FREE_BYTES = 1 << 30


class LocalStore:
    """See `ObjectStore`. Objects are read-only files; `facts` are not kept, the manifest has them."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def put_file(
        self,
        key: str,
        path: Path,
        *,
        sha256: str,
        size: int,
        metadata: ObjectMetadata = (),  # noqa: ARG002  # of the protocol; a folder has no place for them
        report_progress: ReportProgress | None = None,
    ) -> None:
        """Copy a file to its key."""
        with _translate_os_error(key):
            place = self._locate_object(key)
            if place.exists():
                _require_equal(place, key, sha256, size)
            else:
                report = None if report_progress is None else lambda done: report_progress(done, size)
                _copy_file_in(path, place, sha256, size, report)
            if report_progress is not None:
                report_progress(size, size)

    def put_document(self, key: str, data: bytes, *, if_match: str | None = None) -> None:
        """Write a small document to its key."""
        with _translate_os_error(key):
            place = self._locate_object(key)
            current = place.read_bytes() if place.exists() else None
            if current == data:
                return
            if (hashlib.sha256(current).hexdigest() if current is not None else None) != if_match:
                raise StorageError(f"{key} holds another version", "see who else writes to this store")
            with _open_part_file(place) as part:
                _write_all(part, data)
                _require_read_back(part, hashlib.sha256(data).hexdigest(), key)

    def get_document(self, key: str) -> bytes:
        """Read a small document."""
        with _translate_os_error(key):
            place = self._locate_object(key)
            if not place.exists():
                raise StorageError(f"{key} is not in the store", "see `mcsyncd verify store`")
            return place.read_bytes()

    def stat_object(self, key: str) -> ObjectStat | None:
        """Look at an object, by reading it: in a folder, only that proves its content."""
        with _translate_os_error(key):
            place = self._locate_object(key)
            if not place.exists():
                return None
            found = compute_digest(place)
            return ObjectStat(found.bytes, found.sha256, found.sha256)

    def check(self) -> str:
        """Say whether the folder can be written to and has space."""
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self._root).free
        except OSError as fault:
            return f"{self._root}: {fault.strerror}"
        if not os.access(self._root, os.W_OK | os.X_OK):
            return f"{self._root}: not writable by the daemon's user"
        return "ok" if free > _MIN_FREE_BYTES else f"{self._root}: only {free >> 20} MiB are free"

    def _locate_object(self, key: str) -> Path:
        """Return the file of a key. Raises StorageError if a link would lead out of the folder."""
        place = self._root / keys.validate_key(key)
        if place.is_symlink() or place.parent.resolve() != self._root.resolve() / Path(key).parent:
            raise StorageError(f"{place}: a link stands in the store's folder", "remove the link")
        return place


def _copy_file_in(
    path: Path, place: Path, sha256: str, size: int, report_bytes: Callable[[int], None] | None
) -> None:
    try:
        source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise SourceChanged(f"{path} is gone", "resync the session, which makes it again") from None
    try:
        with _open_part_file(place) as part:
            if copy_and_hash(source, part, report_bytes) != (sha256, size):
                raise SourceChanged(f"{path} is not what was recorded", "resync the session")
            _require_read_back(part, sha256, str(place))
    finally:
        os.close(source)


def _require_equal(place: Path, key: str, sha256: str, size: int) -> None:
    if not verify_digest(place, sha256, size):
        raise StorageError(
            f"{key} already holds something else (size or hash differ)",
            "compare the two by hand; nothing was overwritten",
        )


def _require_read_back(part: int, sha256: str, what: str) -> None:
    if flush_and_hash(part) != sha256:
        raise StorageError(f"{what}: the disk gives back other bytes than were written", "check the disk")


@contextmanager
def _open_part_file(place: Path) -> Iterator[int]:
    """Give a new file to write; it gets its name at the end, on the disk for good, or vanishes."""
    _make_folders(place.parent)
    _remove_stale_parts(place)
    fresh = place.with_name(f"{place.name}.{os.getpid()}.part")
    part = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
    try:
        fcntl.flock(part, fcntl.LOCK_EX)
        yield part
        fresh.rename(place)
        _sync_folder(place.parent)
    except BaseException:
        with suppress(FileNotFoundError):
            fresh.unlink()
        raise
    finally:
        os.close(part)


def _remove_stale_parts(place: Path) -> None:
    """Remove what killed writers of this object left; a living one holds a lock on its file."""
    for left in place.parent.glob(f"{place.name}.*.part"):
        with suppress(OSError):
            descriptor = os.open(left, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                left.unlink()
            finally:
                os.close(descriptor)


def _make_folders(path: Path) -> None:
    """Make a folder and those above it, each on the disk for good."""
    if path.is_dir():
        return
    _make_folders(path.parent)
    path.mkdir(exist_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


@contextmanager
def _translate_os_error(key: str) -> Iterator[None]:
    """Turn what the kernel says of the store's folder into words."""
    try:
        yield
    except OSError as fault:
        kind = StoreOffline if fault.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO) else StorageError
        raise kind(f"{key}: {fault.strerror}", "see to the folder in storage.path") from fault
