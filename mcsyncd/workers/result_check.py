"""Is a machine's result true? Its files are read again here before anything relies on them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
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


def check_result(result: Any, written_in: Path) -> tuple[Path, ...]:
    """Return the paths of a result's files relative to `written_in`, once each is what the result says.

    `result` is a dataclass with `files: tuple[WrittenFile, ...]`, all of them below `written_in`, the
    attempt's own folder. Raises FalseResult, and OSError for this machine's disk.
    """
    files = getattr(result, "files", None)
    if not isinstance(files, tuple) or not all(isinstance(file, WrittenFile) for file in files):
        raise FalseResult(
            f"{written_in}: a machine returned {type(result).__name__} instead of what it wrote"
        )
    inner = tuple(_find_inner_path(file, written_in) for file in files)
    for file in files:
        _require_true_file(file)
    return inner


def adopt_result(result: Any, written_in: Path, inner: tuple[Path, ...], folder: Path) -> Any:
    """Move the files of a checked result to `folder`; return it with their paths there. Raises OSError."""
    for path in inner:
        make_folders((folder / path).parent)
        adopt_file(written_in / path, folder / path)
    files = (replace(file, path=str(folder / path)) for file, path in zip(result.files, inner, strict=True))
    return replace(result, files=tuple(files))


def _find_inner_path(file: WrittenFile, folder: Path) -> Path:
    path = Path(file.path)
    if not path.is_relative_to(folder) or ".." in path.parts:
        raise FalseResult(f"{file.path}: a machine wrote outside its folder, {folder}")
    inner = path.relative_to(folder)
    if any(parent.is_symlink() for parent in (folder, *_list_parents(folder, inner))):
        raise FalseResult(f"{file.path}: a machine wrote through a link")
    return inner


def _list_parents(folder: Path, inner: Path) -> Iterable[Path]:
    return (folder / parent for parent in inner.parents)


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
