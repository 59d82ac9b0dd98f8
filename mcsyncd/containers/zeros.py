"""Zeros at the end of a file: space that was reserved for a copy and never written, or silence."""

from __future__ import annotations

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
