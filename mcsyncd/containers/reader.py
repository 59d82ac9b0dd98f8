"""Reading a few pieces of an open file, with a limit on how much."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator
from typing import BinaryIO

MAX_READS = 20_000
"""Pieces that are read of one file. Judgement: a fragmented recording of hours has thousands of boxes.
Higher, a hostile file of tiny boxes holds up the scan of all drop folders; lower, more files are left
unjudged."""

MAX_BYTES = 32 << 20
"""Bytes that are read of one file: 30 ms from a page cache. Judgement: the largest look at a tail is 4 MiB.
Higher, a hostile file holds up the scan of all drop folders; lower, more files are left unjudged."""


_NO_MORE_HOLES = frozenset({errno.ENXIO, errno.EINVAL, errno.EOPNOTSUPP})
"""What the kernel answers where no data follows, or where the filesystem does not know."""


class ReadLimitError(Exception):
    """The file would need more reading than is allowed: it stays unjudged."""


class BoundedReader:
    """Pieces of an open file by position. `size` is the file's length in bytes when the reader was made.

    Raises ReadLimitError beyond `MAX_READS` or `MAX_BYTES`, and OSError if the file cannot be read.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._reads_left, self._bytes_left = MAX_READS, MAX_BYTES
        self.size = file.seek(0, os.SEEK_END)

    def read_at(self, position: int, length: int) -> bytes:
        """Return up to `length` bytes from `position` on; fewer at the end, none outside the file."""
        length = max(0, min(length, self.size - position)) if position >= 0 else 0
        if length == 0:
            return b""
        self._reads_left -= 1
        self._bytes_left -= length
        if self._reads_left < 0 or self._bytes_left < 0:
            raise ReadLimitError
        self._file.seek(position)
        return self._file.read(length)

    def read_tail(self, length: int) -> bytes:
        """Return the last `length` bytes, or all of a shorter file."""
        return self.read_at(max(0, self.size - length), length)

    def read_number(self, position: int, length: int) -> int | None:
        """Return a big-endian number; None where the file ends within it."""
        raw = self.read_at(position, length)
        return int.from_bytes(raw, "big") if len(raw) == length else None

    def is_hole(self, position: int) -> bool:
        """Return whether the filesystem holds no data from `position` to the end of the file.

        True for space that was reserved and never written, where the filesystem says so. It is not
        for zeros that were written.
        """
        if not 0 <= position < self.size:
            return False
        try:
            os.lseek(self._file.fileno(), position, os.SEEK_DATA)
        except io.UnsupportedOperation:  # before OSError, which it is too: not a file of a filesystem
            return False
        except OSError as error:
            return error.errno == errno.ENXIO
        return False

    def iterate_holes(self, limit: int) -> Iterator[tuple[int, int]]:
        """Yield where up to `limit` holes begin and end that are followed by data.

        None where the filesystem does not say what was never written. Raises OSError as reading does.
        """
        position = 0
        for _ in range(limit):
            try:
                begin = os.lseek(self._file.fileno(), position, os.SEEK_HOLE)
                position = os.lseek(self._file.fileno(), begin, os.SEEK_DATA)
            except io.UnsupportedOperation:  # before OSError, which it is too: not a file of a filesystem
                return
            except OSError as error:
                if error.errno in _NO_MORE_HOLES:
                    return
                raise
            yield begin, position
