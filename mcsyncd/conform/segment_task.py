"""Encode segments: one decode of the source for every file of the plan.

What a segment becomes depends on its task alone, so it may be done by any process of any machine that
sees the same files, as often as anyone likes.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from av.video.frame import VideoFrame

from mcsyncd.conform.encoder_thread import EncoderThread
from mcsyncd.conform.grid import TickMap
from mcsyncd.conform.plan import RenderPlan
from mcsyncd.conform.segment_files import SegmentFolder
from mcsyncd.conform.segments import EncodedSegment, Segment, SegmentFile, SegmentFindings
from mcsyncd.conform.thumbnail_writer import TileCollector
from mcsyncd.conform.video_reader import TimedFrame, VideoReader, open_video_at
from mcsyncd.errors import BadMedia
from mcsyncd.integrity.derived_file import publish_file, write_derived_file
from mcsyncd.media.failures import translate_media_errors
from mcsyncd.media.frames import read_colour
from mcsyncd.model.colour import Colour
from mcsyncd.model.rendition import WrittenFile

ReportTicks = Callable[[int], None]
"""Called with the ticks of the current segment that were decoded so far."""


@dataclass(frozen=True, slots=True)
class SegmentTask:
    """A segment to encode, with all that is needed for it. `source` and `folder` are absolute paths."""

    source: Path
    plan: RenderPlan
    segment: Segment
    folder: SegmentFolder


@dataclass(frozen=True, slots=True)
class SegmentResult:
    """The files that a task wrote, its record last."""

    number: int
    files: tuple[WrittenFile, ...]


def encode_segment(task: SegmentTask) -> SegmentResult:
    """Encode one segment.

    Raises BadMedia if the source cannot be decoded, and OSError if it cannot be read or a file cannot be
    written.
    """
    (result,) = encode_segments((task,), lambda _ticks: None)
    return result


def encode_segments(tasks: Iterable[SegmentTask], report_ticks: ReportTicks) -> Generator[SegmentResult]:
    """Encode segments of one clip, in order, and yield each result as soon as its record is written.

    The decoder goes on with the next segment while the encoders finish the last one; the bytes are those
    of `encode_segment`. Raises what that raises; segments that are finished stay.
    """
    encoders: list[EncoderThread] = []
    unfinished: list[_SegmentRun] = []  # two at most: a run has the pixels of its thumbnails
    try:
        for task in tasks:
            if not encoders:
                encoders += [EncoderThread(file, task.plan.grid.rate) for file in task.plan.files]
            run = _SegmentRun(task, encoders, report_ticks)
            unfinished.append(run)
            with translate_media_errors(task.source, "conformed"):
                for _ in run.feed_encoders():
                    if len(unfinished) > 1 and unfinished[0].is_encoded:
                        yield unfinished.pop(0).publish()
            while len(unfinished) > 1:
                yield unfinished.pop(0).publish()
        while unfinished:
            yield unfinished.pop(0).publish()
    finally:
        for encoder in encoders:
            encoder.close()
        for run in unfinished:
            run.discard_parts()


class _SegmentRun:
    """Reads one segment's part of the source, and publishes what the encoders made of it."""

    def __init__(self, task: SegmentTask, encoders: list[EncoderThread], report_ticks: ReportTicks) -> None:
        self._task, self._encoders, self._report_ticks = task, encoders, report_ticks
        plan = task.plan
        self._targets = [task.folder.locate_video(task.segment, file) for file in plan.files]
        # Another machine may be writing the same segment: each writes under a name of its own.
        token = secrets.token_hex(4)
        self._parts = [target.with_name(f"{target.name}.{token}.part") for target in self._targets]
        self._tiles = TileCollector(plan.sprites, task.segment.first) if plan.sprites else None
        self._frame_sizes: dict[tuple[int, int], None] = {}  # ordered sets
        self._frame_colours: dict[Colour, None] = {}
        self._is_begun = False
        self._findings = SegmentFindings(0, ())

    @property
    def is_encoded(self) -> bool:
        """Whether all encoders are done with the segment."""
        return not self._is_begun or all(encoder.has_finished_segment for encoder in self._encoders)

    def feed_encoders(self) -> Generator[None]:
        """Decode the segment and pass its frames to the encoders; yield after each frame."""
        segment, plan = self._task.segment, self._task.plan
        assert plan.video is not None
        # One tick earlier: the first frame that is read must belong to an earlier segment for certain.
        start = plan.grid.compute_clip_time(segment.first - 1) if segment.first else Fraction(0)
        reader, frames = open_video_at(self._task.source, plan.container, plan.video, start)
        tick_map = TickMap(plan.grid, segment.first, segment.end)
        held: VideoFrame | None = None
        try:
            for timed in frames:
                self._show_frame(held, self._add_frame(tick_map, timed), tick_map.ticks)
                held = timed.frame
                del timed  # a frame has megabytes
                if tick_map.is_full:
                    break
                yield
        finally:
            frames.close()
        if held is None:
            raise BadMedia(
                f"{self._task.source.name}: none of its frames can be decoded",
                "copy it from the card again; if that does not help, the recording is damaged",
            )
        if reader.is_exhausted:
            self._show_frame(held, tick_map.finish(plan.grid.count_ticks(reader.end)), tick_map.ticks)
        if self._is_begun:
            for encoder in self._encoders:
                encoder.end_segment()
        self._findings = self._describe(reader, tick_map)

    def _add_frame(self, tick_map: TickMap, timed: TimedFrame) -> int:
        return tick_map.add_frame(timed.time, after_damage=timed.after_damage)

    def _show_frame(self, frame: VideoFrame | None, ticks: int, ticks_done: int) -> None:
        """Show a frame on the next `ticks` ticks."""
        if frame is None or not ticks:
            return
        if not self._is_begun:  # behind the end of the source there is nothing to encode
            self._is_begun = True
            for encoder, part in zip(self._encoders, self._parts, strict=True):
                encoder.begin_segment(self._task.segment, part)
        self._frame_sizes[frame.width, frame.height] = None
        self._frame_colours[read_colour(frame)] = None
        for encoder in self._encoders:
            encoder.put_frame(frame, ticks)
        if self._tiles is not None:
            self._tiles.add_frame(frame, ticks)
        self._report_ticks(ticks_done)

    def _describe(self, reader: VideoReader, tick_map: TickMap) -> SegmentFindings:
        segment, grid = self._task.segment, self._task.plan.grid
        begin = grid.compute_clip_time(segment.first) if segment.first else None
        end = grid.compute_clip_time(segment.end) if segment.end is not None else None
        return SegmentFindings(
            ticks=tick_map.ticks,
            frames=tuple(tick_map.frames),
            damaged_frames=sum(
                (begin is None or time >= begin) and (end is None or time < end)
                for time in reader.damage_times
            ),
            untimed_frames=reader.untimed_frames,
            frame_sizes=tuple(self._frame_sizes),
            frame_colours=tuple(self._frame_colours),
            source_end=reader.end if reader.is_exhausted else None,
            ends_damaged=reader.is_exhausted and reader.ends_damaged,
        )

    def publish(self) -> SegmentResult:
        """Wait for the encoders, and give the segment its files and its record."""
        folder, segment = self._task.folder, self._task.segment
        files = self._publish_files() if self._is_begun else ()
        tiles = None
        if self._tiles is not None:
            tiles = write_derived_file(folder.locate_tiles(segment), self._tiles.join_pixels())
        encoded = EncodedSegment(segment.number, self._findings, files, tiles)
        record = folder.write_record(encoded)
        return SegmentResult(encoded.number, (*encoded.written_files, record))

    def _publish_files(self) -> tuple[SegmentFile, ...]:
        files = []
        for encoder, part, target in zip(self._encoders, self._parts, self._targets, strict=True):
            evidence = encoder.take_evidence()
            files.append(SegmentFile(publish_file(part, target), evidence.groups, evidence.encoder_signature))
        return tuple(files)

    def discard_parts(self) -> None:
        """Remove what is not complete."""
        for part in self._parts:
            part.unlink(missing_ok=True)
