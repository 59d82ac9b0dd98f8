"""Take the sums of a file's parts while it is hashed, and keep them beside the session's files.

Nothing has to be read again for an upload, or for one that goes on after a restart. The kept sums are
only a help: a part whose sums differ is a reason to hash the whole file, never to believe the sums.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import anycrc
from pydantic import TypeAdapter, ValidationError

from mcsyncd.integrity.derived_file import write_derived_file
from mcsyncd.integrity.hashing import ReportBytes, compute_digest
from mcsyncd.model.clip import Digest
from mcsyncd.model.part_sums import PartSums, choose_part_bytes

CRC64NVME = anycrc.Model("CRC64-NVME")
"""The only checksum of a whole object that R2 offers (S3's FULL_OBJECT); 8.7 GB/s measured."""

_KEPT_SUMS = TypeAdapter(PartSums)


class PartSummer:
    """Takes the sums of the parts of a file whose chunks are added in order, of whatever size they are."""

    def __init__(self, part_bytes: int) -> None:
        self._part_bytes = part_bytes
        self._md5 = _new_md5()
        self._crc = self._filled = self._whole = 0
        self._md5s: list[str] = []
        self._crcs: list[int] = []

    def add(self, chunk: memoryview) -> None:
        """Add the next bytes of the file."""
        while chunk.nbytes:
            piece = chunk[: self._part_bytes - self._filled]
            self._md5.update(piece)
            self._crc = CRC64NVME.calc(piece, self._crc)
            self._filled += piece.nbytes
            chunk = chunk[piece.nbytes :]
            if self._filled == self._part_bytes:
                self._end_part()

    def finish(self, digest: Digest) -> PartSums:
        """Return the sums of the file, whose digest is given; nothing can be added after that."""
        if self._filled or not self._md5s:
            self._end_part()
        sums = tuple(self._md5s), tuple(self._crcs)
        return PartSums(digest.sha256, digest.bytes, self._part_bytes, *sums, self._whole)

    def _end_part(self) -> None:
        self._whole = CRC64NVME.combine(self._whole, self._crc, self._filled)
        self._md5s.append(self._md5.hexdigest())
        self._crcs.append(self._crc)
        self._md5, self._crc, self._filled = _new_md5(), 0, 0


def compute_part_sums(
    path: Path, report_bytes: ReportBytes | None = None, *, part_bytes: int | None = None
) -> tuple[Digest, PartSums]:
    """Read a file once; return its digest and the sums of its parts (of `choose_part_bytes`, by default).

    Raises what `compute_digest` raises.
    """
    size = os.lstat(path).st_size if os.path.lexists(path) else 0  # one that is missing is told of below
    summer = PartSummer(part_bytes or choose_part_bytes(size))
    digest = compute_digest(path, report_bytes, add_chunk=summer.add)
    return digest, summer.finish(digest)


def keep_part_sums(path: Path, sums: PartSums) -> None:
    """Write the sums to `path`. Raises OSError."""
    write_derived_file(path, _KEPT_SUMS.dump_json(sums))


def load_part_sums(path: Path, *, sha256: str, size: int) -> PartSums | None:
    """Return the kept sums of the file with that sha256 and size; None if there are none that fit."""
    try:
        sums = _KEPT_SUMS.validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    fits = (sums.sha256, sums.bytes, sums.part_bytes) == (sha256, size, choose_part_bytes(size))
    return sums if fits and sums.is_sound else None


def _new_md5() -> hashlib._Hash:
    """Return an MD5, which the S3 protocol asks for; integrity is verified by sha256."""
    return hashlib.md5(usedforsecurity=False)
