"""The body of an upload: a window of an open file, checked against its sum while it is read."""

from __future__ import annotations

import io
import os

from mcsyncd.errors import SourceChanged
from mcsyncd.integrity.part_sums import CRC64NVME
from mcsyncd.model.part_sums import FilePart
from mcsyncd.publish.line_limit import LineLimit


class PartBody(io.RawIOBase):
    """A readable, seekable part of an open file; several can share a descriptor.

    Not the bytes themselves: measured with parts of 32 MiB, 59 MB of memory instead of 316. The last read
    raises SourceChanged if the part is not what was summed, so it is never sent to its end. Libraries
    between here and the caller turn errors into their own, so that the first one is kept in `fault`.
    """

    def __init__(self, descriptor: int, part: FilePart, limit: LineLimit | None = None) -> None:
        super().__init__()
        self._limit = limit
        self._descriptor = descriptor
        self._part = part
        self._position = self._summed = self._crc = 0
        self.fault: Exception | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._part.length}[whence]
        self._position = min(max(base + offset, 0), self._part.length)
        return self._position

    def read(self, size: int = -1) -> bytes:
        try:
            return self._read_checked(size)
        except (OSError, SourceChanged) as error:
            self.fault = self.fault or error
            raise

    def _read_checked(self, size: int) -> bytes:
        left = self._part.length - self._position
        wanted = left if size < 0 else min(size, left)
        data = os.pread(self._descriptor, wanted, self._part.start + self._position)
        if wanted and not data:
            raise SourceChanged("the file is shorter than recorded", "put the file back")
        self._sum(data)
        if self._limit is not None:
            self._limit.take(len(data))
        self._position += len(data)
        return data

    def _sum(self, data: bytes) -> None:
        """Add what is read for the first time to the sum, from the beginning after a rewind."""
        if self._position == 0:
            self._summed = self._crc = 0
        if self._position != self._summed:
            return  # somebody looked around in the body: only a read from its beginning is checked
        self._crc = CRC64NVME.calc(data, self._crc)
        self._summed += len(data)
        if self._summed == self._part.length and self._crc != self._part.crc64nvme:
            raise SourceChanged("the file was modified after it was recorded", "put the file back")
