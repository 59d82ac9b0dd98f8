"""Offloading a session's files: from the drop folders into the session's own folder.

Within one filesystem this is a rename; otherwise a verified copy, after which the source is
removed. Power may fail after any step; running the whole offload again then completes it.

Somebody with write access to a drop folder could replace a card folder with a link between two
steps, so every path is opened folder by folder from an open descriptor, and never through a link.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from mcsyncd.errors import IntegrityError, SourceChanged
from mcsyncd.ingest import names
from mcsyncd.ingest.folders import Folder
from mcsyncd.ingest.verified_copy import copy_and_verify, has_same_content
from mcsyncd.integrity.hashing import ReportBytes
from mcsyncd.model.clip import DropFile

_RESTORE_HINT = "restore the original file and retry, or reject the session and drop all of its files again"


def offload_files(
    files: Sequence[DropFile], drop: Path, originals: Path, report_bytes: ReportBytes | None = None
) -> tuple[tuple[str, str], ...]:
    """Move `drop/<camera>/<name>` to `originals/<camera>/<name>` for every file.

    Returns the clips (not the sidecars) as pairs of clip key (`camera/name`) and destination
    path. `report_bytes` is called with the bytes done and the bytes in all. Card folders that
    became empty are removed from the drop folder; a camera's own folder never is.

    Idempotent: killed at any point and called again, it completes. Every file is checked before
    the first one is moved, so that a missing file does not split the session.

    Raises SourceChanged if a file is in neither folder, or is not the one that settled;
    IntegrityError if another file is already at the destination, or if a copy does not match;
    OSError for errors of the system, such as a full or failing disk.
    """
    originals.mkdir(parents=True, exist_ok=True)
    total, done = sum(file.bytes for file in files), 0
    with Folder.open_root(drop) as source, Folder.open_root(originals) as target:
        for file in files:
            _check_file(file, source, target)
        for file in files:
            _offload_file(file, source, target, partial(_report_total, report_bytes, done, total))
            done += file.bytes
        for file in files:
            source.remove_empty_folders(Path(file.camera), Path(file.camera, file.name).parent)
    clips = (file for file in files if file.kind == "clip")
    return tuple((f"{file.camera}/{file.name}", str(originals / file.camera / file.name)) for file in clips)


def _report_total(report_bytes: ReportBytes | None, before: int, total: int, count: int) -> None:
    if report_bytes is not None:
        report_bytes(before + count, total)


def _offload_file(
    file: DropFile, source: Folder, target: Folder, report_bytes: Callable[[int], None]
) -> None:
    """Move one file, starting from whatever state an earlier attempt left it in."""
    path = Path(file.camera, file.name)
    if _has_arrived(file, target):
        if _is_same_file(file, source):
            _remove_duplicate(file, source, target)
        with target.open_below(path.parent) as target_folder:
            target_folder.flush()  # the earlier attempt may have died between the rename and this step
        report_bytes(file.bytes)
        return
    _check_file(file, source, target)
    with (
        source.open_below(path.parent) as source_folder,
        target.open_below(path.parent, create=True) as target_folder,
    ):
        try:
            # The data first: a name in the session's folder promises complete data, even after a power loss.
            source_folder.flush_file(path.name)
            os.rename(
                path.name, path.name, src_dir_fd=source_folder.descriptor, dst_dir_fd=target_folder.descriptor
            )
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            copy_and_verify(source_folder, target_folder, path.name, file, report_bytes)
            source_folder.remove_file(path.name)
        target_folder.flush()
        source_folder.flush()
    if not _has_arrived(file, target):
        raise SourceChanged(f"{path} changed while it was moved", _RESTORE_HINT)
    report_bytes(file.bytes)


def _check_file(file: DropFile, source: Folder, target: Folder) -> None:
    """Raise if the file cannot be moved. Called for every file before the first one is moved."""
    path = Path(file.camera, file.name)
    if name_fault := names.find_name_fault(file.name):
        raise SourceChanged(f"{path!s}: {name_fault}", "rename it, then seal the session again")
    if _has_arrived(file, target):
        return
    if target.stat_file(path) is not None:
        raise IntegrityError(
            f"{path}: another file with that name is already in the session's folder",
            "compare the two files by hand; nothing was overwritten",
        )
    status = source.stat_file(path)
    if status is None:
        raise SourceChanged(f"{path} is missing from the drop folder", _RESTORE_HINT)
    if not _is_same_file(file, source):
        raise SourceChanged(f"{path} is not the file that settled (size or time differs)", _RESTORE_HINT)


def _has_arrived(file: DropFile, target: Folder) -> bool:
    """Return whether the complete file is at its destination.

    There, size and time are enough proof: only a rename of the checked file, or of a verified copy
    with its time set, ever puts that name into the session's folder.
    """
    return _is_same_file(file, target)


def _is_same_file(file: DropFile, folder: Folder) -> bool:
    status = folder.stat_file(Path(file.camera, file.name))
    return status is not None and (status.st_size, status.st_mtime_ns) == (file.bytes, file.mtime_ns)


def _remove_duplicate(file: DropFile, source: Folder, target: Folder) -> None:
    """Remove the source of a file that is in both folders.

    Either a copy was interrupted before its last step, or the file was dropped twice. Not called for
    a file of another size or time: cameras count from 1 on every card, so that one is the next
    session's C0001 and stays where it is.
    """
    path = Path(file.camera, file.name)
    with source.open_below(path.parent) as source_folder, target.open_below(path.parent) as target_folder:
        if not has_same_content(source_folder, target_folder, path.name):
            raise IntegrityError(
                f"{path}: the file in the drop folder differs from the one already offloaded with that name",
                "compare the two files by hand; nothing was removed",
            )
        source_folder.remove_file(path.name)
        source_folder.flush()
