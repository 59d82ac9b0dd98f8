"""Whether an MPEG program stream (ISO/IEC 13818-1 and 11172-1) is complete.

A stream may end with an end code, but FFmpeg and some cameras write none. Without it, the last packet must
be whole, and so must the last MPEG-2 picture: copies stop at multiples of 2,048 bytes, and so do packs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mcsyncd.containers.pictures import lacks_slices
from mcsyncd.containers.reader import BoundedReader
from mcsyncd.containers.shortfall import Shortfall, report_zeros
from mcsyncd.containers.zeros import MAX_PADDING, find_zero_start

_PACK, _SYSTEM, _END = b"\x00\x00\x01\xba", b"\x00\x00\x01\xbb", b"\x00\x00\x01\xb9"
"""Start codes of a pack, of the system header in the first pack, and of the end of the stream."""

_TAIL_BYTES = 2 << 20
"""Bytes at the end whose packets are read: about 2 s of a DVD camera. Smaller, there are too few pictures
to compare; larger costs more steps."""


class _StreamPacket(NamedTuple):
    """A packet or pack header by its stream number, and where its content begins and ends in the tail."""

    stream: int
    content: int
    end: int


def is_program_stream(head: bytes) -> bool:
    """Return whether a file that begins with `head` is a program stream."""
    return head[:4] == _PACK


def begins_program_stream(head: bytes) -> bool:
    """Return whether the first pack holds the system header, which most packs do not."""
    return is_program_stream(head) and _SYSTEM in head[4:32]


def has_end_code(tail: bytes) -> bool:
    """Return whether a stream that ends with `tail` says that it ends."""
    return tail.rstrip(b"\0").endswith(_END)


def find_program_shortfall(reader: BoundedReader) -> Shortfall | None:
    """Return what is missing of a program stream; None if nothing is, as far as its bytes tell."""
    zeros = find_zero_start(reader)
    if reader.size - zeros > MAX_PADDING:
        return report_zeros(zeros, reader.size)
    tail = reader.read_tail(_TAIL_BYTES)
    start = tail.find(_PACK)
    packets = list(_iterate_packets(tail, start)) if start >= 0 else []
    if not packets:
        return None
    end = packets[-1].end
    if end > len(tail):
        return Shortfall("its last packet is cut", end - len(tail))
    rest = tail[end:]
    if 0 < len(rest) < 6 and any(rest) and rest != _END:
        return Shortfall("it ends inside the header of a packet")
    if any(rest):
        return None  # the end code, or damage on the way: then the end says nothing
    return Shortfall("its last picture is cut") if lacks_slices(_join_video(tail, packets), "mpeg2") else None


def _iterate_packets(tail: bytes, position: int) -> Iterator[_StreamPacket]:
    """Yield the packets from `position` on, up to the end code or to bytes that are not a packet."""
    while tail[position : position + 3] == b"\0\0\1" and len(tail) - position >= 6:
        stream = tail[position + 3]
        if stream < 0xBA:
            return
        if stream == 0xBA:
            mpeg2 = tail[position + 4] & 0xC0 == 0x40
            stuffing = tail[position + 13] & 7 if mpeg2 and position + 13 < len(tail) else 0
            length = 14 + stuffing if mpeg2 else 12
        else:
            length = 6 + int.from_bytes(tail[position + 4 : position + 6], "big")
        yield _StreamPacket(stream, position + 6, position + length)
        position += length


def _join_video(tail: bytes, packets: list[_StreamPacket]) -> bytes:
    """Return the video of the first video stream among the packets, without their headers."""
    stream = next((packet.stream for packet in packets if 0xE0 <= packet.stream <= 0xEF), None)
    parts = [tail[packet.content : packet.end] for packet in packets if packet.stream == stream]
    return b"".join(_strip_header(part) for part in parts)


def _strip_header(content: bytes) -> bytes:
    """Return what follows the header of a packet, which MPEG-2 and MPEG-1 write differently."""
    if content[:1] and content[0] & 0xC0 == 0x80:
        return content[3 + content[2] :] if len(content) > 2 else b""
    at = len(content) - len(content.lstrip(b"\xff"))
    if content[at : at + 1] and content[at] & 0xC0 == 0x40:
        at += 2
    marker = content[at] >> 4 if at < len(content) else 0
    return content[at + {2: 5, 3: 10}.get(marker, 1) :]
