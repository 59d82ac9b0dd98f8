"""Whether an Ogg file is complete, by its last page (RFC 3533).

Every page states its length, and the last page of a stream is marked as such. A file that ends with
a whole page without that mark is a doubt: it was cut there, or its recorder was interrupted.
"""

from __future__ import annotations

from mcsyncd.containers.checksums import OGG_PAGE, compute_crc
from mcsyncd.containers.reader import BoundedReader
from mcsyncd.containers.shortfall import Shortfall, report_cut, report_zeros
from mcsyncd.containers.zeros import find_zero_start

_PAGE = b"OggS"
"""The first bytes of every page."""

_BEGIN, _END = 0x02, 0x04
"""Flags of the first and of the last page of a stream."""

_MAX_PAGE_BYTES = 27 + 255 + 255 * 255
"""Bytes of the longest page: its head, 255 lengths, and as many segments of 255 bytes."""


def is_ogg(head: bytes) -> bool:
    """Return whether a file that begins with `head` is an Ogg file."""
    return head[:4] == _PAGE


def begins_ogg(head: bytes) -> bool:
    """Return whether the first page begins a stream."""
    return is_ogg(head) and len(head) > 5 and bool(head[5] & _BEGIN)


def find_ogg_shortfall(reader: BoundedReader) -> Shortfall | None:
    """Return what is missing of an Ogg file; None if nothing is, as far as its bytes tell."""
    tail = reader.read_tail(2 * _MAX_PAGE_BYTES)
    begin, at = reader.size - len(tail), tail.rfind(_PAGE)
    zeros = find_zero_start(reader)
    if at < 0:
        return report_zeros(zeros, reader.size) if zeros < reader.size else None
    head = tail[at : at + 27]
    segments = tail[at + 27 : at + 27 + head[26]] if len(head) == 27 else b""
    if len(head) < 27 or len(segments) < head[26]:
        return Shortfall("it ends inside the head of a page")
    page = tail[at : at + 27 + len(segments) + sum(segments)]
    end = begin + at + 27 + len(segments) + sum(segments)
    if end > reader.size:
        return report_cut("its last page", end, reader.size)
    if zeros < reader.size and not (head[5] & _END and _is_page_sound(page)):
        return report_zeros(min(zeros, end), reader.size)
    return None if head[5] & _END else _find_missing_end(tail[end - begin :])


def _find_missing_end(rest: bytes) -> Shortfall:
    """Judge a file whose last page does not end the stream by what follows that page."""
    if rest:
        return Shortfall("it ends inside the head of a page")
    return Shortfall("its last page does not end the stream: the recording was not closed", certain=False)


def _is_page_sound(page: bytes) -> bool:
    """Return whether a page matches its own check."""
    return compute_crc(page[:22] + bytes(4) + page[26:], OGG_PAGE) == int.from_bytes(page[22:26], "little")
