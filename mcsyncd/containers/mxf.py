"""Whether an MXF is complete, by its partitions (SMPTE ST 377-1).

The header says where the footer lies; the footer is followed by the index and, in most files, by the
random index pack, whose last four bytes state its own length. A recorder that was interrupted, and a
writer into a pipe, promise no footer: then only the end of the file tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from mcsyncd.containers.reader import BoundedReader
from mcsyncd.containers.shortfall import Shortfall, report_cut, report_zeros

_PARTITION = bytes.fromhex("060e2b34020501010d01020101")
"""The first 13 bytes of the key of every partition pack (ST 377-1, 7.1)."""

_RANDOM_INDEX = bytes.fromhex("060e2b34020501010d01020101110100")
"""The key of the random index pack (ST 377-1, 12)."""

_HEADER, _FOOTER = 2, 4
"""Byte 14 of a partition's key: its kind."""

_OPEN_STATUSES = frozenset({1, 3})
"""Byte 15 of a partition's key where the writer meant to come back: open, incomplete or complete."""

_MAX_ITEMS = 4096
"""Items behind the footer that are walked. Judgement: real files have about ten. Lower, the index of a file
with many is not checked; higher, a hostile file costs more reads."""

_MAX_STARTS = 16
"""Places in the tail at which a chain of items may begin. Judgement: essence holds few bytes like a key.
Fewer, a cut item is only a doubt; more, a hostile file costs more reads."""

_TAIL_BYTES = 4 << 20
"""Bytes at the end in which the last items are searched: more than a frame of any camera. Smaller, a cut
item is only a doubt; larger costs more reading."""

_MAX_RANDOM_INDEX = 1 << 20
"""Bytes of a random index pack: 12 for each partition. Judgement: 87,000 partitions are more than any
recorder writes. Larger, four bytes of anything are taken for its length."""


_SET = bytes.fromhex("060e2b34025301010d0101010101")
"""The first 14 bytes of the key of a set of the header's metadata; the next one says which (A.1)."""

_TRACK_SETS, _SEQUENCE_SET = frozenset({0x3A, 0x3B}), 0x0F
"""Byte 14 of the key of a set: static and timeline tracks, and the sequence of a track."""

_INSTANCE, _SEQUENCE, _EDIT_RATE, _DURATION = 0x3C0A, 0x4803, 0x4B01, 0x0202
"""Tags of a set's properties: its identity, a track's sequence and edit rate, and a sequence's duration."""

_MAX_SET_BYTES = 1 << 12
"""Bytes of a set that are read. Judgement: those of tracks and sequences have about 100. Larger, a hostile
file costs more reading; smaller, no duration is found."""


class _Item(NamedTuple):
    """A key, and where its value begins and ends, in bytes."""

    key: bytes
    content: int
    end: int

    @property
    def kind(self) -> int:
        """The kind of a partition; 0 for other items."""
        return self.key[13] if self.key.startswith(_PARTITION) and self.key != _RANDOM_INDEX else 0


def is_mxf(head: bytes) -> bool:
    """Return whether a file that begins with `head` is an MXF."""
    return head[:13] == _PARTITION and head[13:14] == bytes([_HEADER])


def find_mxf_shortfall(reader: BoundedReader) -> Shortfall | None:
    """Return what is missing of an MXF; None if nothing is, as far as its bytes tell."""
    header = _read_item(reader, 0)
    footer = reader.read_number(header.content + 24, 8) if header else None
    if header is None or footer is None:
        return Shortfall("it ends inside its header")
    if footer:
        cut = report_cut("the footer that the header promises", footer + 1, reader.size)
        return cut or _find_footer_shortfall(reader, footer)
    random_index = _find_random_index(reader)
    if random_index is not None:
        return _find_footer_shortfall(reader, reader.read_number(random_index.end - 12, 8) or 0)
    return _find_cut_item(reader) if header.key[14] in _OPEN_STATUSES else None


def measure_mxf_seconds(reader: BoundedReader) -> Fraction | None:
    """Return the seconds of the longest track that the header declares; None while it is open."""
    rates: dict[bytes, Fraction] = {}
    lengths: dict[bytes, int] = {}
    for kind, properties in _iterate_sets(reader):
        rate, length = properties.get(_EDIT_RATE, b""), properties.get(_DURATION, b"")
        if kind in _TRACK_SETS and len(rate) == 8 and any(rate[:4]) and any(rate[4:]):
            per_second = Fraction(int.from_bytes(rate[:4], "big"), int.from_bytes(rate[4:], "big"))
            rates[properties.get(_SEQUENCE, b"")] = per_second
        elif kind == _SEQUENCE_SET and len(length) == 8:
            lengths[properties.get(_INSTANCE, b"")] = int.from_bytes(length, "big", signed=True)
    durations = [lengths[key] / rate for key, rate in rates.items() if lengths.get(key, -1) >= 0]
    return max(durations, default=None)


def _iterate_sets(reader: BoundedReader) -> Iterator[tuple[int, dict[int, bytes]]]:
    """Yield the sets of the header's metadata: kind, and properties by tag."""
    item = _read_item(reader, 0)
    end = item.end + (reader.read_number(item.content + 32, 8) or 0) if item is not None else 0
    for _ in range(_MAX_ITEMS):
        item = _read_item(reader, item.end) if item is not None and item.end < end else None
        if item is None:
            return
        if item.key.startswith(_SET):
            content = reader.read_at(item.content, min(item.end - item.content, _MAX_SET_BYTES))
            yield item.key[14], _parse_properties(content)


def _parse_properties(content: bytes) -> dict[int, bytes]:
    """Return the properties of a set: a tag and a length of two bytes each, then the value."""
    properties, at = {}, 0
    while at + 4 <= len(content):
        tag, length = (
            int.from_bytes(content[at : at + 2], "big"),
            int.from_bytes(content[at + 2 : at + 4], "big"),
        )
        properties[tag] = content[at + 4 : at + 4 + length]
        at += 4 + length
    return properties


def _find_footer_shortfall(reader: BoundedReader, position: int) -> Shortfall | None:
    """Judge what follows the position at which the footer should lie."""
    item = _read_item(reader, position)
    if item is None or item.kind != _FOOTER:
        if any(reader.read_at(position, 16)):
            return Shortfall("there is no whole footer where the header promises one")
        return report_zeros(position, reader.size)
    for _ in range(_MAX_ITEMS):
        if item.end >= reader.size:
            return report_cut("its footer", item.end, reader.size)
        following = _read_item(reader, item.end)
        if following is None:  # zeros are padding: the footer is there
            return Shortfall("it ends inside its footer") if any(reader.read_at(item.end, 16)) else None
        item = following
    return None


def _find_cut_item(reader: BoundedReader) -> Shortfall | None:
    """Judge an MXF that promises no footer and has none by the last item that can be found."""
    tail = reader.read_tail(_TAIL_BYTES)
    begin, at = reader.size - len(tail), -1
    for _ in range(_MAX_STARTS):
        at = tail.find(_PARTITION[:4], at + 1)
        if at < 0:
            break
        position, count = begin + at, 0
        while (item := _read_item(reader, position)) is not None and count < _MAX_ITEMS:
            position, count = item.end, count + 1
        if count and position > reader.size:
            return Shortfall("its last item is cut", position - reader.size)
        if position + 25 > reader.size:
            break
    return Shortfall("it has no footer: the recording was not closed", certain=False)


def _find_random_index(reader: BoundedReader) -> _Item | None:
    length = reader.read_number(reader.size - 4, 4) or 0
    item = _read_item(reader, reader.size - length) if 0 < length <= _MAX_RANDOM_INDEX else None
    return item if item is not None and item.key == _RANDOM_INDEX and item.end == reader.size else None


def _read_item(reader: BoundedReader, position: int) -> _Item | None:
    """Return the item at `position`; None if there is none, or only a part of its head."""
    raw = reader.read_at(position, 25)
    if len(raw) < 17 or raw[:4] != _PARTITION[:4]:
        return None
    extra = raw[16] & 0x7F if raw[16] & 0x80 else 0
    if extra > 8 or len(raw) < 17 + extra:
        return None
    length = int.from_bytes(raw[17 : 17 + extra], "big") if extra else raw[16]
    content = position + 17 + extra
    return _Item(raw[:16], content, content + length)
