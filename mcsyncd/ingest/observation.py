"""What one scan of a drop folder observed of one file."""

from __future__ import annotations

from dataclasses import dataclass

FileKey = tuple[str, str]
"""Identifies a file: its camera, and its path below the camera's folder."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One directory entry as lstat described it at one moment.

    `name` is the path below the camera's folder, separated by "/". Bytes that are not UTF-8 are in
    it as lone surrogates (`os.fsdecode`), so make it printable before showing it. `refusal` says
    why an entry that is not a regular file (a link, a device) cannot be taken; empty for a file.
    """

    camera: str
    name: str
    dev: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    refusal: str = ""

    @property
    def key(self) -> FileKey:
        """Camera and name, which identify the file."""
        return self.camera, self.name

    @property
    def identity(self) -> tuple[int, int, int, int, int]:
        """Device, inode, size, mtime and ctime: changes when the file is replaced or written.

        ctime is part of it because mtime can be set freely.
        """
        return self.dev, self.inode, self.size, self.mtime_ns, self.ctime_ns
