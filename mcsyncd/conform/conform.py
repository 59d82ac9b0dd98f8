"""Conform one clip to the session's grid: mezzanine, proxy and thumbnails, in one decode."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from mcsyncd.conform.evidence import HASHED_GROUP_INTERVAL, RenditionEvidence
from mcsyncd.conform.grid import Grid
from mcsyncd.conform.library_versions import get_library_versions
from mcsyncd.conform.plan import FilePlan, RenderPlan, RenditionKind, plan_renditions
from mcsyncd.conform.render import RenderResult, ReportProgress, execute_plan
from mcsyncd.conform.sidecar import SidecarContent, build_sidecar
from mcsyncd.errors import BadMedia
from mcsyncd.integrity.derived_file import make_folders, publish_file, publish_folder, write_derived_file
from mcsyncd.model.clip import Media
from mcsyncd.model.rate import Rate
from mcsyncd.model.rendition import AudioTrack, ConformResult, Rendition, RenditionProof, Sprites, WrittenFile
from mcsyncd.model.session import ProfileRef
from mcsyncd.settings.profiles import profile_from_ref

_KIND_SUFFIXES = {"mezzanine": "mezz", "proxy": "proxy"}


def conform_clip(
    source: Path,
    media: Media,
    *,
    rate: Rate,
    phase_us: int,
    drift_ppm: float,
    mezzanine: ProfileRef,
    proxy: ProfileRef,
    folder: Path,
    stem: str,
    report_progress: ReportProgress | None = None,
) -> ConformResult:
    """Make the mezzanine, the proxy and the thumbnails of one clip.

    `media` is what probe found in `source`. `rate` is the session's; `phase_us` and `drift_ppm` are
    baked in (`conform.grid`). Writes `folder/<stem>.mezz.<ext>`, `folder/<stem>.proxy.<ext>`, a
    sidecar for each (the same name with `.json` appended) and thumbnails in `folder/<stem>.sprites/`.
    Each is written completely or not at all, and replaces an existing one. The same arguments and
    library versions give the same bytes. `report_progress` is called with the ticks done and
    expected. The paths in the result are those written.

    Raises BadMedia if the source cannot be decoded, ConfigError for an invalid profile, and OSError
    if a file cannot be read or written (including a full disk).
    """
    grid = Grid.from_drift(rate, phase_us, drift_ppm)
    profiles: tuple[tuple[RenditionKind, ProfileRef], ...] = (("mezzanine", mezzanine), ("proxy", proxy))
    return conform_with_profiles(
        source, media, grid, profiles, folder=folder, stem=stem, report_progress=report_progress
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
) -> ConformResult:
    """Make any set of renditions of one clip; see `conform_clip`."""
    if media.hidden_picture:
        raise BadMedia(
            f"{source.name}: its picture ({media.hidden_picture}) cannot be decoded",
            "develop it in its maker's program, and conform that",
        )
    plan = plan_renditions(media, grid, tuple((kind, ref, profile_from_ref(ref)) for kind, ref in profiles))
    targets = tuple(folder / f"{stem}.{_KIND_SUFFIXES[file.kind]}.{file.container}" for file in plan.files)
    parts = tuple(target.with_name(f"{target.name}.part") for target in targets)
    make_folders(folder)
    sprites = folder / f"{stem}.sprites"
    sprites_part = folder / f"{stem}.sprites.part"
    with ExitStack() as undo:
        for part in parts:
            undo.callback(part.unlink, missing_ok=True)
        undo.callback(shutil.rmtree, sprites_part, ignore_errors=True)
        result = execute_plan(
            source, plan, parts, sprites_part, report_progress or (lambda _done, _expected: None)
        )
        renditions = tuple(
            _build_rendition(plan, file, result, evidence, part=part, target=target)
            for file, part, target, evidence in zip(plan.files, parts, targets, result.evidence, strict=True)
        )
        if result.sprites:
            publish_folder(sprites_part, sprites)
    return ConformResult(
        renditions, get_library_versions(), _relocate_sprites(sprites, result.sprites), result.report
    )


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
    result: RenderResult,
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
        frames=result.ticks if file.conversion else 0,
        phase_us=round(plan.grid.phase * 1_000_000),
        drift_applied_ppm=float((plan.grid.clock_ratio - 1) * 1_000_000),
        tick_map_sha256=result.tick_map_sha256,
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
            tick_map_sha256=result.tick_map_sha256,
            group_interval=HASHED_GROUP_INTERVAL,
            frames_sha256=evidence.frames_sha256,
            samples=evidence.samples,
        ),
        duplicated=result.duplicated,
        dropped=result.dropped,
        notes=(*file.notes, *result.notes),
        timecode=file.timecode,
        tracks=tuple(
            AudioTrack(track.layout, track.channels, track.source_channels, pcm)
            for track, pcm in zip(file.audio_tracks, evidence.pcm_sha256s, strict=True)
        ),
    )
