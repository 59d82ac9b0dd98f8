"""Files that are one recording: chapters, and the parts into which a camera splits what grows too long. Pure.

A part belongs to the one before it only by evidence: a maker's own chapter name, or a number that
counts on in one folder behind a file that is full. The streams must be equal, and no clock may
contradict. Continuing timecode alone is none: in rec-run mode, every take continues the last.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from posixpath import splitext

from mcsyncd.model.clip import Clip, Media, VideoStream
from mcsyncd.model.parallels import find_parallels
from mcsyncd.model.timecode import Timecode

SPLIT_LIMITS = (2**31, 2**32, 2 * 10**9, 4 * 10**9)
"""Bytes at which cameras and recorders begin another file: what FAT32, 32-bit lengths and makers allow. One
too few, and such parts are separate clips; one too many, and a take of that size by chance is joined."""

_LIMIT_MARGIN = 0.02
"""Share by which a full file may be smaller than its limit. Judgement: cameras end it with a group of
pictures, 16 MB below 4 GB at most. Larger joins takes by chance; smaller misses parts of high bit rates."""

_EQUAL_VARIABLE_RATE = 0.1
"""Share by which the variable rates of two parts may differ. Judgement: a phone goes from 30 to 27 in dim
light. Larger joins clips of 25 and 30; smaller, parts of one recording are separate clips."""

_EQUAL_SIZE = 0.005
"""Share by which files that are full alike may differ in size. Judgement: as above, of files of 500 MB."""

_CLOCK_MARGIN_US = 2_000_000
"""Microseconds within which recording times continue: they are of whole seconds. Larger joins takes that were
started at once; smaller separates parts."""

_TIMECODE_MARGIN_US = 100_000
"""Microseconds within which timecode continues: two frames of the slowest camera."""

_DAY_US = 86_400_000_000

_GOPRO_CHAPTER = re.compile(r"(g[hxp])(\d\d)(\d{4})|(gopr)()(\d{4})")
"""GoPro's chapters: `GX010042`, `GX020042`; of older models `GOPR0042`, `GP010042`."""

_P2_CLIP = re.compile(r"(.*contents/video/)(\d{4})[0-9a-z]{2}")
"""Panasonic P2: four digits that count, and two characters by chance."""

_BPAV_CLIP = re.compile(r"(.*clpr/)(.+_)(\d\d)/\2\3")
"""Sony XDCAM EX: each part `709_0001_01` has a folder of its own name; the last digits count the parts."""

_NUMBERED = re.compile(r"(.*?)(\d+)(\D*)")
"""The last number in a name, which counts."""


@dataclass(frozen=True, slots=True)
class Continuation:
    """A clip, by key, that goes on where `follows` ends; `proven` by its name or by a clock."""

    clip: str
    follows: str
    proven: bool


@dataclass(frozen=True, slots=True)
class _Part:
    """Where a name stands in a row of names; `certain` where only parts of one recording are named so."""

    row: tuple[str, ...]
    number: int
    certain: bool = False


def find_continuations(
    clips: Sequence[Clip], limits: Sequence[int] = SPLIT_LIMITS
) -> dict[str, Continuation]:
    """Return what each clip continues, by its key; clips that are the first of a recording are not in it.

    `limits` are the sizes in bytes at which files are split. Clips that were not probed continue nothing.
    """
    parallels = find_parallels(clips)
    parts = {clip.key: _parse_part(clip) for clip in clips if clip.media is not None}
    by_part = {(part.row, part.number): clip for clip in clips if (part := parts.get(clip.key)) is not None}
    rows: dict[tuple[str, ...], list[Clip]] = {}
    for (row, _), clip in by_part.items():
        rows.setdefault(row, []).append(clip)
    found: dict[str, Continuation] = {}
    for clip in clips:
        part = parts.get(clip.key)
        before = _find_previous(part, by_part) if part is not None else None
        if part is None or before is None or not _has_equal_streams(before.media, clip.media):
            continue
        if parallels.get(clip.key, clip.key) == parallels.get(before.key, before.key):
            continue  # `Tr1` and `Tr2` count tracks, not parts
        is_full = _is_at_limit(before.bytes, limits)
        is_alike = _is_full_alike(before, rows[part.row])
        clock = _compare_clocks(before.media, clip.media)
        if clock is not False and (part.certain or is_full or (is_alike and clock)):
            found[clip.key] = Continuation(clip.key, before.key, part.certain or clock is True)
    return found


def _find_previous(part: _Part, by_part: Mapping[tuple[tuple[str, ...], int], Clip]) -> Clip | None:
    if (before := by_part.get((part.row, part.number - 1))) is not None:
        return before
    # `ZOOM0001.WAV` goes on in `ZOOM0001-0001.WAV` or `ZOOM0001-0002.WAV`: the first part has no number.
    *start, prefix, tail = part.row
    if part.certain or part.number > 2 or not prefix.endswith(("-", "_")) or tail:
        return None
    bare = _NUMBERED.fullmatch(prefix[:-1])
    return by_part.get(((*start, bare[1], bare[3]), int(bare[2]))) if bare is not None else None


def _parse_part(clip: Clip) -> _Part | None:
    stem, suffix = splitext(clip.name.casefold())
    folder, _, base = stem.rpartition("/")
    start = (clip.camera, suffix)
    if gopro := _GOPRO_CHAPTER.fullmatch(base):
        kind, chapter, number = gopro[1] or gopro[4], gopro[2] or "0", gopro[3] or gopro[6]
        kind = "gp" if kind == "gopr" else kind
        return _Part((*start, folder, kind, number), int(chapter), certain=True)
    if p2 := _P2_CLIP.fullmatch(stem):
        return _Part((*start, p2[1], ""), int(p2[2]))
    if bpav := _BPAV_CLIP.fullmatch(stem):
        return _Part((*start, bpav[1] + bpav[2], ""), int(bpav[3]))
    numbered = _NUMBERED.fullmatch(base)
    return _Part((*start, folder, numbered[1], numbered[3]), int(numbered[2])) if numbered else None


def _has_equal_streams(one: Media | None, other: Media | None) -> bool:
    if one is None or other is None or _describe_streams(one) != _describe_streams(other):
        return False
    return one.video is None or other.video is None or _has_equal_rates(one.video, other.video)


def _has_equal_rates(one: VideoStream, other: VideoStream) -> bool:
    if one.variable_rate or other.variable_rate:  # each part of a phone's recording has an average of its own
        return abs(one.rate.fraction / other.rate.fraction - 1) <= _EQUAL_VARIABLE_RATE
    return one.rate == other.rate


def _describe_streams(media: Media) -> object:
    video = media.video
    picture = (video.codec, video.width, video.height, video.pix_fmt) if video else None
    return (
        media.container,
        picture,
        [(track.codec, track.sample_rate, track.channels) for track in media.audio],
    )


def _is_at_limit(size: int, limits: Iterable[int]) -> bool:
    return any(limit * (1 - _LIMIT_MARGIN) <= size <= limit for limit in limits)


def _is_full_alike(clip: Clip, row: Sequence[Clip]) -> bool:
    """Return whether a file is as large as another of its row, and none is larger."""
    sizes = [other.bytes for other in row if other.key != clip.key]
    alike = any(abs(size - clip.bytes) <= _EQUAL_SIZE * clip.bytes for size in sizes)
    return alike and max(sizes) <= clip.bytes * (1 + _EQUAL_SIZE)


def _compare_clocks(before: Media | None, media: Media | None) -> bool | None:
    """Return whether the clocks of two files continue; None where they do not say."""
    if before is None or media is None:
        return None
    answers = [
        _compare_time_references(before, media),
        _compare_timecodes(before, media),
        _compare_recording_times(before, media),
    ]
    known = [answer for answer in answers if answer is not None]
    return all(known) if known else None


def _compare_time_references(before: Media, media: Media) -> bool | None:
    ours, theirs = media.time_reference_us, before.time_reference_us
    if ours is None or theirs is None or ours == theirs:  # some recorders repeat that of the first part
        return None
    return _is_near(ours - theirs, before.duration_us, _TIMECODE_MARGIN_US)


def _compare_timecodes(before: Media, media: Media) -> bool | None:
    ours, theirs = _read_timecode_us(media), _read_timecode_us(before)
    if ours is None or theirs is None or ours == theirs:
        return None
    return _is_near(ours - theirs, before.duration_us, _TIMECODE_MARGIN_US)


def _compare_recording_times(before: Media, media: Media) -> bool | None:
    """Compare the times at which files began or ended; equal ones are those of the first part."""
    if before.recorded_at is None or media.recorded_at is None:
        return None
    apart = datetime.fromisoformat(media.recorded_at) - datetime.fromisoformat(before.recorded_at)
    apart_us = round(apart.total_seconds() * 1_000_000)
    if abs(apart_us) <= _CLOCK_MARGIN_US:
        return None
    return any(
        abs(apart_us - length) <= _CLOCK_MARGIN_US for length in (before.duration_us, media.duration_us)
    )


def _read_timecode_us(media: Media) -> int | None:
    if media.timecode is None or media.video is None:
        return None
    try:
        return round(Timecode.parse(media.timecode).to_seconds(media.video.rate) * 1_000_000)
    except ValueError:
        return None


def _is_near(apart_us: int, expected_us: int, margin_us: int) -> bool:
    """Return whether two times of day are that far apart, also around midnight."""
    return abs((apart_us - expected_us + _DAY_US // 2) % _DAY_US - _DAY_US // 2) <= margin_us
