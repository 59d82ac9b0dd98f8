"""Whether an MP4, MOV, M4A or 3GP is complete (ISO/IEC 14496-12).

Its boxes end exactly at the end of the file. It needs an index (`moov`), which says where the samples
lie; a fragmented recording says it again before each fragment (`moof`). FFmpeg reads a file that
was cut as far as it goes and reports nothing.

It cannot be told when a fragmented recording without a segment index (`sidx`) was cut exactly between two
fragments, or when zeros lie in the middle of the sample data.
"""

from __future__ import annotations

from mcsyncd.containers.boxes import Box, iterate_boxes
from mcsyncd.containers.reader import BoundedReader
from mcsyncd.containers.sample_tables import ends_with_sample, find_sample_shortfall
from mcsyncd.containers.shortfall import Shortfall, format_name, report_cut, report_zeros
from mcsyncd.containers.zeros import BLOCK, MAX_PADDING, find_zero_start

_FIRST_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp", b"pnot"})
"""Names of the boxes that a movie begins with. A name too few, and such files stay unjudged."""


_INDEX_PARTS = frozenset({b"trak", b"mdia", b"minf", b"stbl"})
"""Names of the boxes of an index that hold further boxes and nothing else."""

_MIN_ZERO_DATA = 16
"""Bytes of a fragment's media data that must not all be zero. Judgement: shorter ones hold a text or a
timecode."""


def is_movie(head: bytes) -> bool:
    """Return whether a file that begins with `head` is an MP4 or MOV."""
    return head[4:8] in _FIRST_BOXES


def find_movie_shortfall(reader: BoundedReader) -> Shortfall | None:
    """Return what is missing of an MP4 or MOV; None if nothing is, as far as its bytes tell."""
    boxes = list(iterate_boxes(reader, 0, reader.size))
    if not boxes:
        return None
    if boxes[-1].end > reader.size and not _is_text(boxes[-1].name):
        boxes.pop()  # not a box: what some cameras append behind the last one
    return (
        _find_cut(reader, boxes)
        or _find_missing_index(boxes)
        or _find_missing_fragment(reader, boxes)
        or _find_zero_box(reader, boxes)
        or next(
            (
                found
                for box in boxes
                if box.name == b"moov" and (found := find_sample_shortfall(reader, box)) is not None
            ),
            None,
        )
        or _find_partial_header(reader, boxes)
    )


def _find_cut(reader: BoundedReader, boxes: list[Box]) -> Shortfall | None:
    """Return the shortfall of a last box that reaches beyond the file.

    Not of media data whose last sample, by the index, ends with the file: the box has a wrong length, mostly
    one that counts its own header twice.
    """
    last = boxes[-1]
    if last.name == b"mdat" and any(ends_with_sample(reader, box) for box in boxes if box.name == b"moov"):
        return None
    return report_cut(f"the box {format_name(last.name)}", last.end, reader.size)


def _is_text(name: bytes) -> bool:
    """Return whether a box may have this name: printable characters, and Apple's copyright sign."""
    return all(0x20 <= byte < 0x7F or byte == 0xA9 for byte in name)


def _find_partial_header(reader: BoundedReader, boxes: list[Box]) -> Shortfall | None:
    """Judge the few bytes behind the last box: the next fragment's, or something that nobody needs."""
    rest = reader.read_at(boxes[-1].end, 8)
    if not 0 < len(rest) < 8 or not any(rest):
        return None
    fragmented = any(box.name == b"moof" for box in boxes)
    return Shortfall("it ends inside the header of a box", 8 - len(rest), certain=fragmented)


def _find_missing_index(boxes: list[Box]) -> Shortfall | None:
    if any(box.name in {b"moov", b"moof"} for box in boxes):
        return None
    return Shortfall("the index (moov) is missing")


def _find_zero_box(reader: BoundedReader, boxes: list[Box]) -> Shortfall | None:
    """Return the shortfall if zeros stand where the index goes on, or where a fragment's media data end."""
    if any(reader.read_tail(_MIN_ZERO_DATA)):
        return None
    for movie in boxes:
        start = _find_gap(reader, movie, 0) if movie.name == b"moov" else None
        if start is not None:
            return report_zeros(start, reader.size)
    fragments = [number for number, box in enumerate(boxes) if box.name == b"moof"]
    data = next((box for box in boxes[fragments[-1] :] if box.name == b"mdat"), None) if fragments else None
    if data is None:
        return None
    start = max(data.content, data.end - BLOCK)
    block = reader.read_at(start, data.end - start)
    padding = reader.size - boxes[-1].end
    if padding > MAX_PADDING or (len(block) >= _MIN_ZERO_DATA and not any(block)):
        return report_zeros(find_zero_start(reader), reader.size)
    return None


def _find_gap(reader: BoundedReader, parent: Box, depth: int) -> int | None:
    """Return the position of zeros that are not a box, inside the index; None if there are none."""
    end = parent.content
    for box in iterate_boxes(reader, parent.content, parent.end):
        end = box.end
        if box.name in _INDEX_PARTS and depth < len(_INDEX_PARTS):
            gap = _find_gap(reader, box, depth + 1)
            if gap is not None:
                return gap
    return end if parent.end - end >= 8 and not any(reader.read_at(end, 8)) else None


def _find_missing_fragment(reader: BoundedReader, boxes: list[Box]) -> Shortfall | None:
    names = [box.name for box in boxes]
    movies = [box for box in boxes if box.name == b"moov"]
    fragmented = any(
        box.name == b"mvex"
        for movie in movies
        for box in iterate_boxes(reader, movie.content, min(movie.end, reader.size))
    )
    if fragmented and b"moof" not in names and b"mdat" not in names:
        return Shortfall("it announces fragments, and none is there")
    if b"moof" in names and b"mdat" not in names[len(names) - names[::-1].index(b"moof") :]:
        return Shortfall("the media data of its last fragment is missing")
    for box in boxes:
        if box.name == b"sidx" and (
            found := report_cut("its segment index", _read_index_end(reader, box), reader.size)
        ):
            return found
    return None


def _read_index_end(reader: BoundedReader, box: Box) -> int:
    """Return the position at which the segments of an index (`sidx`, ISO/IEC 14496-12, 8.16.3) end."""
    raw = reader.read_at(box.content, 32)
    width = 8 if raw[:1] == b"\x01" else 4
    at = 12  # after version, flags, track and time scale
    first = int.from_bytes(raw[at + width : at + 2 * width], "big")
    count = int.from_bytes(raw[at + 2 * width + 2 : at + 2 * width + 4], "big")
    entries = reader.read_at(box.content + at + 2 * width + 4, 12 * count)
    sizes = [int.from_bytes(entries[i : i + 4], "big") & 0x7FFFFFFF for i in range(0, len(entries) - 11, 12)]
    return box.end + first + sum(sizes)
