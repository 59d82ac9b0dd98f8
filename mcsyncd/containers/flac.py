"""Whether a FLAC file is complete, by its last frame (RFC 9639).

The header states how many samples there are, and each frame states which ones it holds and has a check.
FLAC's own word for a packet of samples is "frame"; here it is a *packet*.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from mcsyncd.containers.checksums import FLAC_FRAME, FLAC_HEADER, compute_crc
from mcsyncd.containers.reader import BoundedReader
from mcsyncd.containers.shortfall import Shortfall, report_zeros
from mcsyncd.containers.zeros import BLOCK, find_zero_start

_TAIL_BYTES = 1 << 18
"""Bytes at the end in which the last packet is searched. 8 channels of 4,096 samples with 24 bits take 98 KB.
Smaller, it is not found, and the file stays unjudged; larger costs more reading."""

_BLOCK_SIZES = {
    1: 192,
    **{code: 144 << code for code in range(2, 6)},
    **{code: 1 << code for code in range(8, 16)},
}
"""Samples of a packet by the code in its header (RFC 9639, 9.1.1)."""

_TAG_BYTES = 128
"""Bytes of an ID3v1 tag, which some programs append."""


_MAX_CANDIDATES = 4
"""Headers that are tried, from the end. Judgement: one in 50 tails holds bytes that look like a header.
Fewer, such a complete file is called cut; more cost 10 ms each."""


class _SoundPacket(NamedTuple):
    """A packet: where it begins in the tail, and the number of the sample that follows it."""

    position: int
    next_sample: int


def is_flac(head: bytes) -> bool:
    """Return whether a file that begins with `head`, after an ID3 tag, is a FLAC file."""
    return head[:4] == b"fLaC"


def find_flac_shortfall(reader: BoundedReader, start: int) -> Shortfall | None:
    """Return what is missing of a FLAC file that begins at `start`; None if nothing is."""
    info = reader.read_at(start + 8, 34)
    if len(info) < 34:
        return Shortfall("it ends inside its header")
    total = int.from_bytes(info[13:18], "big") & 0xFFFFFFFFF
    tail = _read_audio_tail(reader, start)
    packets = list(islice(_iterate_packets(tail, int.from_bytes(info[2:4], "big")), _MAX_CANDIDATES))
    if any(
        packet.next_sample == (total or packet.next_sample)
        and not compute_crc(tail[packet.position :].rstrip(b"\0"), FLAC_FRAME)
        for packet in packets
    ):
        return None
    zeros = find_zero_start(reader)
    if reader.size - zeros > BLOCK:
        return report_zeros(zeros, reader.size)
    if not packets and reader.size - start > _TAIL_BYTES:
        return None
    reached = packets[0].next_sample if packets else 0
    if reached < total:
        return Shortfall(f"the header declares {total:,} samples, it ends before sample {reached:,}")
    return Shortfall("its last packet of sound is cut")


def _read_audio_tail(reader: BoundedReader, start: int) -> bytes:
    """Return the end of the file without an ID3v1 tag."""
    tail = reader.read_at(max(start, reader.size - _TAIL_BYTES), _TAIL_BYTES)
    return tail[:-_TAG_BYTES] if tail[-_TAG_BYTES:].startswith(b"TAG") else tail


def _iterate_packets(tail: bytes, block_size: int) -> Iterator[_SoundPacket]:
    """Yield the packets whose header lies whole in `tail`, the last one first."""
    at = len(tail)
    while (at := tail.rfind(b"\xff", 0, at)) >= 0:
        packet = _parse_packet(tail[at : at + 16], at, block_size)
        if packet is not None:
            yield packet


def _parse_packet(head: bytes, position: int, block_size: int) -> _SoundPacket | None:
    """Return the packet whose header `head` begins with; None if it is not one (RFC 9639, 9.1)."""
    if len(head) < 6 or head[1] & 0xFE != 0xF8 or head[3] & 1 or head[2] < 0x10:
        return None
    size_code, rate_code = head[2] >> 4, head[2] & 15
    more = max(0, 7 - (head[4] ^ 0xFF).bit_length()) if head[4] & 0xC0 == 0xC0 else 0
    number = head[4] & (0x7F >> (more + 1) if more else 0x7F)
    for byte in head[5 : 5 + more]:
        number = number << 6 | byte & 0x3F
    size_at = 5 + more
    size_bytes = {6: 1, 7: 2}.get(size_code, 0)
    samples = _BLOCK_SIZES.get(size_code, 1 + int.from_bytes(head[size_at : size_at + size_bytes], "big"))
    check_at = size_at + size_bytes + {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if len(head) <= check_at or compute_crc(head[: check_at + 1], FLAC_HEADER):
        return None
    first = number if head[1] & 1 else number * block_size
    return _SoundPacket(position, first + samples)
