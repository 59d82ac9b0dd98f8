"""Proof of derived files before they are used: size and hash, as they were recorded when they were made."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from mcsyncd.errors import DerivedFileLost
from mcsyncd.integrity.hashing import identity_from_stat, verify_digest
from mcsyncd.model.rendition import WrittenFile
from mcsyncd.settings.work_layout import WorkLayout

_REMEMBERED_PROOFS = 4096
"""Files whose proof `require_unchanged_files` remembers. Judgement: three cameras of many sessions, in less
than a megabyte. Fewer, and the review screen hashes a file again for each of its requests."""

_HINT = "it is made again by itself; see `mcsyncd show` for how far that is"


def require_derived_files(files: Iterable[WrittenFile], layout: WorkLayout) -> None:
    """Read every file and compare it with its hash. Raises DerivedFileLost, which names those that differ."""
    _raise_if_lost([file for file in files if not _is_proven(file, layout.resolve_path(file.path))], layout)


def require_unchanged_files(files: Iterable[WrittenFile], layout: WorkLayout) -> None:
    """The same for files that are used again and again: a file is read only if it was replaced or written."""
    _raise_if_lost(
        [file for file in files if not _is_still_proven(file, layout.resolve_path(file.path))], layout
    )


def _is_proven(file: WrittenFile, path: Path) -> bool:
    return bool(file.sha256) and verify_digest(path, file.sha256, file.bytes)


def _is_still_proven(file: WrittenFile, path: Path) -> bool:
    try:
        return _remember_proof(file, path, identity_from_stat(path.stat(follow_symlinks=False)))
    except FileNotFoundError:
        return False


@lru_cache(_REMEMBERED_PROOFS)
def _remember_proof(file: WrittenFile, path: Path, _identity: tuple[int, ...]) -> bool:
    return _is_proven(file, path)


def _raise_if_lost(lost: list[WrittenFile], layout: WorkLayout) -> None:
    if not lost:
        return
    first = layout.resolve_path(lost[0].path)
    more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
    raise DerivedFileLost(
        f"{first}{more}: {_describe_loss(lost[0], first)}", _HINT, tuple(one.path for one in lost)
    )


def _describe_loss(file: WrittenFile, path: Path) -> str:
    if not os.path.lexists(path):
        return "missing"
    return "not what was recorded" if file.sha256 else "made by an earlier version, which recorded no hash"
