"""Whether an MPEG transport stream (ISO/IEC 13818-1; 192 bytes a packet in AVCHD and Blu-ray) is complete.

A transport stream has no end of its own. What its bytes tell: whether it ends with a whole packet, whether
the last unit (PES packet) of each stream is as long as it says, and whether the last picture has all its
slices. A unit of video may state no length. Then a last packet without stuffing is a doubt: by chance one
complete unit in 184 ends so.

It cannot be told when a stream was cut exactly between two units of all its streams.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from mcsyncd.containers.pictures import Codec, lacks_slices
from mcsyncd.containers.reader import BoundedReader
from mcsyncd.containers.shortfall import Shortfall, report_zeros
from mcsyncd.containers.zeros import MAX_PADDING, find_zero_start

_SYNC = 0x47
"""The first byte of every packet."""

_AVCHD_STEP = 192
"""Bytes of a packet in AVCHD and Blu-ray, whose files are filled up to a multiple of 32 packets."""

_PREFIXES = {188: 0, 192: 4, 204: 0}
"""Bytes before the sync byte by the length of a packet: AVCHD writes a time of arrival there."""

_MIN_PACKETS = 5
"""Sync bytes that must be in place. Judgement: by chance 5 are in one of 10^12 files; a shorter file is no
clip."""

_TAIL_BYTES = 2 << 20
"""Bytes at the end whose packets are read: about 0.6 s of AVCHD. Smaller, the last picture begins before it
and is not judged; larger costs more steps."""

_HEAD_BYTES = 1 << 16
"""Bytes at the start in which the program map is searched: it comes ten times a second."""

_PAYLOAD_BYTES = 184
"""Bytes of a packet's payload without stuffing."""

_NULL_PID, _FIRST_MEDIA_PID = 0x1FFF, 0x20
"""Packets of padding, and the first number that a table (PAT, SDT ...) cannot have."""

_CODECS: dict[int, Codec] = {0x01: "mpeg2", 0x02: "mpeg2", 0x1B: "h264", 0x24: "hevc"}
"""Video codecs by their stream type in the program map."""


@dataclass(slots=True)
class _Track:
    """What was seen of one stream (PID) in the tail; `expected` and `received` are bytes of its last unit.

    `expected` is 0 if the unit states no length, None before the first unit.
    """

    expected: int | None = None
    received: int = 0
    is_video: bool = False
    last_payload: int = 0
    counter: int | None = None
    has_gap: bool = False
    payloads: list[bytes] = field(default_factory=list)


def is_transport_stream(head: bytes) -> bool:
    """Return whether a file that begins with `head` is a transport stream; 1,028 bytes are enough to tell."""
    return _find_step(head) is not None


def begins_transport_stream(head: bytes) -> bool:
    """Return whether the tables come before the media, as at the start of a recording."""
    step = _find_step(head)
    if step is None:
        return False
    for packet in _iterate_packets(head, step):
        pid = _read_pid(packet)
        if pid == 0:
            return True
        if pid >= _FIRST_MEDIA_PID and pid != _NULL_PID:
            return False
    return False


def is_filled_up(head: bytes, last_packet: bytes) -> bool:
    """Return whether a stream ends with padding, with which AVCHD fills its last 32 packets up."""
    return _find_step(head) == _AVCHD_STEP and _read_pid(last_packet) == _NULL_PID


def find_transport_shortfall(reader: BoundedReader) -> Shortfall | None:
    """Return what is missing of a transport stream; None if nothing is, as far as its bytes tell."""
    head = reader.read_at(0, _HEAD_BYTES)
    step = _find_step(head)
    if step is None:
        return None
    zeros = find_zero_start(reader)
    if reader.size - zeros > MAX_PADDING:
        return report_zeros(zeros, reader.size)
    end = reader.size
    if end - zeros > step:  # padding: the stream ends with the packet in which the zeros begin
        end = -(-zeros // step) * step
    if partial := end % step:
        return Shortfall("it ends inside a packet", step - partial)
    first = max(0, end - _TAIL_BYTES // step * step)
    tail = reader.read_at(first, end - first)
    found = _judge_tracks(_read_tracks(tail, step), _read_codecs(head, step))
    if found is not None and step == _AVCHD_STEP and not is_filled_up(head, tail[-188:]):
        return replace(found, certain=True)  # AVCHD fills its last 32 packets up: two signs are no chance
    return found


def _find_step(head: bytes) -> int | None:
    """Return the length of a packet; None if these are not packets."""
    for step, prefix in _PREFIXES.items():
        places = range(prefix, min(len(head), step * _MIN_PACKETS), step)
        if len(places) == _MIN_PACKETS and all(head[place] == _SYNC for place in places):
            return step
    return None


def _iterate_packets(data: bytes, step: int) -> Iterator[bytes]:
    """Yield the packets, 188 bytes each, from a position at which one begins; damaged ones are left out."""
    for position in range(_PREFIXES[step], len(data) - 187, step):
        if data[position] == _SYNC:
            yield data[position : position + 188]


def _read_pid(packet: bytes) -> int:
    return (packet[1] & 0x1F) << 8 | packet[2]


def _read_payload(packet: bytes) -> bytes:
    kind = packet[3] >> 4 & 3
    if kind == 1:
        return packet[4:]
    return packet[5 + packet[4] :] if kind == 3 else b""


def _read_tracks(tail: bytes, step: int) -> dict[int, _Track]:
    tracks: dict[int, _Track] = {}
    for packet in _iterate_packets(tail, step):
        pid = _read_pid(packet)
        if pid < _FIRST_MEDIA_PID or pid == _NULL_PID:
            continue
        track = tracks.setdefault(pid, _Track())
        payload = _read_payload(packet)
        _follow_counter(track, packet)
        if packet[1] & 0x40:
            _begin_unit(track, payload)
        track.received += len(payload)
        track.last_payload = len(payload) or track.last_payload
        if track.is_video:
            track.payloads.append(payload)
    return tracks


def _begin_unit(track: _Track, payload: bytes) -> None:
    """Begin a unit with its first payload; a table begins like one and is none."""
    if payload[:3] != b"\0\0\1" or len(payload) < 6:
        track.expected = None
        return
    length = int.from_bytes(payload[4:6], "big")
    track.expected = 6 + length if length else 0
    track.received = 0
    track.is_video = 0xE0 <= payload[3] <= 0xEF


def _follow_counter(track: _Track, packet: bytes) -> None:
    """Note whether packets are missing: each with a payload counts on by one, and may be sent twice."""
    counter, before = packet[3] & 15, track.counter
    restarts = bool(packet[3] & 0x20 and packet[4] and packet[5] & 0x80)
    if packet[3] & 0x10:
        if before is not None and not restarts and counter not in {before, before + 1 & 15}:
            track.has_gap = True
        track.counter = counter


def _read_codecs(head: bytes, step: int) -> dict[int, Codec]:
    """Return the codec of each video stream by the program map (ISO/IEC 13818-1, 2.4.4.8)."""
    codecs: dict[int, Codec] = {}
    for packet in _iterate_packets(head, step):
        payload = _read_payload(packet)
        table = payload[1 + payload[0] :] if packet[1] & 0x40 and payload else b""
        if len(table) < 12 or table[0] != 2:
            continue
        end = 3 + (int.from_bytes(table[1:3], "big") & 0xFFF) - 4
        at = 12 + (int.from_bytes(table[10:12], "big") & 0xFFF)
        while at + 5 <= min(end, len(table)):
            pid = int.from_bytes(table[at + 1 : at + 3], "big") & 0x1FFF
            if (codec := _CODECS.get(table[at])) is not None:
                codecs[pid] = codec
            at += 5 + (int.from_bytes(table[at + 3 : at + 5], "big") & 0xFFF)
    return codecs


def _judge_tracks(tracks: dict[int, _Track], codecs: dict[int, Codec]) -> Shortfall | None:
    """Return the gravest fault: a unit that is shorter than it says, then a cut picture, then the doubts."""
    for pid, track in tracks.items():
        if track.expected and track.received < track.expected:
            return Shortfall(f"the last unit of stream {pid} is cut", track.expected - track.received)
    for pid, track in tracks.items():
        if pid in codecs and lacks_slices(b"".join(track.payloads), codecs[pid]):
            return Shortfall(f"the last picture of stream {pid} is cut")
    for pid, track in tracks.items():
        if track.has_gap:
            return Shortfall(f"packets of stream {pid} are missing near the end", certain=False)
        if track.expected == 0 and track.is_video and track.last_payload == _PAYLOAD_BYTES:
            return Shortfall(f"the last picture of stream {pid} may be cut", certain=False)
    return None
