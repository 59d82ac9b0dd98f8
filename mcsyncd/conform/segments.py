"""Cut a clip into segments that are encoded on their own, and say what was found in each. Pure.

A segment is a fixed range of ticks. Whoever encodes it, and in whatever order, its bytes are the same:
they depend on the source, the plan and the range alone. So a job that is killed loses one segment,
and many machines can work on one clip (docs/adr/0035).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, lcm

from mcsyncd.conform.evidence import FrameGroup
from mcsyncd.conform.grid import MappedFrame
from mcsyncd.conform.plan import FilePlan, RenderPlan
from mcsyncd.model.colour import Colour
from mcsyncd.model.rendition import WrittenFile

SEGMENT_S = 6
"""Seconds of a segment, before it is rounded up to whole groups of pictures.

Measured (docs/performance.md): each segment costs a seek and a fresh encoder. With longer ones, a job that is
killed every 20 s loses more than 15 % of its work; shorter ones cost more than 3 % of CPU. The bytes of every
rendition depend on it.
"""


@dataclass(frozen=True, slots=True)
class Segment:
    """The ticks from `first` up to but without `end`; None: to the end of the source."""

    number: int
    first: int
    end: int | None

    def is_filled_by(self, ticks: int) -> bool:
        """Tell whether so many ticks are all of it."""
        return self.end is not None and ticks == self.end - self.first


@dataclass(frozen=True, slots=True)
class SegmentFile:
    """One rendition's video of a segment, in the plan's order. `groups` have ticks of the whole clip."""

    written: WrittenFile
    groups: tuple[FrameGroup, ...]
    encoder_signature: str


@dataclass(frozen=True, slots=True)
class SegmentFindings:
    """What was found in the source while a segment was encoded.

    `frames` belong to the segment (`grid.TickMap`). `damaged_frames` and `untimed_frames` count frames
    among them that were left out. `frame_sizes` (in pixels) and `frame_colours` are all sizes and colour tags
    of frames that are shown, in order of appearance.
    `source_end` is the clip time in seconds at which the source ends, None unless it was read to there;
    `ends_damaged` is set if frames between the last good one and that end are damaged.
    """

    ticks: int
    frames: tuple[MappedFrame, ...]
    damaged_frames: int = 0
    untimed_frames: int = 0
    frame_sizes: tuple[tuple[int, int], ...] = ()
    frame_colours: tuple[Colour, ...] = ()
    source_end: Fraction | None = None
    ends_damaged: bool = False


@dataclass(frozen=True, slots=True)
class EncodedSegment:
    """A finished segment: what was found, and the files that were written.

    `tiles` are the pixels of its thumbnails, one after the other, None if none are made.
    """

    number: int
    findings: SegmentFindings
    files: tuple[SegmentFile, ...]
    tiles: WrittenFile | None = None

    @property
    def written_files(self) -> tuple[WrittenFile, ...]:
        """All files of the segment."""
        return (*(file.written for file in self.files), *((self.tiles,) if self.tiles else ()))


def plan_segments(plan: RenderPlan) -> tuple[Segment, ...]:
    """Cut the clip into segments; none without video.

    The last one is open: the end of the source decides how long it is, not the declared length. It has
    half to one and a half of the usual length, so that no encoder is started for a few frames.
    """
    if plan.video is None:
        return ()
    length = count_segment_ticks(plan)
    count = max(1, (plan.ticks + length // 2) // length)
    return tuple(
        Segment(number, number * length, (number + 1) * length if number + 1 < count else None)
        for number in range(count)
    )


def count_segment_ticks(plan: RenderPlan) -> int:
    """Return the ticks of a segment: whole groups of pictures of every file, if that is not much longer."""
    wished = ceil(SEGMENT_S * plan.grid.rate.fraction)
    step = lcm(*(count_group_ticks(file) for file in plan.files))
    return step * ceil(wished / step) if step <= wished else wished


def count_group_ticks(file: FilePlan) -> int:
    """Return the ticks from one key frame of a file to the next."""
    return file.video_encoder.gop if file.video_encoder else 1


def count_groups_before(segment: Segment, file: FilePlan) -> int:
    """Return the number of groups of pictures that the earlier segments of a file have together."""
    if segment.number == 0:
        return 0
    return segment.number * ceil(segment.first // segment.number / count_group_ticks(file))


def compute_segments_key(
    plan: RenderPlan, segments: tuple[Segment, ...], origins: tuple[tuple[str, str], ...]
) -> str:
    """Return a digest of all that the bytes of the segments depend on.

    `origins` describe the source file and the libraries, as (name, value).
    """
    return hashlib.sha256(repr((plan, segments, origins)).encode()).hexdigest()
