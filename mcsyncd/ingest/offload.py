"""Taking a session's files in: out of the drop folders, into the session's own.

A rename where both lie on one filesystem; elsewhere a copy that is hashed while it is read,
flushed, read back from the disk and compared, before the source goes. Every step can be the last
one before the power fails, and doing the whole again then finishes it.

Whoever may write into a drop folder could swap a card folder for a link between two steps, so
every path is walked folder by folder from an open descriptor, and never through a link.
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
from mcsyncd.model.clip import DropFile

ReportFileBytes = Callable[[int, int], None]

_RESTORE_HINT = "bring it back as it was and retry, or reject the session and drop all of it again"


def offload_files(
    files: Sequence[DropFile], drop: Path, originals: Path, report_bytes: ReportFileBytes | None = None
) -> tuple[tuple[str, str], ...]:
    """Move `drop/<camera>/<name>` to `originals/<camera>/<name>` for every file.

    Returns the clips (not the sidecars) as pairs of clip key (`camera/name`) and destination
    path. `progress` is called with bytes done and bytes in all. Card folders that became empty
    are removed from the drop folder; a camera's own folder never is.

    Idempotent: killed anywhere and called again it finishes. Before anything is moved, every
    file is checked, so that a shoot is not torn apart for one that went away.

    Raises SourceChanged for a file that is at neither end, or is not the one that settled;
    IntegrityError where something else already lies at the destination or a copy does not match;
    OSError as the kernel gives it, for a full disk or one that fails.
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


def _report_total(report_bytes: ReportFileBytes | None, before: int, total: int, count: int) -> None:
    if report_bytes is not None:
        report_bytes(before + count, total)


def _offload_file(
    file: DropFile, source: Folder, target: Folder, report_bytes: Callable[[int], None]
) -> None:
    """Bring one file over, from whatever state an earlier try left it in."""
    path = Path(file.camera, file.name)
    if _has_arrived(file, target):
        if _is_same_file(file, source):
            _remove_duplicate(file, source, target)
        with target.open_below(path.parent) as there:
            there.flush()  # the earlier try may have died between the rename and this
        report_bytes(file.bytes)
        return
    _check_file(file, source, target)
    with source.open_below(path.parent) as here, target.open_below(path.parent, create=True) as there:
        try:
            # The data first: a name in the session's folder is a promise that survives power loss.
            here.flush_file(path.name)
            os.rename(path.name, path.name, src_dir_fd=here.descriptor, dst_dir_fd=there.descriptor)
        except OSError as fault:
            if fault.errno != errno.EXDEV:
                raise
            copy_and_verify(here, there, path.name, file, report_bytes)
            here.remove_file(path.name)
        there.flush()
        here.flush()
    if not _has_arrived(file, target):
        raise SourceChanged(f"{path} changed while it was taken in", _RESTORE_HINT)
    report_bytes(file.bytes)


def _check_file(file: DropFile, source: Folder, target: Folder) -> None:
    """Refuse what cannot be taken, before anything is moved."""
    path = Path(file.camera, file.name)
    if fault := names.find_name_fault(file.name):
        raise SourceChanged(f"{path!s}: {fault}", "rename it, and seal the session again")
    if _has_arrived(file, target):
        return
    if target.stat_file(path) is not None:
        raise IntegrityError(
            f"{path}: another file of that name already lies in the session's folder",
            "compare the two by hand; nothing was overwritten",
        )
    found = source.stat_file(path)
    if found is None:
        raise SourceChanged(f"{path} is gone from the drop folder", _RESTORE_HINT)
    if not _is_same_file(file, source):
        raise SourceChanged(f"{path} is not the file that settled (size or time differ)", _RESTORE_HINT)


def _has_arrived(file: DropFile, target: Folder) -> bool:
    """Tell whether the file lies complete at its destination.

    Size and time are proof enough there: nothing but a rename of the checked file, or of a
    verified copy with its time set, ever puts that name into the session's folder.
    """
    return _is_same_file(file, target)


def _is_same_file(file: DropFile, end: Folder) -> bool:
    found = end.stat_file(Path(file.camera, file.name))
    return found is not None and (found.st_size, found.st_mtime_ns) == (file.bytes, file.mtime_ns)


def _remove_duplicate(file: DropFile, source: Folder, target: Folder) -> None:
    """Both ends have it: a copy that was cut off before its last step, or a second drop of it.

    A file of another size or time is not asked here: cameras count from 1 on every card, so
    that is the next session's C0001, and is left alone.
    """
    path = Path(file.camera, file.name)
    with source.open_below(path.parent) as here, target.open_below(path.parent) as there:
        if not has_same_content(here, there, path.name):
            raise IntegrityError(
                f"{path}: the file in the drop folder differs from the one taken in under that name",
                "compare the two by hand; nothing was removed",
            )
        here.remove_file(path.name)
        here.flush()
