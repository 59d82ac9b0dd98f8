"""A folder held open by its descriptor, so that nothing below it is reached through a link."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mcsyncd.integrity.disk_errors import find_path, name_descriptor, name_file

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
"""For `os.open`: only a directory, closed in child processes."""

_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""For `os.open`: never through a link, and never blocking, because opening a named pipe would wait for
a writer."""


_NEW_FILE_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
"""For `os.open`: never a file that is there already."""


@contextmanager
def _hold_descriptor(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        with name_file(find_path(descriptor)):  # a network filesystem may report a lost write only here
            os.close(descriptor)


class Folder:
    """An open directory. Paths given to its methods are relative and opened without following links.

    Every OSError names the file by its whole path.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    @contextmanager
    def open_root(cls, path: Path) -> Iterator[Folder]:
        """Open a folder that the settings name. Links are followed here, because the operator set them."""
        with _hold_descriptor(os.open(path, _FOLDER_FLAGS)) as descriptor:
            yield cls(descriptor)

    @contextmanager
    def open_below(self, path: Path, *, create: bool = False) -> Iterator[Folder]:
        """Open the folder `path` below this one. With `create`, missing folders are made and flushed.

        Raises OSError (ELOOP or ENOTDIR) if a part of the path is a link or not a folder.
        """
        with _hold_descriptor(self._open_path(path, create=create)) as descriptor:
            yield Folder(descriptor)

    def _open_path(self, path: Path, *, create: bool) -> int:
        descriptor = os.dup(self.descriptor)
        for part in path.parts:
            parent = descriptor
            try:
                descriptor = self._open_child(parent, part, create=create)
            finally:
                os.close(parent)
        return descriptor

    @staticmethod
    def _open_child(parent: int, part: str, *, create: bool) -> int:
        with name_descriptor(parent, part):
            if create:
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=parent)
                    os.fsync(parent)
            return os.open(part, _FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=parent)

    def stat_file(self, path: Path) -> os.stat_result | None:
        """Return the status of the regular file `path`; None if it is missing or reached by a link."""
        try:
            with self.open_below(path.parent) as folder, name_descriptor(folder.descriptor, path.name):
                status = os.stat(path.name, dir_fd=folder.descriptor, follow_symlinks=False)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                return None
            raise
        return status if stat.S_ISREG(status.st_mode) else None

    def open_file(self, name: str) -> int:
        """Open a file for reading, not through a link, and return its descriptor."""
        with name_descriptor(self.descriptor, name):
            return os.open(name, _FILE_FLAGS, dir_fd=self.descriptor)

    @contextmanager
    def hold_file(self, name: str) -> Iterator[int]:
        """The same for as long as the block lasts; the descriptor is closed whatever happens."""
        with _hold_descriptor(self.open_file(name)) as descriptor:
            yield descriptor

    @contextmanager
    def hold_new_file(self, name: str) -> Iterator[int]:
        """Make a file for reading and writing and hold it open for as long as the block lasts."""
        with name_descriptor(self.descriptor, name):
            descriptor = os.open(name, _NEW_FILE_FLAGS, 0o644, dir_fd=self.descriptor)
        with _hold_descriptor(descriptor):
            yield descriptor

    def fetch_status(self) -> os.stat_result:
        """Return the status of the folder itself."""
        with name_descriptor(self.descriptor):
            return os.fstat(self.descriptor)

    def rename_file(self, name: str, new_name: str) -> None:
        """Give a file in this folder another name."""
        with name_descriptor(self.descriptor, new_name):
            os.rename(name, new_name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)

    def move_file(self, name: str, target: Folder) -> None:
        """Move a file of this folder into another one of the same filesystem, under the same name."""
        with name_descriptor(target.descriptor, name):
            os.rename(name, name, src_dir_fd=self.descriptor, dst_dir_fd=target.descriptor)

    def flush_file(self, name: str) -> None:
        """Flush a file's data to the disk."""
        with self.hold_file(name) as descriptor, name_descriptor(descriptor):
            os.fsync(descriptor)

    def flush(self) -> None:
        """Flush the names in this folder to the disk."""
        with name_descriptor(self.descriptor):
            os.fsync(self.descriptor)

    def remove_file(self, name: str) -> None:
        """Remove a file from this folder."""
        with name_descriptor(self.descriptor, name):
            os.unlink(name, dir_fd=self.descriptor)

    def remove_empty_folders(self, top: Path, path: Path) -> None:
        """Remove the folder `path` and its parents while they are empty, but never `top`."""
        while path != top:
            with suppress(OSError), self.open_below(path.parent) as parent:
                os.rmdir(path.name, dir_fd=parent.descriptor)
            path = path.parent
