"""How long a recording is by its container's own bytes: a few reads, no decoder.

Only containers in which cameras and recorders write second copies: MP4 and MOV, WAV and its relatives, MXF.
"""

from __future__ import annotations

from fractions import Fraction
from typing import BinaryIO

from mcsyncd.containers.boxes import Box, find_box
from mcsyncd.containers.movie import is_movie
from mcsyncd.containers.mxf import is_mxf, measure_mxf_seconds
from mcsyncd.containers.reader import BoundedReader, ReadLimitError
from mcsyncd.containers.wave import is_wave, measure_wave_seconds

_HEAD_BYTES = 64
"""Bytes at the start from which these containers are told."""


def measure_duration_us(file: BinaryIO) -> int | None:
    """Return the microseconds that a recording declares; None where it declares none or is not known here.

    Raises OSError if the file cannot be read, and nothing else.
    """
    reader = BoundedReader(file)
    try:
        seconds = _measure_seconds(reader, reader.read_at(0, _HEAD_BYTES))
    except ReadLimitError:
        return None
    return round(seconds * 1_000_000) if seconds else None


def _measure_seconds(reader: BoundedReader, head: bytes) -> Fraction | None:
    if is_movie(head):
        return _measure_movie_seconds(reader)
    if is_wave(head):
        return measure_wave_seconds(reader)
    return measure_mxf_seconds(reader) if is_mxf(head) else None


def _measure_movie_seconds(reader: BoundedReader) -> Fraction | None:
    """Read the movie header (ISO/IEC 14496-12, 8.2.2): as long as the longest track."""
    header = find_box(reader, Box(b"", 0, 0, reader.size), b"moov", b"mvhd")
    if header is None:
        return None
    wide = reader.read_at(header.content, 1) == b"\1"  # version 1 has 64 bits for times
    at, length = (header.content + 20, 8) if wide else (header.content + 12, 4)
    scale, ticks = reader.read_number(at, 4), reader.read_number(at + 4, length)
    if not scale or ticks is None or ticks == (1 << 8 * length) - 1:
        return None
    return Fraction(ticks, scale)
