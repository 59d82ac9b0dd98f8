"""Whether the last picture of a video stream has all its slices.

A slice is a strip of a picture. In MPEG-2 each has the number of its row, so the last picture should
reach the row that all others reach. In H.264 and HEVC the first slice of a picture is marked; where
all pictures have the same number of slices, the last one should, too. Whether a slice itself is
whole cannot be told without decoding it, so a cut inside the last slice of a picture is not found.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

Codec = Literal["mpeg2", "h264", "hevc"]
"""The codecs whose slices are counted."""

_MIN_PICTURES = {"mpeg2": 1, "h264": 4, "hevc": 4}
"""Whole pictures that must agree before the last is compared with them. The rows of MPEG-2 are fixed; in
H.264 and HEVC, fewer may agree by chance (a judgement). With more, the tail of a file with large pictures
is not judged."""

_START_CODE = b"\x00\x00\x01"
"""What every slice begins with; in MPEG-2, H.264 and HEVC it occurs nowhere else."""


def lacks_slices(stream: bytes, codec: Codec) -> bool:
    """Return whether the last picture of a stream has fewer slices than all others.

    `stream` is the end of a video stream; it may begin anywhere.
    """
    pictures = _list_pictures(stream, codec)[1:]  # the first may have begun before
    if len(pictures) <= _MIN_PICTURES[codec]:
        return False
    *others, last = pictures
    return len(set(others)) == 1 and last < others[0]


def _list_pictures(stream: bytes, codec: Codec) -> list[int]:
    """Return for each picture the number of its last row (MPEG-2) or of its slices."""
    pictures = [0]
    for position in _find_start_codes(stream):
        head = stream[position + 3 : position + 6]
        if len(head) < 3:
            break
        if codec == "mpeg2":
            if head[0] == 0:
                pictures.append(0)
            elif head[0] <= 0xAF:
                pictures[-1] = max(pictures[-1], head[0])
            elif head[0] == 0xB7:  # the end of the sequence: the last picture is whole
                return []
        elif (first := _read_first_slice(head, codec)) is not None:
            if first:
                pictures.append(0)
            pictures[-1] += 1
    return pictures


def _read_first_slice(head: bytes, codec: Codec) -> bool | None:
    """Return whether a unit is the first slice of a picture; None if it is not a slice."""
    if codec == "h264":
        return bool(head[1] & 0x80) if head[0] & 31 in {1, 5} else None
    return bool(head[2] & 0x80) if head[0] >> 1 & 63 < 32 else None


def _find_start_codes(stream: bytes) -> Iterator[int]:
    position = stream.find(_START_CODE)
    while position >= 0:
        yield position
        position = stream.find(_START_CODE, position + 3)
