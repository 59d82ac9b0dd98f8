"""Execute a render plan: decode the source once and feed every file of the plan from it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
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
from mcsyncd.model.clip import MAX_END_GAP_US
from mcsyncd.model.rate import Rate
from mcsyncd.model.rendition import ConformReport, Sprites

ReportProgress = Callable[[int, int], None]
"""Called with ticks done and ticks expected."""

_AUDIO_STEP_TICKS = 12
"""Ticks of audio that are fed to the encoders at once.

Judgement: under half a second at 25 fps or more. Larger steps make the muxer buffer more video while it
waits for audio; smaller ones cost more calls.
"""


@dataclass(frozen=True, slots=True)
class RenderResult:
    """The outcome of a plan: ticks written, frames repeated and dropped, and notes for people.

    `tick_map_sha256` is the digest of which source frame each tick shows, "" without video.
    `evidence` has one entry for each file.
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

    `report_progress` is called in this thread. Raises BadMedia if the source cannot be decoded, and
    OSError if it cannot be read or a file cannot be written; no target is left behind then.
    """
    with ExitStack() as undo:
        encoders = []
        for target, file in zip(targets, plan.files, strict=True):
            encoder = EncoderThread(target, file, plan.grid.rate)
            undo.callback(encoder.abandon)
            encoders.append(encoder)
        thumbnails = ThumbnailWriter(sprites, plan.sprites) if plan.sprites else None
        if thumbnails is not None:
            undo.callback(thumbnails.abandon)
        result = _PlanExecution(source, plan, encoders, thumbnails, report_progress).run()
        evidence = tuple(encoder.finish() for encoder in encoders)
        written_sprites = thumbnails.finish() if thumbnails else None
        undo.pop_all()
    return replace(result, sprites=written_sprites, evidence=evidence)


class _PlanExecution:
    """Reads the source once and passes its frames and samples to the encoders."""

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
        rate = plan.video.rate if plan.video else Rate(25)  # without video no frame is ever compared to it
        self._report_builder = ConformReportBuilder(plan.grid, 1 / rate.fraction)
        self._ticks_done = self._audio_ticks = 0

    def run(self) -> RenderResult:
        try:
            if self._plan.video is None:
                self._advance_ticks(self._plan.ticks)
                self._catch_up_audio()
                return RenderResult(self._plan.ticks, self._build_report(()), notes=self._describe_audio())
            return self._render_video(VideoReader(self._source, self._plan.container, self._plan.video))
        finally:
            for reader in self._audio_readers:
                reader.close()

    def _render_video(self, reader: VideoReader) -> RenderResult:
        tick_map = TickMap(self._plan.grid)
        held: VideoFrame | None = None
        for timed in reader:
            self._report_builder.add_frame(timed.time, after_damage=timed.after_damage)
            self._show_frame(held, tick_map.add_frame(timed.time))
            held = timed.frame
        if held is None:
            raise BadMedia(
                f"{self._source.name}: none of its frames can be decoded",
                "copy it from the card again; if that does not help, the recording is damaged",
            )
        self._show_frame(held, tick_map.finish(self._plan.grid.count_ticks(reader.end)))
        self._catch_up_audio()
        self._report_builder.end_video(reader.end, after_damage=reader.ends_damaged)
        return RenderResult(
            ticks=tick_map.ticks,
            duplicated=tick_map.duplicated,
            dropped=tick_map.dropped,
            notes=(*_describe_video(reader), *self._describe_audio()),
            tick_map_sha256=tick_map.digest,
            report=self._build_report((*_describe_irregularities(reader), *self._describe_end(reader))),
        )

    def _show_frame(self, frame: VideoFrame | None, ticks: int) -> None:
        """Show a frame on the next `ticks` ticks."""
        if frame is None or not ticks:
            return
        self._feed_encoders((frame, ticks))
        if self._thumbnails is not None:
            self._thumbnails.add_frame(frame, ticks)
        self._advance_ticks(ticks)

    def _advance_ticks(self, ticks: int) -> None:
        """Advance by `ticks`, feed the audio up to there, and report progress."""
        end = self._ticks_done + ticks
        while self._ticks_done < end:
            self._ticks_done = min(end, self._ticks_done + _AUDIO_STEP_TICKS)
            if self._ticks_done - self._audio_ticks >= _AUDIO_STEP_TICKS:
                self._catch_up_audio()
            self._report_progress(self._ticks_done, max(self._ticks_done, self._plan.ticks))

    def _catch_up_audio(self) -> None:
        """Feed the audio up to the current tick."""
        if self._audio_readers:
            end = self._plan.grid.count_samples(self._ticks_done)
            self._feed_encoders([reader.read_until(end) for reader in self._audio_readers])
        self._audio_ticks = self._ticks_done

    def _feed_encoders(self, item: EncoderInput) -> None:
        for encoder in self._encoders:
            encoder.put(item)

    def _build_report(self, video_warnings: tuple[str, ...]) -> ConformReport:
        tracks = [
            AudioTrackDamage(reader.missing_s, reader.longest_gap_s, reader.damaged_packets)
            for reader in self._audio_readers
        ]
        return self._report_builder.build_report(tracks, video_warnings)

    def _describe_end(self, reader: VideoReader) -> tuple[str, ...]:
        """Compare the end of the decoded picture with the one that the file declares."""
        declared = Fraction(self._plan.video.duration_us if self._plan.video else 0, 1_000_000)
        early = declared - reader.end
        if early * 1_000_000 <= MAX_END_GAP_US:
            return ()
        return (f"the picture ends {float(early):.1f} s before the end that the file declares",)

    def _describe_audio(self) -> tuple[str, ...]:
        notes = []
        for number, reader in enumerate(self._audio_readers):
            prefix = format_track_prefix(number, len(self._audio_readers))
            if reader.gaps:
                notes.append(f"{prefix}gaps in the audio: {reader.gaps}, filled with silence")
            if reader.damaged_packets:
                notes.append(f"{prefix}damaged audio packets: {reader.damaged_packets}, replaced by silence")
        return tuple(notes)


def _describe_video(reader: VideoReader) -> tuple[str, ...]:
    damage = f"damaged frames: {reader.damaged_frames}, replaced by the nearest good frame"
    return (*((damage,) if reader.damaged_frames else ()), *_describe_irregularities(reader))


def _describe_irregularities(reader: VideoReader) -> tuple[str, ...]:
    """Describe everything unusual about the video except damage."""
    notes = []
    if reader.untimed_frames:
        notes.append(f"frames without a valid timestamp: {reader.untimed_frames}, left out")
    if len(reader.frame_sizes) > 1:
        sizes = ", ".join(f"{width}x{height}" for width, height in reader.frame_sizes)
        notes.append(f"the frame size changes ({sizes}): all frames are fitted into the first size")
    return tuple(notes)
