"""Whether an AVI is complete, by its RIFF lengths and its indexes (OpenDML AVI 1.02).

A long AVI is several RIFFs one after the other; the index of each track (`indx`) refers to all of them.
A recorder that was interrupted leaves lengths of 0 and no index: that is a doubt, because FFmpeg can
read such a file to its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mcsyncd.containers.reader import BoundedReader
from mcsyncd.containers.riff import FORM_TOLERANCE, Chunk, iterate_chunks
from mcsyncd.containers.shortfall import Shortfall, format_name, report_cut, report_zeros
from mcsyncd.containers.zeros import find_zero_start

_MAX_ENTRIES = 4096
"""Entries of an index (`indx`) that are read. Each stands for a RIFF of about 1 GB: more than any disk."""


def is_avi(head: bytes) -> bool:
    """Return whether a file that begins with `head` is an AVI."""
    return head[:4] == b"RIFF" and head[8:12] == b"AVI "


def find_avi_shortfall(reader: BoundedReader) -> Shortfall | None:
    """Return what is missing of an AVI; None if nothing is, as far as its bytes tell."""
    riffs = [chunk for chunk in iterate_chunks(reader, 0, reader.size, "little") if chunk.name == b"RIFF"]
    if found := _find_cut_chunk(reader, riffs):
        return found
    parts = list(iterate_chunks(reader, 12, riffs[0].end if riffs[0].length else reader.size, "little"))
    ends = [
        end for part in parts if _is_list(reader, part, b"hdrl") for end in _iterate_index_ends(reader, part)
    ]
    for start, end in ends:
        if found := report_cut("its index (indx)", end, reader.size):
            return found
        if not any(reader.read_at(start, 8)):
            return report_zeros(start, reader.size)
    if ends or any(part.name == b"idx1" for part in parts):
        return None
    zeros = find_zero_start(reader)
    if zeros < min(riffs[0].end, reader.size) - 8:
        return report_zeros(zeros, reader.size)
    return Shortfall("its index (idx1) is missing: the recording was not closed", certain=False)


def _find_cut_chunk(reader: BoundedReader, riffs: list[Chunk]) -> Shortfall | None:
    for riff in riffs:
        if found := report_cut("the header", riff.end - FORM_TOLERANCE, reader.size):
            return replace(found, missing_bytes=riff.end - reader.size)
        for chunk in iterate_chunks(reader, riff.content + 4, riff.end, "little"):
            if found := report_cut(f"the chunk {format_name(chunk.name)}", chunk.end, reader.size):
                return found
    return None


def _is_list(reader: BoundedReader, chunk: Chunk, kind: bytes) -> bool:
    return chunk.name == b"LIST" and reader.read_at(chunk.content, 4) == kind


def _iterate_index_ends(reader: BoundedReader, header: Chunk) -> Iterator[tuple[int, int]]:
    """Yield where the last part of each track's index begins and ends (OpenDML AVI, "super index")."""
    for track in iterate_chunks(reader, header.content + 4, header.end, "little"):
        if not _is_list(reader, track, b"strl"):
            continue
        for chunk in iterate_chunks(reader, track.content + 4, track.end, "little"):
            head = reader.read_at(chunk.content, 24)
            if chunk.name != b"indx" or len(head) < 24 or head[3] != 0:  # type 0 refers to other indexes
                continue
            count = min(int.from_bytes(head[4:8], "little"), _MAX_ENTRIES)
            raw = reader.read_at(chunk.content + 24, 16 * count)
            entries = [raw[at : at + 16] for at in range(0, len(raw) - 15, 16)]
            parts = [
                (int.from_bytes(entry[:8], "little"), int.from_bytes(entry[8:12], "little"))
                for entry in entries
            ]
            if parts:
                start, length = max(parts)
                yield start, start + length
