"""Stitch the encoded segments of a clip into its renditions, with the audio, while later ones are encoded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Self

import av

from mcsyncd.conform.audio_reader import AudioTrackReader
from mcsyncd.conform.audio_tracks import format_track_prefix
from mcsyncd.conform.encoder_thread import translate_encoder_error
from mcsyncd.conform.evidence import FrameGroup, RenditionEvidence
from mcsyncd.conform.plan import RenderPlan
from mcsyncd.conform.rendition_writer import RenditionWriter
from mcsyncd.conform.report import AudioTrackDamage
from mcsyncd.conform.segment_files import SegmentFolder
from mcsyncd.conform.segment_join import ClipFindings, FindingsJoiner
from mcsyncd.conform.segments import EncodedSegment, Segment
from mcsyncd.conform.thumbnail_writer import ThumbnailWriter
from mcsyncd.errors import IntegrityError
from mcsyncd.media.failures import translate_media_errors
from mcsyncd.model.rendition import Sprites

_AUDIO_STEP_TICKS = 12
"""Ticks after which audio is written.

Judgement: under half a second at 25 fps or more. Larger steps make the muxer buffer more video while it
waits for audio; smaller ones cost more calls.
"""


@dataclass(frozen=True, slots=True)
class StitchedClip:
    """The outcome: what was found in the clip, evidence for each file of the plan, and the thumbnails."""

    findings: ClipFindings
    evidence: tuple[RenditionEvidence, ...]
    sprites: Sprites | None


class Stitcher:
    """Writes the files of a plan in a thread of its own, from segments that are added in order.

    `targets` are the files to write, in the plan's order, and `sprites` is the folder for thumbnails. Only
    `finish` says whether it all went well. Leaving the context ends the thread.
    """

    def __init__(
        self, source: Path, plan: RenderPlan, folder: SegmentFolder, targets: tuple[Path, ...], sprites: Path
    ) -> None:
        self._source, self._plan, self._folder = source, plan, folder
        self._targets, self._sprites = targets, sprites
        self._queue: SimpleQueue[Segment | None] = SimpleQueue()
        self._error: Exception | None = None
        self._is_wanted = True
        self._stitched: StitchedClip | None = None
        self._thread = Thread(target=self._run, name="conform stitch")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_wanted = False
        self._queue.put(None)
        self._thread.join()

    def add_segment(self, segment: Segment) -> None:
        """Add the next segment, which is finished. Raises the thread's error."""
        self._raise_error()
        self._queue.put(segment)

    def finish(self) -> StitchedClip:
        """Wait until all files are complete, indices included.

        Raises SegmentsDisagree, OSError (disk full), BadMedia if the audio cannot be read, McsyncError.
        """
        self._queue.put(None)
        self._thread.join()
        self._raise_error()
        assert self._stitched is not None
        return self._stitched

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            with ExitStack() as files, translate_media_errors(self._source, "conformed"):
                self._stitched = _ClipStitch(self._source, self._plan, self._targets, files).run(
                    self._iterate_segments(), self._sprites
                )
        except av.FFmpegError as error:
            self._error = translate_encoder_error(self._targets[0], error)
        except Exception as error:  # noqa: BLE001  # raised again in the calling thread
            self._error = error

    def _iterate_segments(self) -> Iterator[tuple[Segment, EncodedSegment]]:
        while (segment := self._queue.get()) is not None and self._is_wanted:
            encoded = self._folder.read_record(segment)
            if encoded is None:
                raise IntegrityError(
                    f"{self._folder.path}: segment {segment.number} is gone", "retry the session"
                )
            yield segment, encoded


class _ClipStitch:
    """Reads the audio once, and writes it to all files beside their video."""

    def __init__(self, source: Path, plan: RenderPlan, targets: tuple[Path, ...], files: ExitStack) -> None:
        self._plan = plan
        self._audio_readers = tuple(
            AudioTrackReader(source, plan.container, track, plan.grid, plan.origin_us)
            for track in plan.source_tracks
        )
        for reader in self._audio_readers:
            files.callback(reader.close)
        self._writers = tuple(
            files.enter_context(RenditionWriter(target, file, plan.grid.rate))
            for target, file in zip(targets, plan.files, strict=True)
        )
        self._groups: tuple[list[FrameGroup], ...] = tuple([] for _ in plan.files)
        self._signatures = [""] * len(plan.files)
        self._joiner = FindingsJoiner(plan)

    def run(self, segments: Iterator[tuple[Segment, EncodedSegment]], sprites: Path) -> StitchedClip:
        thumbnails = ThumbnailWriter(sprites, self._plan.sprites) if self._plan.sprites else None
        for segment, encoded in segments:
            self._joiner.add_findings(segment, encoded.findings)
            self._copy_segment(segment, encoded)
            if thumbnails is not None and encoded.tiles is not None:
                thumbnails.add_tiles(Path(encoded.tiles.path).read_bytes())
        if self._plan.video is None:
            for tick in range(0, self._plan.ticks, _AUDIO_STEP_TICKS):
                self._write_audio_until(min(tick + _AUDIO_STEP_TICKS, self._plan.ticks))
        findings = self._joiner.join(self._describe_audio(), self._list_audio_damage())
        for writer in self._writers:
            writer.flush()
        return StitchedClip(
            findings, self._collect_evidence(), thumbnails.finish(findings.ticks) if thumbnails else None
        )

    def _copy_segment(self, segment: Segment, encoded: EncodedSegment) -> None:
        for number, file in enumerate(encoded.files):
            self._groups[number].extend(file.groups)
            self._signatures[number] = self._signatures[number] or file.encoder_signature
        copies = [
            writer.copy_segment(Path(file.written.path), segment.first)
            for writer, file in zip(self._writers, encoded.files, strict=False)
        ]
        end = segment.first + encoded.findings.ticks
        for tick in range(segment.first, end, _AUDIO_STEP_TICKS):
            until = min(tick + _AUDIO_STEP_TICKS, end)
            for copy in copies:
                next(at for at in copy if at >= until)
            self._write_audio_until(until)
        for copy in copies:
            copy.close()

    def _write_audio_until(self, tick: int) -> None:
        if not self._audio_readers:
            return
        position = self._plan.grid.count_samples(tick)
        samples = [reader.read_until(position) for reader in self._audio_readers]
        for writer in self._writers:
            writer.write_audio(samples)

    def _collect_evidence(self) -> tuple[RenditionEvidence, ...]:
        return tuple(
            RenditionEvidence(tuple(groups), writer.samples, writer.pcm_sha256s, signature)
            for groups, writer, signature in zip(self._groups, self._writers, self._signatures, strict=True)
        )

    def _list_audio_damage(self) -> tuple[AudioTrackDamage, ...]:
        return tuple(
            AudioTrackDamage(reader.missing_s, reader.longest_gap_s, reader.damaged_packets)
            for reader in self._audio_readers
        )

    def _describe_audio(self) -> tuple[str, ...]:
        notes = []
        for number, reader in enumerate(self._audio_readers):
            prefix = format_track_prefix(number, len(self._audio_readers))
            if reader.gaps:
                notes.append(f"{prefix}gaps in the audio: {reader.gaps}, filled with silence")
            if reader.damaged_packets:
                notes.append(f"{prefix}damaged audio packets: {reader.damaged_packets}, replaced by silence")
        return tuple(notes)
