"""A folder held open by descriptor, so that nothing below it can be reached through a link."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Folder:
    """An open directory. Paths given to it are relative and walked without following links."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    @contextmanager
    def root(cls, path: Path) -> Iterator[Folder]:
        """Open a folder that the settings name; it may be reached through links, as they are ours."""
        yield from cls._held(os.open(path, _FOLDER))

    @contextmanager
    def below(self, path: Path, *, create: bool = False) -> Iterator[Folder]:
        """Open the folder `path` below this one; with `create`, make what is missing, for good."""
        yield from self._held(self._walk(path, create=create))

    @classmethod
    def _held(cls, descriptor: int) -> Iterator[Folder]:
        try:
            yield cls(descriptor)
        finally:
            os.close(descriptor)

    def _walk(self, path: Path, *, create: bool) -> int:
        descriptor = os.dup(self.descriptor)
        for part in path.parts:
            above = descriptor
            try:
                descriptor = self._step(above, part, create=create)
            finally:
                os.close(above)
        return descriptor

    @staticmethod
    def _step(above: int, part: str, *, create: bool) -> int:
        if create:
            with suppress(FileExistsError):
                os.mkdir(part, dir_fd=above)
                os.fsync(above)
        return os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=above)

    def look(self, path: Path) -> os.stat_result | None:
        """Return what the regular file `path` is, or None: missing, a link, behind a link."""
        try:
            with self.below(path.parent) as folder:
                found = os.stat(path.name, dir_fd=folder.descriptor, follow_symlinks=False)
        except OSError as fault:
            if fault.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                return None
            raise
        return found if stat.S_ISREG(found.st_mode) else None

    def open_file(self, name: str) -> int:
        """Open a file for reading, not through a link; O_NONBLOCK, so that a pipe cannot hold us."""
        return os.open(name, _FILE, dir_fd=self.descriptor)

    def flush_file(self, name: str) -> None:
        """Bring a file's data to the disk."""
        descriptor = self.open_file(name)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def flush(self) -> None:
        """Bring the names in this folder to the disk."""
        os.fsync(self.descriptor)

    def remove(self, name: str) -> None:
        """Remove a file of this folder."""
        os.unlink(name, dir_fd=self.descriptor)

    def prune(self, top: Path, path: Path) -> None:
        """Remove the folder `path` and those above it as far as they are empty, but never `top`."""
        while path != top:
            with suppress(OSError), self.below(path.parent) as parent:
                os.rmdir(path.name, dir_fd=parent.descriptor)
            path = path.parent
