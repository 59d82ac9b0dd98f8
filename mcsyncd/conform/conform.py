"""Conform one clip to the session's grid: mezzanine, proxy and thumbnails, in one decode."""

from __future__ import annotations

import shutil
from concurrent.futures import Executor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from mcsyncd.conform.clip_encoding import ClipEncoding, ReportProgress
from mcsyncd.conform.clip_tasks import WHOLE_CLIP, build_segment_tasks, plan_clip
from mcsyncd.conform.encoders import get_sample_bits
from mcsyncd.conform.evidence import HASHED_GROUP_INTERVAL, RenditionEvidence
from mcsyncd.conform.grid import SAMPLE_RATE, Grid
from mcsyncd.conform.library_versions import get_library_versions
from mcsyncd.conform.plan import FilePlan, RenderPlan, RenditionKind
from mcsyncd.conform.segment_files import KIND_SUFFIXES
from mcsyncd.conform.segment_join import ClipFindings, SegmentsDisagree
from mcsyncd.conform.segments import Segment, plan_segments
from mcsyncd.conform.sidecar import SidecarContent, build_sidecar
from mcsyncd.conform.stitcher import StitchedClip, Stitcher
from mcsyncd.conform.timestamp_scan import can_seek_by_time
from mcsyncd.errors import BadMedia
from mcsyncd.integrity.derived_file import make_folders, publish_file, publish_folder, write_derived_file
from mcsyncd.model.clip import Media
from mcsyncd.model.colour import Colour
from mcsyncd.model.drift_curve import DriftCurve
from mcsyncd.model.rate import Rate
from mcsyncd.model.rendition import (
    AudioTrack,
    ConformResult,
    PictureFormat,
    Rendition,
    RenditionProof,
    Sprites,
    WrittenFile,
)
from mcsyncd.model.session import ProfileRef


def conform_clip(
    source: Path,
    media: Media,
    *,
    rate: Rate,
    phase_us: int,
    drift_ppm: float,
    curve: DriftCurve = (),
    mezzanine: ProfileRef,
    proxy: ProfileRef,
    folder: Path,
    stem: str,
    report_progress: ReportProgress | None = None,
    segment_folder: Path | None = None,
    executor: Executor | None = None,
) -> ConformResult:
    """Make the mezzanine, the proxy and the thumbnails of one clip.

    `media` is what probe found in `source`. `rate` is the session's; `phase_us`, `drift_ppm` and `curve`
    are baked in (`conform.grid`). Writes `folder/<stem>.mezz.<ext>`, `folder/<stem>.proxy.<ext>`, a
    sidecar for each (the same name with `.json` appended) and thumbnails in `folder/<stem>.sprites/`.
    Each is written completely or not at all, and replaces an existing one. The same arguments and
    library versions give the same bytes. `report_progress` is called with the ticks done and
    expected. The paths in the result are those written.

    The video is encoded in segments (`conform.segments`), which lie in `segment_folder` until the clip is
    finished; None: in `folder/<stem>.segments/`. If the process is killed, or fails for a reason that may
    pass, the next call goes on after them. `executor` encodes them, by `segment_task.encode_segment`, in
    processes that see the same files; without it they are encoded here, one after the other. The bytes
    are the same.

    Raises BadMedia if the source cannot be decoded, ConfigError for an invalid profile, ValueError for a
    curve that `model.drift_curve.check_curve` refuses, and OSError if a file cannot be read or written
    (including a full disk).
    """
    grid = Grid.from_drift(rate, phase_us, drift_ppm, curve)
    profiles: tuple[tuple[RenditionKind, ProfileRef], ...] = (("mezzanine", mezzanine), ("proxy", proxy))
    return conform_with_profiles(
        source,
        media,
        grid,
        profiles,
        folder=folder,
        stem=stem,
        report_progress=report_progress,
        segment_folder=segment_folder,
        executor=executor,
    )


def conform_with_profiles(
    source: Path,
    media: Media,
    grid: Grid,
    profiles: tuple[tuple[RenditionKind, ProfileRef], ...],
    *,
    folder: Path,
    stem: str,
    report_progress: ReportProgress | None = None,
    segment_folder: Path | None = None,
    executor: Executor | None = None,
) -> ConformResult:
    """Make any set of renditions of one clip; see `conform_clip`."""
    if media.hidden_picture:
        raise BadMedia(
            f"{source.name}: its picture ({media.hidden_picture}) cannot be decoded",
            "develop it in its maker's program, and conform that",
        )
    plan = plan_clip(media, grid, profiles)
    targets = tuple(folder / f"{stem}.{KIND_SUFFIXES[file.kind]}.{file.container}" for file in plan.files)
    parts = tuple(target.with_name(f"{target.name}.part") for target in targets)
    make_folders(folder)
    sprites = folder / f"{stem}.sprites"
    work = _ConformWork(
        source.absolute(),
        plan,
        parts,
        sprites.with_name(f"{sprites.name}.part"),
        (segment_folder or folder / f"{stem}.segments").absolute(),
        report_progress or (lambda _done, _expected: None),
        executor,
    )
    with ExitStack() as undo:
        undo.callback(work.discard_parts)
        stitched = work.run()
        renditions = tuple(
            _build_rendition(plan, file, stitched.findings, evidence, part=part, target=target)
            for file, part, target, evidence in zip(
                plan.files, parts, targets, stitched.evidence, strict=True
            )
        )
        if stitched.sprites:
            publish_folder(work.sprites, sprites)
    work.discard_segments()
    return ConformResult(
        renditions,
        get_library_versions(),
        _relocate_sprites(sprites, stitched.sprites),
        stitched.findings.report,
    )


@dataclass(frozen=True, slots=True)
class _ConformWork:
    """The encoding of one clip into the temporary files `parts` and `sprites`."""

    source: Path
    plan: RenderPlan
    parts: tuple[Path, ...]
    sprites: Path
    segment_path: Path
    report_progress: ReportProgress
    executor: Executor | None

    def run(self) -> StitchedClip:
        """Encode in segments; a clip in which seeks lead astray, in one pass."""
        try:
            return self._encode_clip()
        except BaseException as error:
            # What is finished stays for the next call, unless there will be none.
            if isinstance(error, BadMedia) or not any(self.segment_path.glob("*.json")):
                self.discard_segments()
            raise

    def _encode_clip(self) -> StitchedClip:
        try:
            return self._encode(self._plan_segments())
        except SegmentsDisagree:
            self.discard_segments()
            return self._encode(WHOLE_CLIP)

    def _plan_segments(self) -> tuple[Segment, ...]:
        """Return the segments; a single one if a seek could lead astray."""
        segments, video = plan_segments(self.plan), self.plan.video
        if len(segments) > 1 and video and not can_seek_by_time(self.source, self.plan.container, video):
            return WHOLE_CLIP
        return segments

    def _encode(self, segments: tuple[Segment, ...]) -> StitchedClip:
        folder, tasks = build_segment_tasks(self.source, self.plan, segments, self.segment_path)
        if segments:
            folder.prepare()
        encoding = ClipEncoding(tasks, self.plan.ticks, self.report_progress, self.executor)
        with Stitcher(self.source, self.plan, folder, self.parts, self.sprites) as stitcher:
            with closing(encoding.iterate_finished()) as finished:
                for segment in finished:
                    stitcher.add_segment(segment)
            return stitcher.finish()

    def discard_parts(self) -> None:
        """Remove the temporary files."""
        for part in self.parts:
            part.unlink(missing_ok=True)
        shutil.rmtree(self.sprites, ignore_errors=True)

    def discard_segments(self) -> None:
        """Remove the segments: the clip is finished, or cannot be."""
        shutil.rmtree(self.segment_path, ignore_errors=True)


def _relocate_sprites(folder: Path, sprites: Sprites | None) -> Sprites | None:
    """Return the thumbnails with the paths of their final folder."""
    if sprites is None:
        return None

    def relocate_file(file: WrittenFile) -> WrittenFile:
        return replace(file, path=str(folder / Path(file.path).name))

    return replace(
        sprites,
        webvtt=relocate_file(sprites.webvtt),
        sheets=tuple(relocate_file(sheet) for sheet in sprites.sheets),
    )


def _build_rendition(
    plan: RenderPlan,
    file: FilePlan,
    found: ClipFindings,
    evidence: RenditionEvidence,
    *,
    part: Path,
    target: Path,
) -> Rendition:
    """Give a finished file its name, write its sidecar, and describe both."""
    written = publish_file(part, target)
    width, height = file.conversion.size if file.conversion else (0, 0)
    content = SidecarContent(
        bytes=written.bytes,
        sha256=written.sha256,
        rate=plan.grid.rate,
        frames=found.ticks if file.conversion else 0,
        phase_us=round(plan.grid.phase * 1_000_000),
        drift_applied_ppm=float((plan.grid.clock_ratio - 1) * 1_000_000),
        curve=plan.grid.curve,
        tick_map_sha256=found.tick_map_sha256,
    )
    sidecar = write_derived_file(
        Path(f"{target}.json"), build_sidecar(content, file, evidence, get_library_versions())
    )
    return Rendition(
        kind=file.kind,
        path=str(target),
        bytes=content.bytes,
        sha256=content.sha256,
        profile=file.profile.name,
        profile_hash=file.profile.hash,
        rate=content.rate,
        frames=content.frames,
        width=width,
        height=height,
        phase_us=content.phase_us,
        drift_applied_ppm=content.drift_applied_ppm,
        proof=RenditionProof(
            sidecar=sidecar,
            tick_map_sha256=found.tick_map_sha256,
            group_interval=HASHED_GROUP_INTERVAL,
            frames_sha256=evidence.frames_sha256,
            samples=evidence.samples,
        ),
        duplicated=found.duplicated,
        dropped=found.dropped,
        notes=(*file.notes, *found.notes),
        timecode=file.timecode,
        picture=_describe_picture(file),
        curve_applied=content.curve,
        tracks=tuple(
            AudioTrack(
                track.layout,
                track.channels,
                track.source_channels,
                pcm,
                SAMPLE_RATE,
                get_sample_bits(track.encoder),
            )
            for track, pcm in zip(file.audio_tracks, evidence.pcm_sha256s, strict=True)
        ),
    )


def _describe_picture(file: FilePlan) -> PictureFormat | None:
    encoder, conversion = file.video_encoder, file.conversion
    if encoder is None or conversion is None:
        return None
    tags = conversion.tags
    colour = Colour(tags.primaries, tags.transfer, tags.matrix, tags.full_range)
    return PictureFormat(encoder.fmt, encoder.bits, colour)
