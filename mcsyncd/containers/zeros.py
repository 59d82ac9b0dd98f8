"""Zeros in a file: space that was reserved for a copy and never written, or padding, or silence."""

from __future__ import annotations

from typing import NamedTuple

from mcsyncd.containers.reader import BoundedReader

BLOCK = 4096
"""Bytes in which files are looked through and in which filesystems and copy programs write. Larger, the
beginning of the zeros is missed where a copy stopped at an odd page; smaller means more reads."""

MAX_PADDING = 1 << 16
"""Bytes of zeros that may follow a stream without an end of its own (MPEG). Judgement: no camera file that
was looked at has any; programs pad to sectors, pages or small clusters. Larger, a copy that stopped shortly
before the end is not seen; smaller, a padded file is called cut."""

_SAMPLES = 64
"""Blocks that are looked at between the first zeros and the end. Judgement: a stretch of sound among the
zeros is met by one of them; more cost more reads."""


_GAP_SAMPLES = 16
"""Blocks that are looked at between head and tail. Judgement: a part of a sixteenth of a file that is missing
is met by one of them. Fewer, smaller parts are not seen; more cost a seek each on a disk."""

_MAX_HOLES = 64
"""Holes that are looked at. Judgement: programs copy in fewer parts. More cost reads, in a file of silence
that was stored without its zeros; fewer, a file with many parts is judged by the first of them."""

_EDGE_BYTES = 8
"""Bytes before and behind zeros in which there is data if a copy left them. Judgement: coded picture and
sound hold no eight zeros, and silence begins and ends so near to a block once in 250,000 times. More, and
silence is called missing; fewer, and a quiet sample hides what is."""


class Gap(NamedTuple):
    """Zeros between data, by their first byte and the one behind the last.

    `is_hole` tells that nothing was ever written there, `is_aligned` that they are whole blocks.
    """

    begin: int
    end: int
    is_hole: bool
    is_aligned: bool


def find_gap(reader: BoundedReader) -> Gap | None:
    """Return the gap that is most likely a part that a copy still lacks; None if nothing looks like one.

    A copy that fills its parts out of order writes whole blocks. The filesystem tells which were never
    written; of zeros that were, at least those are found that are a sixteenth of the file.
    """
    holes = [
        Gap(begin, end, is_hole=True, is_aligned=_is_aligned(reader, begin, end))
        for begin, end in reader.iterate_holes(_MAX_HOLES)
    ]
    found = next((hole for hole in holes if hole.is_aligned), None)
    found = found or next((hole for hole in holes if hole.end - hole.begin >= MAX_PADDING), None)
    return found or _find_zero_gap(reader)


def _find_zero_gap(reader: BoundedReader) -> Gap | None:
    """Return aligned zeros that a program has written; silence and padding hardly ever are."""
    blocks = reader.size // BLOCK
    for number in range(1, _GAP_SAMPLES):
        block = blocks * number // _GAP_SAMPLES
        if _holds_data(reader, block):
            continue
        first = _find_edge(reader, block, -1, blocks)
        last = _find_edge(reader, block, 1, blocks)
        begin, end = first * BLOCK, (last + 1) * BLOCK
        is_inside = first > 0 and last < blocks - 1
        if is_inside and end - begin >= MAX_PADDING and _is_aligned(reader, begin, end):
            return Gap(begin, end, is_hole=False, is_aligned=True)
    return None


def _find_edge(reader: BoundedReader, block: int, direction: int, blocks: int) -> int:
    """Return the last block of zeros from `block` on in a direction, by halving."""
    good, step = block, 1
    while 0 <= good + direction * step < blocks and not _holds_data(reader, good + direction * step):
        good, step = good + direction * step, step * 2
    low, high = 0, min(step, blocks - 1 - good if direction > 0 else good)
    while low < high:
        middle = (low + high + 1) // 2
        if _holds_data(reader, good + direction * middle):
            high = middle - 1
        else:
            low = middle
    return good + direction * low


def _is_aligned(reader: BoundedReader, begin: int, end: int) -> bool:
    """Return whether there is data right before and right behind."""
    before, behind = reader.read_at(begin - _EDGE_BYTES, _EDGE_BYTES), reader.read_at(end, _EDGE_BYTES)
    return any(before) and any(behind)


def find_zero_start(reader: BoundedReader) -> int:
    """Return the position from which a file holds only zeros up to its end; its size if it does not end so.

    Reads at most about 130 blocks, whatever the size: the beginning is searched by halving, so in a
    file with several stretches of zeros it is the beginning of one of them, and only samples of
    what follows are looked at.
    """
    if reader.size == 0 or any(reader.read_tail(16)):
        return reader.size
    blocks = -(-reader.size // BLOCK)
    first, step = blocks - 1, 1  # the last block that is known to be zero
    while first - step >= 0 and not _holds_data(reader, first - step):
        first, step = first - step, step * 2
    low, high = max(-1, first - step), first  # `low` holds data, or is before the file
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _holds_data(reader, middle) else (low, middle)
    if any(_holds_data(reader, high + (blocks - high) * number // _SAMPLES) for number in range(_SAMPLES)):
        return reader.size
    return max(0, low * BLOCK) + len(reader.read_at(low * BLOCK, BLOCK).rstrip(b"\0"))


def _holds_data(reader: BoundedReader, block: int) -> bool:
    return any(reader.read_at(block * BLOCK, BLOCK))
