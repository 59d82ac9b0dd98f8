"""Whether a Matroska or WebM file is complete (RFC 8794 and RFC 9559).

The segment states its length, and its seek head where the index lies. A live recording states no
length: then only the elements at its end tell, and a cut exactly between two of them is a doubt
because such a recording has no index.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mcsyncd.containers.reader import BoundedReader
from mcsyncd.containers.shortfall import Shortfall, report_cut, report_zeros

_EBML = b"\x1a\x45\xdf\xa3"
"""ID of the EBML header, with which a Matroska file begins (RFC 8794)."""

_SEGMENT = b"\x18\x53\x80\x67"
"""ID of the Matroska segment, which holds everything else (RFC 9559)."""

_SEEK_HEAD, _SEEK, _SEEK_ID, _SEEK_POSITION = b"\x11\x4d\x9b\x74", b"\x4d\xbb", b"\x53\xab", b"\x53\xac"
"""IDs of the seek head, which says where other elements lie, and of what is in it (RFC 9559, 5.1.1)."""

_CLUSTER, _CUES = b"\x1f\x43\xb6\x75", b"\x1c\x53\xbb\x6b"
"""IDs of a cluster, which holds the frames of some seconds, and of the index."""

_HEAD_ELEMENTS = 32
"""Elements that are looked at from the segment's start. Judgement: a seek head is the first or second."""

_TAIL_BYTES = 8 << 20
"""Bytes from the end in which the last cluster of a live recording is searched: FFmpeg begins a new one after
5 MB. Smaller, the cluster is not found and the file stays unjudged."""


class _Element(NamedTuple):
    """An element by its ID; `end` is None if it does not state its length."""

    identity: bytes
    content: int
    end: int | None


def is_matroska(head: bytes) -> bool:
    """Return whether a file that begins with `head` is a Matroska or WebM file."""
    return head[:4] == _EBML


def find_matroska_shortfall(reader: BoundedReader) -> Shortfall | None:
    """Return what is missing of a Matroska or WebM file; None if nothing is, as far as its bytes tell."""
    header = _read_element(reader, 0)
    segment = _read_element(reader, header.end) if header and header.end is not None else None
    if segment is None or segment.identity != _SEGMENT:
        at_end = header is not None and header.end is not None and header.end >= reader.size - 12
        return Shortfall("it ends before its segment") if at_end else None
    if segment.end is None:
        return _find_live_shortfall(reader, segment)
    return report_cut("the header", segment.end, reader.size) or _find_unwritten_element(reader, segment)


def _find_unwritten_element(reader: BoundedReader, segment: _Element) -> Shortfall | None:
    """Return the shortfall if there are zeros where the seek head says that an element lies."""
    for identity, position in _read_seek_head(reader, segment):
        if position < reader.size and not any(reader.read_at(position, len(identity) + 8)):
            return report_zeros(position, reader.size)
    return None


def _find_live_shortfall(reader: BoundedReader, segment: _Element) -> Shortfall | None:
    """Judge a recording that does not state its length by its last cluster."""
    tail = reader.read_tail(_TAIL_BYTES)
    start = reader.size - len(tail)
    found = max(tail.rfind(_CLUSTER), tail.rfind(_CUES))
    position: int | None = start + found if found >= 0 else segment.content
    if found < 0 and start > segment.content:
        return None
    element: _Element | None = None
    while position is not None and position < reader.size:
        element = _read_element(reader, position)
        if element is None:
            rest = reader.read_at(position, 16)
            return (
                report_zeros(position, reader.size)
                if not any(rest)
                else Shortfall("it ends inside an element")
            )
        if element.end is not None and element.end > reader.size:
            return Shortfall("its last element is cut", element.end - reader.size)
        position = element.content if element.end is None else element.end
    if tail.rfind(_CUES) < 0:
        return Shortfall("it states no length and has no index: the recording was not closed", certain=False)
    return None


def _read_seek_head(reader: BoundedReader, segment: _Element) -> Iterator[tuple[bytes, int]]:
    """Yield the ID and the position in the file of each element that the seek head lists."""
    for element in _iterate_elements(reader, segment.content, segment.end, _HEAD_ELEMENTS):
        if element.identity != _SEEK_HEAD:
            continue
        for entry in _iterate_elements(reader, element.content, element.end, _HEAD_ELEMENTS):
            values = {
                part.identity: reader.read_at(part.content, min(8, (part.end or part.content) - part.content))
                for part in _iterate_elements(reader, entry.content, entry.end, 4)
            }
            if entry.identity == _SEEK and {_SEEK_ID, _SEEK_POSITION} <= values.keys():
                yield values[_SEEK_ID], segment.content + int.from_bytes(values[_SEEK_POSITION], "big")


def _iterate_elements(reader: BoundedReader, start: int, end: int | None, limit: int) -> Iterator[_Element]:
    for _ in range(limit):
        element = _read_element(reader, start) if end is not None and start < end else None
        if element is None:
            return
        yield element
        if element.end is None:
            return
        start = element.end


def _read_element(reader: BoundedReader, position: int) -> _Element | None:
    """Return the element at `position`; None if there is none, or only a part of its head."""
    raw = reader.read_at(position, 12)
    if not raw or not raw[0] or raw[0] < 0x10:  # an ID has four bytes at most
        return None
    width = 9 - raw[0].bit_length()
    length = raw[width : width + 1]
    if len(length) == 0 or not length[0]:
        return None
    extra = 8 - length[0].bit_length()
    value = raw[width : width + 1 + extra]
    if len(value) <= extra:
        return None
    content = position + width + 1 + extra
    number = int.from_bytes(bytes([value[0] & (0x7F >> extra)]) + value[1:], "big")
    return _Element(raw[:width], content, None if number == (1 << 7 * (extra + 1)) - 1 else content + number)
