"""The sums of a file and of its parts, as a store is told them: taken once, in the read that hashes it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

MIN_PART_BYTES = 16 << 20
"""Bytes in a part. On a line of 5 Mbit/s that drops every five minutes, 16 MiB waste 15 % of what is sent,
64 MiB 79 %. S3 accepts no less than 5 MiB. Sums that were taken with another size are taken again."""
MAX_PARTS = 9_000
"""Parts of an upload: below the 10,000 that S3 and R2 allow. With more, the upload cannot be completed."""


def choose_part_bytes(size: int, smallest: int = MIN_PART_BYTES) -> int:
    """Return the part size for a file of `size` bytes: the smallest, doubled until the parts are few enough.

    All parts but the last have this size, as R2 requires. It depends on the size alone, so a restart
    cuts the file into the same parts.
    """
    part = smallest
    while size > part * MAX_PARTS:
        part *= 2
    return part


@dataclass(frozen=True, slots=True)
class FilePart:
    """One part of a file: `number` counts from 1, `start` and `length` are bytes.

    `md5` is what S3 calls the part's tag, in hex; `crc64nvme` is quick to check while it is read.
    """

    number: int
    start: int
    length: int
    md5: str
    crc64nvme: int


@dataclass(frozen=True, slots=True)
class PartSums:
    """The sums of a file of `bytes` bytes, cut into parts of `part_bytes`; there is always one part at least.

    `md5s` (hex) and `crcs` (CRC-64/NVME) are those of the parts, `sha256` (hex) and `crc64nvme` those of the
    whole. All come from one read, so a part that still has its sums is a part of the file with that sha256.
    """

    sha256: str
    bytes: int
    part_bytes: int
    md5s: tuple[str, ...]
    crcs: tuple[int, ...]
    crc64nvme: int

    @property
    def tag(self) -> str:
        """The tag (ETag) that S3 and R2 give the object.

        In one piece: its MD5. In parts: the MD5 of the parts' MD5s, and their number.
        """
        if not self.has_parts:
            return self.md5s[0]
        joined = b"".join(bytes.fromhex(md5) for md5 in self.md5s)
        return f"{hashlib.md5(joined, usedforsecurity=False).hexdigest()}-{len(self.md5s)}"

    @property
    def has_parts(self) -> bool:
        """Whether the file is sent in several parts."""
        return len(self.md5s) > 1

    @property
    def parts(self) -> Iterator[FilePart]:
        """The parts, in order."""
        for index, (md5, crc) in enumerate(zip(self.md5s, self.crcs, strict=True)):
            start = index * self.part_bytes
            yield FilePart(index + 1, start, min(self.part_bytes, self.bytes - start), md5, crc)

    @property
    def is_sound(self) -> bool:
        """Whether the numbers fit each other: as many parts as the size asks for."""
        return len(self.md5s) == len(self.crcs) == max(1, -(-self.bytes // max(1, self.part_bytes)))
