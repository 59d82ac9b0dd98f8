"""Errors of a disk name the file that they are about."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def name_file(path: Path | str) -> Iterator[None]:
    """Name the file in an OSError from inside the block that names none, or none by its whole path.

    The kernel's answer to a write has no name, and that to an open below an open folder half of one. Without
    it, nobody knows which disk is full.
    """
    try:
        yield
    except OSError as error:
        if not (isinstance(error.filename, str) and error.filename.startswith("/")):
            error.filename = str(path)
        raise


@contextmanager
def name_descriptor(descriptor: int, name: str = "") -> Iterator[None]:
    """Do the same for an open file, or for the file `name` in an open folder."""
    try:
        yield
    except OSError as error:
        if not (isinstance(error.filename, str) and error.filename.startswith("/")):
            with suppress(OSError):
                error.filename = str(Path(find_path(descriptor), name))
        raise


def find_path(descriptor: int) -> str:
    """Return the path of an open file, as the kernel knows it. Raises OSError if it is not open."""
    return os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115  # a str is all it takes
