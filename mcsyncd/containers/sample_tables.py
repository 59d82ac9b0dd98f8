"""Where the last samples of a movie's tracks lie, by its sample tables (ISO/IEC 14496-12, 8.6 and 8.7)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from mcsyncd.containers.boxes import Box, find_box, iterate_boxes
from mcsyncd.containers.reader import BoundedReader
from mcsyncd.containers.shortfall import Shortfall, report_cut, report_zeros
from mcsyncd.containers.zeros import BLOCK

_MAX_TRACKS = 64
"""Tracks that are looked at; `media.claims.MAX_STREAMS` is as high. Each costs about 30 reads."""

_MAX_ENTRIES = 4096
"""Entries of a table that are read from its end. Judgement: more samples than any chunk holds but raw
sound's, whose samples are all of one size. Higher costs memory; lower, the end of such a chunk is not
known."""

_MIN_ZERO_SAMPLE = 16
"""Bytes of a sample that must not all be zero. Judgement: shorter ones exist (an empty text, a timecode of
00:00:00:00). Higher, short samples in space that was never written are not seen."""

_RAW_CODECS = frozenset(
    {
        b"sowt",
        b"twos",
        b"lpcm",
        b"raw ",
        b"in24",
        b"in32",
        b"fl32",
        b"fl64",
        b"NONE",
        b"ipcm",
        b"fpcm",
        b"ulaw",
        b"alaw",
    }
)
"""Names of the codecs whose samples may be zero throughout: raw sound (silence) and raw picture (black)."""


class _LastChunk(NamedTuple):
    """A track's last chunk: where it ends, and where its last sample begins (0 if all are of one size)."""

    end: int
    last_sample: int


def find_sample_shortfall(reader: BoundedReader, movie: Box) -> Shortfall | None:
    """Return what is missing of the samples that an index (`moov`) refers to."""
    for track, table, chunk in _iterate_last_chunks(reader, movie):
        found = report_cut("its index (moov)", chunk.end, reader.size) or _find_zero_sample(
            reader, track, table, chunk
        )
        if found is not None:
            return found
    return None


def ends_with_sample(reader: BoundedReader, movie: Box) -> bool:
    """Return whether the last sample of a track, of known size, ends exactly where the file ends."""
    return any(
        chunk.last_sample and chunk.end == reader.size for _, _, chunk in _iterate_last_chunks(reader, movie)
    )


def _iterate_last_chunks(reader: BoundedReader, movie: Box) -> Iterator[tuple[Box, Box, _LastChunk]]:
    """Yield each track whose last chunk is known, with its sample table and that chunk."""
    tracks = [
        box
        for box in iterate_boxes(reader, movie.content, min(movie.end, reader.size))
        if box.name == b"trak"
    ]
    for track in tracks[:_MAX_TRACKS]:
        table = find_box(reader, track, b"mdia", b"minf", b"stbl")
        chunk = _read_last_chunk(reader, table) if table and _is_self_contained(reader, track) else None
        if table is not None and chunk is not None:
            yield track, table, chunk


def _is_self_contained(reader: BoundedReader, track: Box) -> bool:
    """Return whether a track's samples lie in this file: a reference movie points to others."""
    references = find_box(reader, track, b"mdia", b"minf", b"dinf", b"dref")
    if references is None:
        return False
    entries = list(iterate_boxes(reader, references.content + 8, min(references.end, reader.size)))
    return bool(entries) and all(reader.read_at(entry.content + 3, 1) == b"\x01" for entry in entries)


def _read_last_chunk(reader: BoundedReader, table: Box) -> _LastChunk | None:
    found = {box.name: box for box in iterate_boxes(reader, table.content, min(table.end, reader.size))}
    offsets = found.get(b"co64") or found.get(b"stco")
    if offsets is None or not {b"stsc", b"stsz"} <= found.keys():
        return None
    positions = _read_last_entries(reader, offsets, 8, 8 if offsets.name == b"co64" else 4)
    if not positions:
        return None
    uniform = reader.read_number(found[b"stsz"].content + 4, 4)
    if uniform:  # the size of old sound codecs counts samples, not bytes: take one byte as proven
        return _LastChunk(positions[-1] + 1, 0)
    chunks = reader.read_number(offsets.content + 4, 4) or 0
    samples = reader.read_number(found[b"stsz"].content + 8, 4) or 0
    before = _count_samples_before(reader, found[b"stsc"], chunks)
    count = 0 if before is None else samples - before
    sizes = _read_last_entries(reader, found[b"stsz"], 12, 4)[-count:] if count > 0 else []
    if not sizes or count > len(sizes):
        return None
    return _LastChunk(positions[-1] + sum(sizes), positions[-1] + sum(sizes[:-1]))


def _count_samples_before(reader: BoundedReader, table: Box, chunks: int) -> int | None:
    """Return how many samples lie before the last of `chunks`, by the table of runs (`stsc`).

    The last chunk may hold fewer samples than its run says. None for a table that is too long to be
    read: muxers that interleave sound and picture frame by frame write a run for nearly every chunk.
    """
    if (reader.read_number(table.content + 4, 4) or 0) > _MAX_ENTRIES:
        return None
    entries = _read_last_entries(reader, table, 8, 12)
    firsts = [entry >> 64 for entry in entries] + [chunks]
    runs = zip(entries, pairwise(firsts), strict=True)
    return sum((entry >> 32 & 0xFFFFFFFF) * max(0, after - first) for entry, (first, after) in runs)


def _read_last_entries(reader: BoundedReader, box: Box, header: int, width: int) -> list[int]:
    """Return the last entries of a table as numbers; its count stands right before them."""
    count = reader.read_number(box.content + header - 4, 4) or 0
    count = min(count, (box.end - box.content - header) // width)
    wanted = max(0, min(count, _MAX_ENTRIES))
    raw = reader.read_at(box.content + header + (count - wanted) * width, wanted * width)
    return [int.from_bytes(raw[at : at + width], "big") for at in range(0, len(raw) - width + 1, width)]


def _find_zero_sample(reader: BoundedReader, track: Box, table: Box, chunk: _LastChunk) -> Shortfall | None:
    """Return the shortfall if the last sample of a compressed track is zero, or ends in a block of zeros."""
    handler = find_box(reader, track, b"mdia", b"hdlr")
    codecs = find_box(reader, table, b"stsd")
    if handler is None or codecs is None or not chunk.last_sample:
        return None
    kind = reader.read_at(handler.content + 8, 4)
    if kind not in {b"vide", b"soun"} or reader.read_at(codecs.content + 12, 4) in _RAW_CODECS:
        return None
    start = max(chunk.last_sample, chunk.end - BLOCK)
    tail = reader.read_at(start, chunk.end - start)
    if len(tail) < _MIN_ZERO_SAMPLE or any(tail):
        return None
    return report_zeros(start, chunk.end)
