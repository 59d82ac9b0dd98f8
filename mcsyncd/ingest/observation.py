"""What one look at a drop folder saw of one file."""

from __future__ import annotations

from dataclasses import dataclass

FileKey = tuple[str, str]
"""Which file: camera, and path below the camera's folder."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One entry as lstat described it, at one moment.

    `name` is the path below the camera's folder, "/" between; bytes that are not UTF-8 are in
    it as lone surrogates (`os.fsdecode`), so make it visible before it is shown. `refusal` says
    why an entry is no file that could be taken (a link, a device), and is empty for a file.
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
        """Which file: camera and name."""
        return self.camera, self.name

    @property
    def identity(self) -> tuple[int, int, int, int, int]:
        """Changes when the file is replaced or written. ctime, because mtime can be set freely."""
        return self.dev, self.inode, self.size, self.mtime_ns, self.ctime_ns
