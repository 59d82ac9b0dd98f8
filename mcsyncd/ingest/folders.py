"""A folder held open by descriptor, so that nothing below it can be reached through a link."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Folder:
    """An open directory. Paths given to it are relative and walked without following links."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    @contextmanager
    def open_root(cls, path: Path) -> Iterator[Folder]:
        """Open a folder that the settings name; it may be reached through links, as they are ours."""
        yield from cls._yield_and_close(os.open(path, _FOLDER_FLAGS))

    @contextmanager
    def open_below(self, path: Path, *, create: bool = False) -> Iterator[Folder]:
        """Open the folder `path` below this one; with `create`, make what is missing, for good."""
        yield from self._yield_and_close(self._open_path(path, create=create))

    @classmethod
    def _yield_and_close(cls, descriptor: int) -> Iterator[Folder]:
        try:
            yield cls(descriptor)
        finally:
            os.close(descriptor)

    def _open_path(self, path: Path, *, create: bool) -> int:
        descriptor = os.dup(self.descriptor)
        for part in path.parts:
            above = descriptor
            try:
                descriptor = self._open_child(above, part, create=create)
            finally:
                os.close(above)
        return descriptor

    @staticmethod
    def _open_child(above: int, part: str, *, create: bool) -> int:
        if create:
            with suppress(FileExistsError):
                os.mkdir(part, dir_fd=above)
                os.fsync(above)
        return os.open(part, _FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=above)

    def stat_file(self, path: Path) -> os.stat_result | None:
        """Return what the regular file `path` is, or None: missing, a link, behind a link."""
        try:
            with self.open_below(path.parent) as folder:
                found = os.stat(path.name, dir_fd=folder.descriptor, follow_symlinks=False)
        except OSError as fault:
            if fault.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                return None
            raise
        return found if stat.S_ISREG(found.st_mode) else None

    def open_file(self, name: str) -> int:
        """Open a file for reading, not through a link; O_NONBLOCK, so that a pipe cannot hold us."""
        return os.open(name, _FILE_FLAGS, dir_fd=self.descriptor)

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

    def remove_file(self, name: str) -> None:
        """Remove a file of this folder."""
        os.unlink(name, dir_fd=self.descriptor)

    def remove_empty_folders(self, top: Path, path: Path) -> None:
        """Remove the folder `path` and those above it as far as they are empty, but never `top`."""
        while path != top:
            with suppress(OSError), self.open_below(path.parent) as parent:
                os.rmdir(path.name, dir_fd=parent.descriptor)
            path = path.parent
