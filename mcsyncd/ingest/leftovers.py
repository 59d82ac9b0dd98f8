"""What is left in the folders of a card that a session has taken in, and what of it may be removed.

Only two things may: litter of operating systems, and files whose content is in the session's folder. All
else is named and kept, and so is what lies in a folder that changed a moment ago.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mcsyncd.ingest import names
from mcsyncd.ingest.folders import Folder
from mcsyncd.integrity.copying import compute_sha256
from mcsyncd.integrity.hashing import identity_from_stat

_QUIET_S = 60.0
"""Seconds for which a folder must not have changed before it is removed. Judgement: a copy that is under way
makes a folder and fills it at once. Shorter, such a folder is gone before its first file; longer, people
wait."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """A file or an empty folder in a card's folder, as `CAMERA/NAME`.

    `kind` is `litter`, `taken` (its content is in the session's folder) or `kept`, and `why` says more.
    """

    name: str
    bytes: int
    kind: Literal["litter", "taken", "folder", "kept"]
    why: str = ""


def clean_folders(
    drop: Path, originals: Path, files: Iterable[tuple[str, str]], *, apply: bool
) -> tuple[Leftover, ...]:
    """Return what is left of a card in `drop`; with `apply`, remove what may be.

    `files` are those of the session, by camera and name: everything in their topmost folders is looked
    at, and a file that lay in the camera's own folder by itself. `originals` holds the files of the session
    at the same paths. Links are neither followed nor removed. Raises OSError if one of the two folders
    cannot be opened.
    """
    tops = sorted({Path(camera, name.split("/", 1)[0]) for camera, name in files})
    with Folder.open_root(drop) as source, Folder.open_root(originals) as taken:
        cleaner = _Cleaner(source, taken, apply=apply)
        return tuple(found for top in tops for found in cleaner.clean_top(top))


class _Cleaner:
    def __init__(self, source: Folder, taken: Folder, *, apply: bool) -> None:
        self._source = source
        self._taken = taken
        self._apply = apply

    def clean_top(self, path: Path) -> Iterator[Leftover]:
        """Yield what is left of a file or a folder of a camera's own folder; nothing if it is gone."""
        with self._source.open_below(path.parent) as camera, suppress(FileNotFoundError):
            yield from self._clean_entry(camera, path)

    def clean_folder(self, path: Path) -> Iterator[Leftover]:
        """Yield what is in a folder, its folders first; a folder in which nothing stays, last."""
        try:
            with self._source.open_below(path) as folder:
                changed_at = os.fstat(folder.descriptor).st_mtime
                with os.scandir(folder.descriptor) as entries:
                    ordered = sorted(entry.name for entry in entries)
                found = [one for name in ordered for one in self._clean_entry(folder, path / name)]
        except OSError as error:
            yield Leftover(str(path), 0, "kept", error.strerror or "cannot be read")
            return
        yield from found
        if any(one.kind == "kept" for one in found):
            return
        if time.time() - changed_at < _QUIET_S:
            yield Leftover(str(path), 0, "kept", "the folder changed a moment ago: a copy may be under way")
            return
        if self._apply:
            self._source.remove_empty_folders(path.parent, path)
        yield Leftover(str(path), 0, "folder", "nothing stays in it")

    def _clean_entry(self, folder: Folder, path: Path) -> Iterator[Leftover]:
        status = os.stat(path.name, dir_fd=folder.descriptor, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            yield from self.clean_folder(path)
            return
        found = self._judge_file(folder, path, status)
        if self._apply and found.kind != "kept":
            found = _remove_file(folder, path, found)
        yield found

    def _judge_file(self, folder: Folder, path: Path, status: os.stat_result) -> Leftover:
        name, size = str(path), status.st_size
        if not stat.S_ISREG(status.st_mode):
            return Leftover(name, 0, "kept", "not a file")
        if names.is_litter(path.name):
            return Leftover(name, size, "litter", "an operating system made it")
        original = self._taken.stat_file(path)
        if original is None or original.st_size != size:
            return Leftover(name, size, "kept", "not taken in by this session")
        try:
            same = self._has_same_content(folder, path, status)
        except OSError as error:
            return Leftover(name, size, "kept", error.strerror or "cannot be read")
        if not same:
            return Leftover(name, size, "kept", "not the file of that name that was taken in")
        return Leftover(name, size, "taken", "the same content is in the session's folder")

    def _has_same_content(self, folder: Folder, path: Path, status: os.stat_result) -> bool:
        left = folder.open_file(path.name)
        try:
            with self._taken.open_below(path.parent) as originals:
                right = originals.open_file(path.name)
            try:
                same = compute_sha256(left) == compute_sha256(right)
            finally:
                os.close(right)
            return same and identity_from_stat(os.fstat(left)) == identity_from_stat(status)
        finally:
            os.close(left)


def _remove_file(folder: Folder, path: Path, found: Leftover) -> Leftover:
    try:
        folder.remove_file(path.name)
        folder.flush()
    except OSError as error:
        return Leftover(found.name, found.bytes, "kept", error.strerror or "not permitted")
    return found
