"""The boxes of MP4 and MOV (ISO/IEC 14496-12, 4.2): a name and a length each, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, NamedTuple

from mcsyncd.containers.reader import BoundedReader, ReadLimitError

_SAMPLE_PATH = (b"mdia", b"minf", b"stbl", b"stsd")
"""Boxes from a track down to the descriptions of its samples."""


class Box(NamedTuple):
    """A box by its name, and where it begins, where its content begins and where it ends, in bytes.

    The end may lie beyond the end of the file.
    """

    name: bytes
    position: int
    content: int
    end: int


def count_index_bytes(file: BinaryIO) -> int:
    """Return the size of an MP4's or MOV's index (`moov`) in bytes; 0 for other files: theirs is small."""
    reader = BoundedReader(file)
    total = 0
    with suppress(ReadLimitError):
        for box in iterate_boxes(reader, 0, reader.size):
            total += min(box.end - box.position, reader.size) if box.name == b"moov" else 0
    return total


def list_sample_formats(file: BinaryIO) -> list[str]:
    """Return the four letters by which each track of an MP4 or MOV names its codec, in order.

    Empty for other files; what cannot be read has an empty name.
    """
    reader = BoundedReader(file)
    names = []
    with suppress(ReadLimitError):
        for box in iterate_boxes(reader, 0, reader.size):
            if box.name == b"moov":
                tracks = [
                    track for track in iterate_boxes(reader, box.content, box.end) if track.name == b"trak"
                ]
                names += [_read_sample_format(reader, track, _SAMPLE_PATH) for track in tracks]
    return names


def _read_sample_format(reader: BoundedReader, parent: Box, path: tuple[bytes, ...]) -> str:
    for box in iterate_boxes(reader, parent.content, parent.end):
        if box.name == path[0]:
            if len(path) > 1:
                return _read_sample_format(reader, box, path[1:])
            # Version, flags and the number of entries; then the size and the name of the first one.
            return reader.read_at(box.content + 12, 4).decode("latin-1").strip()
    return ""


def iterate_boxes(reader: BoundedReader, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes from `start` on, up to `end` or to the first bytes that are not a box."""
    while start < end:
        box = _read_box(reader, start, end)
        if box is None:
            return  # some recorders leave padding after the last box
        yield box
        start = box.end


def find_box(reader: BoundedReader, parent: Box, *path: bytes) -> Box | None:
    """Return the first box at the end of a path of names below `parent`; None if there is none."""
    found: Box | None = parent
    for name in path:
        if found is None:
            return None
        inner = iterate_boxes(reader, found.content, min(found.end, reader.size))
        found = next((box for box in inner if box.name == name), None)
    return found


def _read_box(reader: BoundedReader, position: int, end: int) -> Box | None:
    """Return the box that begins at `position`; None if there is none."""
    head = reader.read_at(position, 16)
    name = head[4:8]
    if len(head) < 8 or not name.strip(b"\0"):
        return None
    length = int.from_bytes(head[:4], "big")
    if length == 0:  # the box reaches to the end
        return Box(name, position, position + 8, end)
    if length == 1:  # a 64-bit length follows the name
        return Box(name, position, position + 16, position + max(16, int.from_bytes(head[8:16], "big")))
    return Box(name, position, position + 8, position + length) if length >= 8 else None
