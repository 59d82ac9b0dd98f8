"""The file that an upload reads: at a path, or opened by another process that may read it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file that another process has opened: its descriptor, and what people call it.

    Without a descriptor it could not be opened there, for the reason `errno`. That counts only once the file
    is needed: what is stored already need not be here.
    """

    name: str
    descriptor: int | None
    errno: int = 0

    def __str__(self) -> str:
        return self.name


SourceFile = Path | OpenedFile


def open_source(source: SourceFile) -> int:
    """Return a descriptor, of the caller's own, to read the file. Never follows a link. Raises OSError."""
    if isinstance(source, Path):
        return os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if source.descriptor is None:
        raise OSError(source.errno, os.strerror(source.errno), source.name)
    return os.dup(source.descriptor)
