"""Whether a WAV, BWF, RF64, BW64, Wave64 or AIFF is complete, by the lengths of its chunks.

Lengths of 0 or 0xFFFFFFFF state nothing: recorders leave them when they are interrupted or write into a
pipe. Such sound is not judged by its length.

Sound may end in digital silence, which is zeros, and a copy that stopped in a file of full length
leaves zeros too. `_find_zero_shortfall` tells them apart where it can (docs/adr/0015).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from mcsyncd.containers.reader import BoundedReader
from mcsyncd.containers.riff import FORM_TOLERANCE, MAX_CHUNKS, UNSTATED_LENGTHS, Chunk, iterate_chunks
from mcsyncd.containers.shortfall import Shortfall, format_name, report_cut, report_zeros
from mcsyncd.containers.zeros import BLOCK, find_zero_start

_W64_RIFF = bytes.fromhex("726966662e91cf11a5d628db04c10000")
"""The GUID with which a Wave64 file begins (Sony Wave64)."""

_W64_HEAD = 24
"""Bytes of the head of a Wave64 chunk, a GUID and a length, which the length includes."""

_W64_UNSTATED = 1 << 62
"""Lengths from which on a Wave64 states nothing: writers into a pipe leave all bits set. Nothing is as
long."""

_MIN_DOUBTFUL_BYTES = 1 << 16
"""Bytes of zeros at the end of sound that are a doubt: 0.3 s of 48 kHz stereo at 16 bits. Judgement: copy
programs write at least this much at once. Larger, a shorter loss is not seen; smaller, more silence is."""

_MAX_FRAME_BYTES = 256
"""Bytes of one sample of every channel: 64 channels of 32 bits. The last byte before the zeros of a copy that
stopped lies at most one of these before the end of its block. Larger, silence that begins near such an end by
chance raises a doubt."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the chunks say. `form_end` is None if the whole does not state its length.

    `chunks` are those that state theirs. `sound_start` is None if there is no sound yet.
    `frame_bytes` is one sample of every channel, `sample_rate` how many of them are a second (0 if not
    known).
    """

    chunks: tuple[Chunk, ...]
    form_end: int | None
    sound_start: int | None
    frame_bytes: int
    sample_rate: int = 0


def is_wave(head: bytes) -> bool:
    """Return whether a file that begins with `head` is one of these."""
    riff = head[:4] in {b"RIFF", b"RF64", b"BW64"} and head[8:12] == b"WAVE"
    return riff or head[:16] == _W64_RIFF or (head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"})


def find_wave_shortfall(reader: BoundedReader) -> Shortfall | None:
    """Return what is missing of sound in chunks; None if nothing is, as far as its bytes tell."""
    layout = _read_any_layout(reader)
    for chunk in layout.chunks:
        if found := report_cut(f"the chunk {format_name(chunk.name)}", chunk.end, reader.size):
            return found
    form_end = layout.form_end or 0
    if found := report_cut("the header", form_end - FORM_TOLERANCE, reader.size):
        return replace(found, missing_bytes=form_end - reader.size)
    start = find_zero_start(reader)
    if layout.sound_start is None:
        return report_zeros(start, reader.size) if start < reader.size else None
    return _judge_zeros(reader, layout, layout.sound_start, start)


def list_wave_chunks(reader: BoundedReader) -> tuple[Chunk, ...]:
    """Return the chunks that state their length, in order. A name is the first four bytes of a Wave64's."""
    return _read_any_layout(reader).chunks


def measure_wave_seconds(reader: BoundedReader) -> Fraction | None:
    """Return the seconds of sound that a WAV declares; None if it does not, and for AIFF."""
    layout = _read_any_layout(reader)
    sound = next((chunk for chunk in layout.chunks if chunk.content == layout.sound_start), None)
    if sound is None or not layout.sample_rate or not layout.frame_bytes:
        return None
    return Fraction(sound.length // layout.frame_bytes, layout.sample_rate)


def _judge_zeros(reader: BoundedReader, layout: _Layout, sound_start: int, start: int) -> Shortfall | None:
    """Judge the zeros from `start` on: of a copy that stopped, or silence.

    A copy that stopped has written whole blocks, so its zeros begin with one: by chance, silence
    does so once in a thousand times. If the filesystem also holds no data for them, they were never
    written. Either of the two alone is a doubt, because programs that save space do not store
    blocks of zeros.
    """
    if start <= sound_start or reader.size - start < BLOCK:
        return None
    block = -(-start // BLOCK) * BLOCK
    aligned = block - start < min(layout.frame_bytes, _MAX_FRAME_BYTES)
    hole = reader.is_hole(block)
    certain, doubtful = aligned and hole, reader.size - start >= _MIN_DOUBTFUL_BYTES and (aligned or hole)
    return replace(report_zeros(start, reader.size), certain=certain) if certain or doubtful else None


def _read_any_layout(reader: BoundedReader) -> _Layout:
    return _read_w64(reader) if reader.read_at(0, 4) == b"riff" else _read_layout(reader)


def _read_layout(reader: BoundedReader) -> _Layout:
    """Read the chunks of a RIFF, RF64, BW64 or AIFF."""
    head = reader.read_at(0, 8)
    order: Literal["little", "big"] = "big" if head[:4] == b"FORM" else "little"
    length = int.from_bytes(head[4:], order)
    form_end = None if length in UNSTATED_LENGTHS else 8 + length
    chunks: list[Chunk] = []
    sound_bytes: int | None = None
    frame_bytes, sample_rate = 1, 0
    for chunk in iterate_chunks(reader, 12, form_end or reader.size, order):
        if chunk.name in {b"data", b"SSND"}:
            sound = chunk if sound_bytes is None else chunk._replace(length=sound_bytes)
            if sound.length not in UNSTATED_LENGTHS:
                chunks.append(sound)
                end = sound.end + sound.length % 2
                chunks += iterate_chunks(reader, end, form_end or 0, order)
            return _Layout(tuple(chunks), form_end, sound.content, frame_bytes, sample_rate)
        if not any(chunk.name):
            break  # zeros where a chunk should be
        chunks.append(chunk)
        if chunk.name == b"ds64":  # ITU-R BS.2088: the lengths that do not fit in 32 bits
            raw = reader.read_at(chunk.content, 16)
            form_end, sound_bytes = 8 + int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:], "little")
        elif chunk.name in {b"fmt ", b"COMM"}:
            frame_bytes, sample_rate = _read_frame_bytes(reader, chunk), _read_sample_rate(reader, chunk)
    return _Layout(tuple(chunks), form_end, None, frame_bytes)


def _read_sample_rate(reader: BoundedReader, chunk: Chunk) -> int:
    return int.from_bytes(reader.read_at(chunk.content + 4, 4), "little") if chunk.name == b"fmt " else 0


def _read_frame_bytes(reader: BoundedReader, chunk: Chunk) -> int:
    raw = reader.read_at(chunk.content, 14)
    if chunk.name == b"fmt ":
        return int.from_bytes(raw[12:14], "little")
    return int.from_bytes(raw[:2], "big") * -(-int.from_bytes(raw[6:8], "big") // 8)


def _read_w64(reader: BoundedReader) -> _Layout:
    """Read the chunks of a Wave64: a GUID and 64 bits of length, aligned to 8 bytes."""
    form_bytes = int.from_bytes(reader.read_at(16, 8), "little")
    form_end = form_bytes if _W64_HEAD < form_bytes < _W64_UNSTATED else None
    chunks: list[Chunk] = []
    frame_bytes, sample_rate, position = 1, 0, _W64_HEAD + 16
    for _ in range(MAX_CHUNKS):
        head = reader.read_at(position, _W64_HEAD)
        length = int.from_bytes(head[16:], "little") - _W64_HEAD
        chunk = Chunk(head[:4], position + _W64_HEAD, length)
        if len(head) < _W64_HEAD or not any(chunk.name):
            break
        stated = 0 <= length < _W64_UNSTATED
        if stated:
            chunks.append(chunk)
        if chunk.name == b"fmt ":
            frame_bytes, sample_rate = _read_frame_bytes(reader, chunk), _read_sample_rate(reader, chunk)
        if chunk.name == b"data" or not stated:
            return _Layout(tuple(chunks), form_end, chunk.content, frame_bytes, sample_rate)
        position = -(-chunk.end // 8) * 8
    return _Layout(tuple(chunks), form_end, None, frame_bytes)
