"""Whether a file is complete, and how long its index is, according to the container's own sizes.

An MP4 or MOV is a chain of boxes that ends exactly at the end of the file (ISO/IEC 14496-12,
4.2); a Matroska segment states its length (RFC 9559). After an interrupted copy, a box extends
beyond the end of the file. FFmpeg reads such files as far as they go and reports nothing, so a
clip would silently lose its end.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

_EBML = b"\x1a\x45\xdf\xa3"
"""ID of the EBML header, with which a Matroska file begins (RFC 8794)."""

_SEGMENT = b"\x18\x53\x80\x67"
"""ID of the Matroska segment, which holds everything else (RFC 9559)."""

_MAX_BOXES = 1_000_000
"""Outermost boxes that are read. Judgement: far more than fragmented recordings have. Without the limit, a
hostile file of tiny boxes keeps a worker busy for hours."""


class _Box(NamedTuple):
    name: bytes
    length: int


def count_missing_bytes(file: BinaryIO) -> int:
    """Return how many bytes are missing at the end of a file; 0 if it is complete or does not say."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(8)
    if head[:4] == _EBML:
        return _find_segment_end(file) - size if _find_segment_end(file) > size else 0
    if head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}:
        return _count_missing_box_bytes(file, size)
    return 0


def count_index_bytes(file: BinaryIO) -> int:
    """Return the size of an MP4's or MOV's index (`moov`) in bytes; 0 for other files: theirs is small."""
    size = file.seek(0, os.SEEK_END)
    return sum(min(box.length, size) for box, _ in _iterate_boxes(file, size) if box.name == b"moov")


def _count_missing_box_bytes(file: BinaryIO, size: int) -> int:
    return max(0, max((end for _, end in _iterate_boxes(file, size)), default=0) - size)


def _iterate_boxes(file: BinaryIO, size: int) -> Iterator[tuple[_Box, int]]:
    """Yield each outermost box and the position of its end, up to the first bytes that are not a box."""
    position = 0
    for _ in range(_MAX_BOXES):
        box = _read_box(file, position, size) if position < size else None
        if box is None:
            return  # some recorders leave padding after the last box
        position += box.length
        yield box, position


def _read_box(file: BinaryIO, position: int, size: int) -> _Box | None:
    """Return the box that begins at `position`; None if there is none."""
    file.seek(position)
    head = file.read(16)
    name = head[4:8]
    if len(head) < 8 or not name.strip(b"\0"):
        return None
    length = int.from_bytes(head[:4], "big")
    if length == 0:  # the box reaches to the end of the file
        return _Box(name, size - position)
    if length == 1:  # a 64-bit length follows the name
        return _Box(name, max(16, int.from_bytes(head[8:16], "big")))
    return _Box(name, length) if length >= 8 else None


def _find_segment_end(file: BinaryIO) -> int:
    """Return the position where the Matroska segment ends by its header; 0 if it does not say."""
    file.seek(4)
    header = _read_vint(file)
    if header is None:
        return 0
    file.seek(header, os.SEEK_CUR)
    if file.read(4) != _SEGMENT:
        return 0
    length = _read_vint(file)
    return 0 if length is None else file.tell() + length


def _read_vint(file: BinaryIO) -> int | None:
    """Read an EBML length; None if it is "unknown" (a live recording) or invalid."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    extra = 8 - first[0].bit_length()
    value = int.from_bytes(bytes([first[0] & (0x7F >> extra)]) + file.read(extra), "big")
    return None if value == (1 << 7 * (extra + 1)) - 1 else value
