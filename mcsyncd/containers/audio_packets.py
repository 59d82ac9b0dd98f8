"""Whether an MP3 (ISO/IEC 11172-3) or an ADTS AAC (ISO/IEC 13818-7) is complete.

Both are a chain of packets that state their length. (The standards call them frames; here a frame is a
picture.) Most MP3s begin with a packet that states the number of bytes (Xing, Info). Without it,
a cut between two packets cannot be told. A last packet that is cut is a doubt in an MP3, because some
programs leave one, and certain in an ADTS.
"""

from __future__ import annotations

from mcsyncd.containers.reader import BoundedReader
from mcsyncd.containers.shortfall import Shortfall, report_cut, report_zeros
from mcsyncd.containers.zeros import find_zero_start

_TAIL_BYTES = 1 << 16
"""Bytes at the end in which the chain of packets is followed: at least eight of the longest (8,191 bytes in
ADTS). Smaller, the chain is not found and the file stays unjudged; larger costs more steps."""

_MIN_CHAIN = 4
"""Packets that must follow each other before bytes are taken for a chain. Fewer, sound that looks like a
header is; more, short tails stay unjudged."""

_MIN_ZEROS = 2048
"""Bytes of zeros at the end that are not sound: the packets of silence are shorter, and each begins with a
header. Larger, a shorter loss is not seen; smaller, the padding of some programs is called cut."""

_ID3_TAG_BYTES = 128
"""Bytes of an ID3v1 tag at the end of an MP3."""

_MP3_BITRATES = {
    (3, 3): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (3, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (3, 1): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 3): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 1): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Kilobits per second by version (3: MPEG-1, 2: MPEG-2) and layer bits, for the codes 1 to 14."""

_MP3_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""Samples per second by version (3: MPEG-1, 2: MPEG-2, 0: MPEG-2.5), for the codes 0 to 2."""


def measure_mp3_packet(head: bytes) -> int:
    """Return the length in bytes of the MP3 packet that `head` begins with; 0 if it is not one."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer, bitrate, rate = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer == 0 or not 0 < bitrate < 15 or rate == 3:
        return 0
    generation = 3 if version == 3 else 2
    row = _MP3_BITRATES.get((generation, layer)) or _MP3_BITRATES[generation, 1]
    bits, samples_per_s, padding = row[bitrate - 1] * 1000, _MP3_RATES[version][rate], head[2] >> 1 & 1
    if layer == 3:
        return (12 * bits // samples_per_s + padding) * 4
    slots = 72 if layer == 1 and generation == 2 else 144
    return slots * bits // samples_per_s + padding


def measure_adts_packet(head: bytes) -> int:
    """Return the length in bytes of the ADTS packet that `head` begins with; 0 if it is not one."""
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return 0
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return length if length >= 7 else 0


def measure_id3_tag(head: bytes) -> int:
    """Return the length in bytes of the ID3v2 tag that `head` begins with; 0 if there is none."""
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    length = 0
    for byte in head[6:10]:
        length = length << 7 | byte & 0x7F
    return 10 + length


def find_mp3_shortfall(reader: BoundedReader, start: int) -> Shortfall | None:
    """Return what is missing of an MP3 whose first packet begins at `start`; None if nothing is."""
    head = reader.read_at(start, 256)
    declared = _read_stream_bytes(head)
    if declared == reader.size:
        return _find_zeros(reader)  # some programs count the tags, too
    if declared:
        return report_cut("the header", start + declared, reader.size) or _find_zeros(reader)
    end = reader.size
    if reader.read_at(end - _ID3_TAG_BYTES, 3) == b"TAG":
        return None
    return _find_zeros(reader) or _find_cut_packet(reader, start, is_adts=False)


def find_adts_shortfall(reader: BoundedReader, start: int) -> Shortfall | None:
    """Return what is missing of an ADTS AAC whose first packet begins at `start`; None if nothing is."""
    return _find_zeros(reader) or _find_cut_packet(reader, start, is_adts=True)


def _read_stream_bytes(head: bytes) -> int:
    """Return the length of an MP3's packets by its Xing, Info or VBRI header; 0 without one."""
    for name in (b"Xing", b"Info"):
        at = head.find(name)
        if at >= 0:
            flags = int.from_bytes(head[at + 4 : at + 8], "big")
            field = at + 8 + 4 * (flags & 1)
            return int.from_bytes(head[field : field + 4], "big") if flags & 2 else 0
    at = head.find(b"VBRI")
    return int.from_bytes(head[at + 10 : at + 14], "big") if at >= 0 else 0


def _find_zeros(reader: BoundedReader) -> Shortfall | None:
    zeros = find_zero_start(reader)
    return report_zeros(zeros, reader.size) if reader.size - zeros > _MIN_ZEROS else None


def _find_cut_packet(reader: BoundedReader, start: int, *, is_adts: bool) -> Shortfall | None:
    """Follow the chain of packets in the tail; a last one that ends beyond the file is cut."""
    measure = measure_adts_packet if is_adts else measure_mp3_packet
    tail = reader.read_at(max(start, reader.size - _TAIL_BYTES), _TAIL_BYTES)
    first = tail.find(b"\xff")
    while first >= 0:
        position, count = first, 0
        while length := measure(tail[position : position + 8]):
            position, count = position + length, count + 1
        if count >= _MIN_CHAIN or (count and first == 0 and reader.size - start <= _TAIL_BYTES):
            break
        first = tail.find(b"\xff", first + 1)
    else:
        return None
    rest = len(tail) - position
    if rest < 0:
        return Shortfall("its last packet of sound is cut", -rest, certain=is_adts)
    head = tail[position:]
    if 0 < rest < 8 and head[0] == 0xFF:
        return Shortfall("it ends inside the header of a packet", None, certain=is_adts)
    return None
