"""Is a machine's result true? Its files are read again here before anything relies on them."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from mcsyncd.errors import IntegrityError
from mcsyncd.integrity.derived_file import adopt_file, make_folders
from mcsyncd.integrity.hashing import verify_digest
from mcsyncd.model.rendition import WrittenFile

_LOOKS, _LOOK_S = 6, 0.5
"""Looks for a file of the right size, and seconds between. Judgement: an NFS client that has seen a folder
without the file may believe so for a moment; what is not there after three seconds is not there."""


class FalseResult(IntegrityError):
    """A machine says that it wrote something which is not there, or not so."""


def check_result(result: Any, written_in: Path) -> None:
    """Make sure that a result's files are what it says.

    `result` is a dataclass with `files: tuple[WrittenFile, ...]`, all of them in `written_in`, the attempt's
    own folder, and none in a folder below: where the files go, that could be a link. Raises FalseResult, and
    OSError for this machine's disk.
    """
    files = getattr(result, "files", None)
    if not isinstance(files, tuple) or not all(isinstance(file, WrittenFile) for file in files):
        raise FalseResult(
            f"{written_in}: a machine returned {type(result).__name__} instead of what it wrote"
        )
    for file in files:
        path = Path(file.path)
        if path.parent != written_in or path.name in {"", ".."}:
            raise FalseResult(f"{file.path}: a machine wrote elsewhere than in its folder, {written_in}")
        if path.is_symlink() or written_in.is_symlink():
            raise FalseResult(f"{file.path}: a machine left a link in place of a file")
        _require_true_file(file)


def adopt_result(result: Any, folder: Path) -> Any:
    """Move the files of a checked result to `folder`; return it with their paths there. Raises OSError."""
    make_folders(folder)
    moved = [(Path(file.path), folder / Path(file.path).name) for file in result.files]
    for written, path in moved:
        adopt_file(written, path)
    files = (replace(file, path=str(path)) for file, (_, path) in zip(result.files, moved, strict=True))
    return replace(result, files=tuple(files))


def _require_true_file(file: WrittenFile) -> None:
    path = Path(file.path)
    for look in range(_LOOKS):
        if _has_size(path, file.bytes):
            break
        if look:
            time.sleep(_LOOK_S)
        if path.parent.is_dir():
            os.listdir(path.parent)  # noqa: PTH208  # asks the file server again; the names do not matter
    if not verify_digest(path, file.sha256, file.bytes):
        raise FalseResult(f"{file.path}: is not what the machine says that it wrote")


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat(follow_symlinks=False).st_size == size
    except FileNotFoundError:
        return False
