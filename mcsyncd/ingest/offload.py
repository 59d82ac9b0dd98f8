"""Offloading a session's files: from the drop folders into the session's own folder, and back.

Reading is enough. Where the daemon may not move a file, or where the session's folder is on another
filesystem, the file is copied and verified, and then its source is removed; a source that may not be
removed is reported and stays. Power may fail after any step; running the whole offload again then
completes it.

Somebody with write access to a drop folder could replace a card folder with a link between two
steps, so every path is opened folder by folder from an open descriptor, and never through a link.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mcsyncd.errors import IntegrityError, SourceChanged, SourceUnreadable
from mcsyncd.ingest import names
from mcsyncd.ingest.folders import Folder
from mcsyncd.ingest.verified_copy import copy_and_verify, has_same_content
from mcsyncd.integrity.derived_file import make_folders
from mcsyncd.integrity.disk_errors import name_descriptor
from mcsyncd.integrity.file_times import is_same_time
from mcsyncd.integrity.hashing import ReportBytes
from mcsyncd.model.clip import DropFile

_RESTORE_HINT = "drop the file again: it takes its place in the session; or reject the session"
_NOT_ALLOWED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
"""What the kernel answers where a file may be read but not moved or removed."""


@dataclass(frozen=True, slots=True)
class OffloadedFiles:
    """Where the clips are now, by clip key, and the files that could not be removed from their source.

    `left` holds pairs of file (`camera/name`) and the kernel's reason.
    """

    paths: tuple[tuple[str, str], ...]
    left: tuple[tuple[str, str], ...] = ()


def offload_files(
    files: Sequence[DropFile],
    drop: Path,
    originals: Path,
    report_bytes: ReportBytes | None = None,
    *,
    set_aside: Path | None = None,
) -> OffloadedFiles:
    """Move `drop/<camera>/<name>` to `originals/<camera>/<name>` for every file.

    `report_bytes` is called with the bytes done and the bytes in all. Card folders that became empty
    are removed from the drop folder; a camera's own folder never is. With `set_aside`, another file
    that has a clip's name in `originals` is moved into that folder first.

    Idempotent: killed at any point and called again, it completes. All or none: every file is checked
    and opened before the first one is moved, and what needs a copy, which may fail for lack of room,
    is copied before the first source is touched.

    Raises SourceChanged if a file is in neither folder, or is not the one that settled;
    SourceUnreadable if one may not be read; IntegrityError if another file is already at the
    destination, or if a copy does not match; OSError for errors of the system, such as a full disk.
    """
    make_folders(originals)
    with Folder.open_root(drop) as source, Folder.open_root(originals) as target:
        transfer = _Transfer(source, target, report_bytes, sum(file.bytes for file in files))
        for file in files:
            if set_aside is not None:
                _move_aside(file, target, set_aside)
            transfer.check_file(file)
        for file in files:
            transfer.copy_if_needed(file)
        for file in files:
            transfer.move_file(file)
        left = tuple(
            (f"{file.camera}/{file.name}", why) for file in files if (why := transfer.remove_source(file))
        )
        for file in files:
            source.remove_empty_folders(Path(file.camera), Path(file.camera, file.name).parent)
    clips = (file for file in files if file.kind == "clip")
    paths = tuple((f"{file.camera}/{file.name}", str(originals / file.camera / file.name)) for file in clips)
    return OffloadedFiles(paths, left)


def list_unreturnable(
    files: Sequence[DropFile], originals: Path, target: Path
) -> tuple[tuple[str, str], ...]:
    """Return the files that cannot be given back, because they are no longer what was taken in; and why.

    One that an earlier attempt has moved to `target` is none of them. Somebody may have removed `originals`
    as a whole. Raises OSError as the system does.
    """
    make_folders(originals)
    make_folders(target)
    with Folder.open_root(originals) as source, Folder.open_root(target) as back:
        compared = ((f"{file.camera}/{file.name}", _find_difference(file, source, back)) for file in files)
        return tuple((key, why) for key, why in compared if why)


def _find_difference(file: DropFile, source: Folder, back: Folder) -> str:
    if _is_same_file(file, back) or _is_same_file(file, source):
        return ""
    is_missing = source.stat_file(Path(file.camera, file.name)) is None
    return "it is missing" if is_missing else "it was written to, and stays where it is"


class _Transfer:
    """The steps for one file each, starting from whatever state an earlier attempt left it in."""

    def __init__(self, source: Folder, target: Folder, report_bytes: ReportBytes | None, total: int) -> None:
        self._source = source
        self._target = target
        self._report = report_bytes
        self._total = total
        self._done = 0
        self._verified: set[DropFile] = set()

    def check_file(self, file: DropFile) -> None:
        """Raise if the file cannot be offloaded. Called for every file before the first one is moved."""
        path = Path(file.camera, file.name)
        if name_fault := names.find_name_fault(file.name):
            raise SourceChanged(f"{path!s}: {name_fault}", "rename it, then seal the session again")
        if self._has_arrived(file):
            return
        if self._target.stat_file(path) is not None:
            raise IntegrityError(
                f"{path}: another file with that name is already in the session's folder",
                "compare the two files by hand; nothing was overwritten",
            )
        try:
            self._check_source(file, path)
        except PermissionError as error:
            raise SourceUnreadable(
                f"{path}: the daemon may not read it ({error.strerror})",
                "give its user read access to the file and its folders, as with `chmod -R g+rX`; "
                "the session goes on by itself",
            ) from None

    def _check_source(self, file: DropFile, path: Path) -> None:
        if self._source.stat_file(path) is None:
            raise SourceChanged(f"{path} is missing from the drop folder", _RESTORE_HINT)
        if not _is_same_file(file, self._source):
            raise SourceChanged(f"{path} is not the file that settled (size or time differs)", _RESTORE_HINT)
        with self._source.open_below(path.parent) as folder, folder.hold_file(path.name):
            pass  # it can be opened

    def copy_if_needed(self, file: DropFile) -> None:
        """Copy and verify the file if it cannot be moved; its source stays for now."""
        if not self._has_arrived(file) and not self._may_move(file):
            self._copy_file(file)

    def _may_move(self, file: DropFile) -> bool:
        """Tell whether a rename will probably do. If it does not after all, the file is copied then."""
        path = Path(file.camera, file.name)
        with self._source.open_below(path.parent) as folder:
            here, there = folder.fetch_status(), self._target.fetch_status()
            if here.st_dev != there.st_dev:
                return False
            if not os.access(".", os.W_OK | os.X_OK, dir_fd=folder.descriptor, effective_ids=True):
                return False
            with name_descriptor(folder.descriptor, path.name):
                owner = os.stat(path.name, dir_fd=folder.descriptor, follow_symlinks=False).st_uid
        sticky = here.st_mode & stat.S_ISVTX
        return not sticky or os.geteuid() in (0, owner, here.st_uid)

    def _copy_file(self, file: DropFile) -> None:
        path = Path(file.camera, file.name)
        with (
            self._source.open_below(path.parent) as source_folder,
            self._target.open_below(path.parent, create=True) as target_folder,
        ):
            copy_and_verify(
                source_folder, target_folder, path.name, file, partial(self._report_bytes, self._done)
            )
        self._verified.add(file)
        self._done += file.bytes

    def move_file(self, file: DropFile) -> None:
        """Rename the file into the session's folder, unless it is there. Copy it where that is refused."""
        path = Path(file.camera, file.name)
        if self._has_arrived(file):
            with self._target.open_below(path.parent) as target_folder:
                target_folder.flush()  # an earlier attempt may have died between the rename and this step
        elif not self._rename_file(path):
            self._copy_file(file)
        if not self._has_arrived(file):
            raise SourceChanged(f"{path} changed while it was moved", _RESTORE_HINT)
        if file not in self._verified:
            self._done += file.bytes
        self._report_bytes(self._done, 0)

    def _rename_file(self, path: Path) -> bool:
        """Return whether the rename was possible."""
        with (
            self._source.open_below(path.parent) as source_folder,
            self._target.open_below(path.parent, create=True) as target_folder,
        ):
            # The data first: a name in the session's folder promises complete data, even after a power loss.
            source_folder.flush_file(path.name)
            try:
                source_folder.move_file(path.name, target_folder)
            except OSError as error:
                if error.errno not in _NOT_ALLOWED | {errno.EXDEV}:
                    raise
                return False
            target_folder.flush()
            source_folder.flush()
        return True

    def remove_source(self, file: DropFile) -> str:
        """Remove the source of a file that is in both folders. Return why it stays, or an empty string.

        Either it was copied, or the file was dropped twice. A file of another size or time is left
        alone: cameras count from 1 on every card, so that one is the next session's C0001.
        """
        path = Path(file.camera, file.name)
        if not _is_same_file(file, self._source):
            return ""
        with (
            self._source.open_below(path.parent) as source_folder,
            self._target.open_below(path.parent) as target_folder,
        ):
            if file not in self._verified and not has_same_content(source_folder, target_folder, path.name):
                raise IntegrityError(
                    f"{path}: the file in the drop folder differs from the offloaded one of that name",
                    "compare the two files by hand; nothing was removed",
                )
            try:
                source_folder.remove_file(path.name)
            except OSError as error:
                if error.errno not in _NOT_ALLOWED:
                    raise
                return error.strerror or "not permitted"
            source_folder.flush()
        return ""

    def _has_arrived(self, file: DropFile) -> bool:
        """Return whether the complete file is at its destination.

        There, size and time are enough proof: only a rename of the checked file, or of a verified copy
        with its time set, ever puts that name into the session's folder.
        """
        return _is_same_file(file, self._target)

    def _report_bytes(self, before: int, count: int) -> None:
        if self._report is not None:
            self._report(before + count, self._total)


def _is_same_file(file: DropFile, folder: Folder) -> bool:
    status = folder.stat_file(Path(file.camera, file.name))
    if status is None or status.st_size != file.bytes:
        return False
    return is_same_time(status.st_mtime_ns, file.mtime_ns)


def _move_aside(file: DropFile, target: Folder, set_aside: Path) -> None:
    """Move another file of that name out of the way, under a name that no other file has there."""
    path = Path(file.camera, file.name)
    other = target.stat_file(path)
    if other is None or _is_same_file(file, target):
        return
    place = set_aside / str(other.st_mtime_ns) / path.parent
    place.mkdir(parents=True, exist_ok=True)
    with target.open_below(path.parent) as folder, Folder.open_root(place) as aside:
        folder.move_file(path.name, aside)
        aside.flush()
        folder.flush()
