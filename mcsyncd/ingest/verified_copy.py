"""A copy to another filesystem that is worth deleting the source for."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress

from mcsyncd.errors import IntegrityError, SourceChanged
from mcsyncd.ingest.folders import Folder
from mcsyncd.integrity.copying import compute_sha256, copy_and_hash, flush_and_hash
from mcsyncd.integrity.hashing import identity_from_stat
from mcsyncd.model.clip import DropFile


def copy_and_verify(
    here: Folder, there: Folder, name: str, file: DropFile, report_bytes: Callable[[int], None]
) -> None:
    """Copy a file between two open folders; under its name only when it is proven.

    It is hashed as it is read, flushed, read back from the disk and compared, and gets the
    source's time. Comparing sizes, as plain copying does, is no licence to delete a source.

    Raises SourceChanged if the source moved meanwhile, IntegrityError if the copy differs.
    """
    # A short name of its own: with a suffix added, a name of 255 bytes would be too long.
    part = f".{hashlib.sha256(name.encode()).hexdigest()[:16]}.part"
    with suppress(FileNotFoundError):
        there.remove_file(part)
    source = here.open_file(name)
    copy = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644, dir_fd=there.descriptor)
    try:
        before = os.fstat(source)
        sent, _ = copy_and_hash(source, copy, report_bytes)
        _check_source_unchanged(source, before, file)
        os.utime(copy, ns=(before.st_atime_ns, before.st_mtime_ns))
        _verify_copy(copy, sent, file)
        os.rename(part, name, src_dir_fd=there.descriptor, dst_dir_fd=there.descriptor)
        there.flush()
    except BaseException:
        with suppress(FileNotFoundError):
            there.remove_file(part)
        raise
    finally:
        os.close(source)
        os.close(copy)


def has_same_content(here: Folder, there: Folder, name: str) -> bool:
    """Tell whether the files of that name in both folders are equal, by sha256."""
    left, right = here.open_file(name), there.open_file(name)
    try:
        return compute_sha256(left) == compute_sha256(right)
    finally:
        os.close(left)
        os.close(right)


def _check_source_unchanged(source: int, before: os.stat_result, file: DropFile) -> None:
    if identity_from_stat(before) != identity_from_stat(os.fstat(source)) or before.st_size != file.bytes:
        raise SourceChanged(f"{file.camera}/{file.name} changed while it was copied", "copy it again")


def _verify_copy(copy: int, sent: str, file: DropFile) -> None:
    if flush_and_hash(copy) != sent:
        raise IntegrityError(
            f"{file.camera}/{file.name}: the copy differs from what was read",
            "check the disk of the work folder; the source was kept",
        )
