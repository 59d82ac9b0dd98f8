"""Two questions about an open file: does its container lack something, and does it begin a recording?

Containers are told by their content, never by a name. What is read lies at the head or at the tail of
the file, or is a chain of lengths in between; `BoundedReader` limits how much. What each container
can and cannot tell is in the docstring of its module; docs/adr/0015 says why.
"""

from __future__ import annotations

from typing import BinaryIO

from mcsyncd.containers.audio_packets import (
    find_adts_shortfall,
    find_mp3_shortfall,
    measure_adts_packet,
    measure_id3_tag,
    measure_mp3_packet,
)
from mcsyncd.containers.avi import find_avi_shortfall, is_avi
from mcsyncd.containers.flac import find_flac_shortfall, is_flac
from mcsyncd.containers.matroska import find_matroska_shortfall, is_matroska
from mcsyncd.containers.movie import find_movie_shortfall, is_movie
from mcsyncd.containers.mxf import find_mxf_shortfall, is_mxf
from mcsyncd.containers.ogg import begins_ogg, find_ogg_shortfall, is_ogg
from mcsyncd.containers.program_stream import (
    begins_program_stream,
    find_program_shortfall,
    has_end_code,
    is_program_stream,
)
from mcsyncd.containers.reader import BoundedReader, ReadLimitError
from mcsyncd.containers.shortfall import Shortfall, report_gap, report_zeros
from mcsyncd.containers.transport_stream import (
    begins_transport_stream,
    find_transport_shortfall,
    is_filled_up,
    is_transport_stream,
)
from mcsyncd.containers.wave import find_wave_shortfall, is_wave
from mcsyncd.containers.zeros import BLOCK, MAX_PADDING, find_gap, find_zero_start

_HEAD_BYTES = 1 << 16
"""Bytes at the start from which the container is told. Judgement: a transport stream's tables are within
its first packets. Larger costs more reading; 1,028 are the least."""

_STRUCTURES = (
    (is_movie, find_movie_shortfall),
    (is_matroska, find_matroska_shortfall),
    (is_wave, find_wave_shortfall),
    (is_avi, find_avi_shortfall),
    (is_mxf, find_mxf_shortfall),
    (is_ogg, find_ogg_shortfall),
    (is_program_stream, find_program_shortfall),
    (is_transport_stream, find_transport_shortfall),
)
"""Each container: how its head is told, and what finds out what is missing."""

_MIN_SOUND_PACKETS = 3
"""Packets of MP3 or ADTS that must follow each other at the start. Fewer, other bytes are taken for sound."""


def find_shortfall(file: BinaryIO) -> Shortfall | None:
    """Return why a file is not complete, by its container's own bytes; None if they do not say so.

    None also for a container that is not known, and for a file that would need more reading than
    `BoundedReader` allows. Raises OSError if the file cannot be read, and nothing else.
    """
    reader = BoundedReader(file)
    try:
        head = reader.read_at(0, _HEAD_BYTES)
        if head and not any(head[:BLOCK]):
            return _describe_empty_head(reader)
        found = _find_structural_shortfall(reader, head)
        if found is not None and found.certain:
            return found
        gap = find_gap(reader)
        if gap is None or (found is not None and not (gap.is_hole and gap.is_aligned)):
            return found
        return report_gap(gap.begin, gap.end, certain=gap.is_hole and gap.is_aligned)
    except ReadLimitError:
        return None


def _find_structural_shortfall(reader: BoundedReader, head: bytes) -> Shortfall | None:
    """Return what is missing by the structures of the container."""
    for tell, find in _STRUCTURES:
        if tell(head):
            return find(reader)
    return _find_sound_shortfall(reader, head)


def begins_container(file: BinaryIO) -> bool:
    """Return whether the bytes are the beginning of a recording in a known container.

    False for the second half of one: it may begin with a whole packet of a stream, but not with
    what a stream begins with. Raises OSError if the file cannot be read.
    """
    reader = BoundedReader(file)
    head = reader.read_at(0, _HEAD_BYTES)
    if is_ogg(head):
        return begins_ogg(head)
    if is_program_stream(head):
        return begins_program_stream(head)
    if is_transport_stream(head):
        return begins_transport_stream(head)
    if any(tell(head) for tell, _ in _STRUCTURES):
        return True
    if measure_id3_tag(head):
        return True
    return is_flac(head) or _has_sound_packets(head)


def lacks_end_mark(file: BinaryIO) -> bool:
    """Return whether a cut at the right place would leave no trace in the file.

    True for streams without an end of their own. Then the length of the other angles is evidence.
    Raises OSError if the file cannot be read.
    """
    reader = BoundedReader(file)
    head = reader.read_at(0, _HEAD_BYTES)
    if is_transport_stream(head):
        return not is_filled_up(head, reader.read_tail(188))
    return is_program_stream(head) and not has_end_code(reader.read_tail(MAX_PADDING))


def _describe_empty_head(reader: BoundedReader) -> Shortfall:
    """Return the shortfall of a file that begins with zeros, as no recording does."""
    if find_zero_start(reader) == 0:
        return report_zeros(0, reader.size)
    return Shortfall("its beginning is only zeros: it is not written yet")


def _find_sound_shortfall(reader: BoundedReader, head: bytes) -> Shortfall | None:
    """Judge the containers that may follow an ID3 tag."""
    start = measure_id3_tag(head)
    if start >= reader.size:
        return Shortfall("it ends inside its tag", start - reader.size) if start else None
    sound = reader.read_at(start, _HEAD_BYTES)
    if is_flac(sound):
        return find_flac_shortfall(reader, start)
    if not _has_sound_packets(sound):
        return None
    return (
        find_adts_shortfall(reader, start)
        if measure_adts_packet(sound)
        else find_mp3_shortfall(reader, start)
    )


def _has_sound_packets(head: bytes) -> bool:
    """Return whether packets of MP3 or ADTS follow each other from the first byte on, or up to the end."""
    for measure in (measure_adts_packet, measure_mp3_packet):
        position, count = 0, 0
        while length := measure(head[position : position + 8]):
            position, count = position + length, count + 1
            if count == _MIN_SOUND_PACKETS or position >= len(head):
                return True
    return False
