"""Does what a plan says: one decode of the source, every file of the plan fed from it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from av.video.frame import VideoFrame

from mcsyncd.conform.audio_reader import AudioTrackReader
from mcsyncd.conform.audio_tracks import format_track_prefix
from mcsyncd.conform.encoder_thread import EncoderInput, EncoderThread
from mcsyncd.conform.evidence import RenditionEvidence
from mcsyncd.conform.grid import TickMap
from mcsyncd.conform.plan import RenderPlan
from mcsyncd.conform.report import AudioTrackDamage, ConformReportBuilder
from mcsyncd.conform.thumbnail_writer import ThumbnailWriter
from mcsyncd.conform.video_reader import VideoReader
from mcsyncd.errors import BadMedia
from mcsyncd.model.rate import Rate
from mcsyncd.model.rendition import ConformReport, Sprites

ReportProgress = Callable[[int, int], None]

_AUDIO_STEP_TICKS = 12
"""Sound follows the picture in steps of this many ticks, so that the muxer need not hold either back."""


@dataclass(frozen=True, slots=True)
class RenderResult:
    """What came of it: ticks written, pictures repeated and left out, and what was met, in words.

    `tick_map` is the digest of which picture each tick shows; `evidence` has one part a file.
    """

    ticks: int
    report: ConformReport
    duplicated: int = 0
    dropped: int = 0
    notes: tuple[str, ...] = ()
    tick_map_sha256: str = ""
    sprites: Sprites | None = None
    evidence: tuple[RenditionEvidence, ...] = ()


def execute_plan(
    source: Path, plan: RenderPlan, targets: tuple[Path, ...], sprites: Path, report_progress: ReportProgress
) -> RenderResult:
    """Write the plan's files to `targets`, in the plan's order, and thumbnails into the folder `sprites`.

    `progress` is called with ticks done and expected, in this thread. Raises BadMedia where the
    source cannot be decoded, OSError where it cannot be read or a file not be written; then
    no target is left behind.
    """
    with ExitStack() as undo:
        lanes = []
        for target, file in zip(targets, plan.files, strict=True):
            lane = EncoderThread(target, file, plan.grid.rate)
            undo.callback(lane.abandon)
            lanes.append(lane)
        sheets = ThumbnailWriter(sprites, plan.sprites) if plan.sprites else None
        if sheets is not None:
            undo.callback(sheets.abandon)
        rendered = _PlanExecution(source, plan, lanes, sheets, report_progress).run()
        evidence = tuple(lane.finish() for lane in lanes)
        made = sheets.finish() if sheets else None
        undo.pop_all()
    return replace(rendered, sprites=made, evidence=evidence)


class _PlanExecution:
    """Walks the source once and deals its pictures and its sound to the lanes."""

    def __init__(
        self,
        source: Path,
        plan: RenderPlan,
        encoders: list[EncoderThread],
        thumbnails: ThumbnailWriter | None,
        report_progress: ReportProgress,
    ) -> None:
        self._source, self._plan, self._report_progress = source, plan, report_progress
        self._encoders, self._thumbnails = encoders, thumbnails
        self._audio_readers = tuple(
            AudioTrackReader(source, plan.container, track, plan.grid, plan.origin_us)
            for track in plan.source_tracks
        )
        usual = plan.video.rate if plan.video else Rate(25)
        self._report_builder = ConformReportBuilder(plan.grid, 1 / usual.fraction)
        self._ticks_done = self._audio_ticks = 0

    def run(self) -> RenderResult:
        try:
            if self._plan.video is None:
                self._advance_ticks(self._plan.ticks)
                self._catch_up_audio()
                return RenderResult(self._plan.ticks, self._build_report(()), notes=self._describe_audio())
            return self._render_video(VideoReader(self._source, self._plan.container, self._plan.video))
        finally:
            for sound in self._audio_readers:
                sound.close()

    def _render_video(self, pictures: VideoReader) -> RenderResult:
        ticks = TickMap(self._plan.grid)
        held: VideoFrame | None = None
        for picture in pictures:
            self._report_builder.add_frame(picture.time, after_damage=picture.after_damage)
            self._show_frame(held, ticks.add_frame(picture.time))
            held = picture.frame
        if held is None:
            raise BadMedia(
                f"{self._source.name}: not one of its pictures can be decoded",
                "copy it again from the card; if that does not help, the recording is damaged",
            )
        self._show_frame(held, ticks.finish(self._plan.grid.count_ticks(pictures.end)))
        self._catch_up_audio()
        self._report_builder.end_video(pictures.end, after_damage=pictures.ends_damaged)
        return RenderResult(
            ticks=ticks.ticks,
            duplicated=ticks.duplicated,
            dropped=ticks.dropped,
            notes=(*_describe_video(pictures), *self._describe_audio()),
            tick_map_sha256=ticks.digest,
            report=self._build_report(_describe_irregularities(pictures)),
        )

    def _show_frame(self, picture: VideoFrame | None, ticks: int) -> None:
        """Show a picture on the next `ticks` ticks."""
        if picture is None or not ticks:
            return
        self._feed_encoders((picture, ticks))
        if self._thumbnails is not None:
            self._thumbnails.add_frame(picture, ticks)
        self._advance_ticks(ticks)

    def _advance_ticks(self, ticks: int) -> None:
        """Let the sound follow, and tell how far we are."""
        end = self._ticks_done + ticks
        while self._ticks_done < end:
            self._ticks_done = min(end, self._ticks_done + _AUDIO_STEP_TICKS)
            if self._ticks_done - self._audio_ticks >= _AUDIO_STEP_TICKS:
                self._catch_up_audio()
            self._report_progress(self._ticks_done, max(self._ticks_done, self._plan.ticks))

    def _catch_up_audio(self) -> None:
        """Deal the sound up to the present tick."""
        if self._audio_readers:
            end = self._plan.grid.count_samples(self._ticks_done)
            self._feed_encoders([sound.read_until(end) for sound in self._audio_readers])
        self._audio_ticks = self._ticks_done

    def _feed_encoders(self, part: EncoderInput) -> None:
        for lane in self._encoders:
            lane.put(part)

    def _build_report(self, odd: tuple[str, ...]) -> ConformReport:
        sounds = [
            AudioTrackDamage(sound.missing_s, sound.longest_gap_s, sound.damaged_packets)
            for sound in self._audio_readers
        ]
        return self._report_builder.build_report(sounds, odd)

    def _describe_audio(self) -> tuple[str, ...]:
        said = []
        for number, sound in enumerate(self._audio_readers):
            begin = format_track_prefix(number, len(self._audio_readers))
            if sound.gaps:
                said.append(f"{begin}holes in the sound: {sound.gaps}, silent in the rendition")
            if sound.damaged_packets:
                said.append(f"{begin}damaged packets of sound: {sound.damaged_packets}, silent there")
        return tuple(said)


def _describe_video(pictures: VideoReader) -> tuple[str, ...]:
    damaged = f"damaged pictures: {pictures.damaged_frames}; the nearest good one is held there"
    return (*((damaged,) if pictures.damaged_frames else ()), *_describe_irregularities(pictures))


def _describe_irregularities(pictures: VideoReader) -> tuple[str, ...]:
    """Say what is unusual about the pictures and not their damage."""
    said = []
    if pictures.untimed_frames:
        said.append(f"pictures without a time of their own: {pictures.untimed_frames}, left out")
    if len(pictures.frame_sizes) > 1:
        sizes = ", ".join(f"{width}x{height}" for width, height in pictures.frame_sizes)
        said.append(f"the picture changes its size ({sizes}): all are fitted into that of the first")
    return tuple(said)
