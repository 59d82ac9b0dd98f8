"""Copying a file to another filesystem so reliably that the source may be deleted."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress

from mcsyncd.errors import IntegrityError, SourceChanged
from mcsyncd.ingest.folders import Folder
from mcsyncd.integrity.copying import compute_sha256, copy_and_hash, flush_and_hash
from mcsyncd.integrity.disk_errors import name_descriptor
from mcsyncd.integrity.hashing import identity_from_stat
from mcsyncd.model.clip import DropFile


def copy_and_verify(
    source_folder: Folder,
    target_folder: Folder,
    name: str,
    file: DropFile,
    report_bytes: Callable[[int], None],
) -> None:
    """Copy the file `name` between two open folders. It gets its name only after verification.

    The data is hashed while it is read, flushed, read back from the disk and compared. The copy
    gets the source's mtime. Comparing sizes, as plain copying does, would not justify deleting the
    source. `report_bytes` is called with the number of bytes copied so far.

    Raises SourceChanged if the source changed meanwhile, IntegrityError if the copy differs, and
    OSError for errors of the system, such as a full disk.
    """
    # A separate short name: with a suffix added, a name of 255 bytes would be too long.
    part_name = f".{hashlib.sha256(name.encode()).hexdigest()[:16]}.part"
    with suppress(FileNotFoundError):
        target_folder.remove_file(part_name)
    try:
        with source_folder.hold_file(name) as source, target_folder.hold_new_file(part_name) as copy:
            status_before = _fetch_status(source)
            sha256, _ = copy_and_hash(source, copy, report_bytes)
            _check_source_unchanged(source, status_before, file)
            with name_descriptor(copy):
                os.utime(copy, ns=(status_before.st_atime_ns, status_before.st_mtime_ns))
            _verify_copy(copy, sha256, file)
            target_folder.rename_file(part_name, name)
            target_folder.flush()
    except BaseException:
        with suppress(OSError):  # the reason counts, not that a failing disk does not let it be removed
            target_folder.remove_file(part_name)
        raise


def has_same_content(source_folder: Folder, target_folder: Folder, name: str) -> bool:
    """Return whether the files with that name in both folders have the same sha256."""
    with source_folder.hold_file(name) as left, target_folder.hold_file(name) as right:
        return compute_sha256(left) == compute_sha256(right)


def _check_source_unchanged(source: int, status_before: os.stat_result, file: DropFile) -> None:
    if (
        identity_from_stat(status_before) != identity_from_stat(_fetch_status(source))
        or status_before.st_size != file.bytes
    ):
        raise SourceChanged(f"{file.camera}/{file.name} changed while it was copied", "copy it again")


def _fetch_status(descriptor: int) -> os.stat_result:
    with name_descriptor(descriptor):
        return os.fstat(descriptor)


def _verify_copy(copy: int, sha256: str, file: DropFile) -> None:
    if flush_and_hash(copy) != sha256:
        raise IntegrityError(
            f"{file.camera}/{file.name}: the copy differs from what was read",
            "check the disk of the work folder; the source was kept",
        )
