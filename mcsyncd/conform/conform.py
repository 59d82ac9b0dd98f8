"""One clip onto the session grid: its mezzanine, its proxy and its thumbnails, in one decode."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from mcsyncd.conform.evidence import HASHED_GROUP_INTERVAL, RenditionEvidence
from mcsyncd.conform.grid import Grid
from mcsyncd.conform.library_versions import get_library_versions
from mcsyncd.conform.plan import FilePlan, RenderPlan, RenditionKind, plan_renditions
from mcsyncd.conform.render import RenderResult, execute_plan
from mcsyncd.conform.sidecar import build_sidecar
from mcsyncd.integrity.hashing import compute_digest
from mcsyncd.model.clip import Media
from mcsyncd.model.rate import Rate
from mcsyncd.model.rendition import AudioTrack, ConformResult, Rendition, RenditionProof, Sprites, WrittenFile
from mcsyncd.model.session import ProfileRef
from mcsyncd.settings.profiles import profile_from_ref

ReportProgress = Callable[[int, int], None]

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
    """Make the mezzanine and the proxy of one clip.

    `media` is what probe found in `source`; `rate` is the session's, `phase_us` and `drift_ppm`
    are baked in (`conform.grid`). Writes `folder/<stem>.mezz.<ext>`, `folder/<stem>.proxy.<ext>`,
    a sidecar beside each (`.json` behind its name) and thumbnails into `folder/<stem>.sprites/`,
    each complete or not at all, replacing what is there. The same arguments and library versions
    give the same bytes. `progress` is called with ticks done and expected. The paths in the
    result are those written.

    Raises BadMedia where the source cannot be decoded, ConfigError for a profile of another
    release, OSError where something cannot be read or written (a full disk among them).
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
    """Make any set of renditions of one clip; see `conform`."""
    asked = tuple((kind, ref, profile_from_ref(ref)) for kind, ref in profiles)
    planned = plan_renditions(media, grid, asked)
    targets = tuple(folder / f"{stem}.{_KIND_SUFFIXES[file.kind]}.{file.container}" for file in planned.files)
    parts = tuple(target.with_name(f"{target.name}.part") for target in targets)
    sprites = folder / f"{stem}.sprites"
    sprites_part = folder / f"{stem}.sprites.part"
    with ExitStack() as undo:
        for part in parts:
            undo.callback(part.unlink, missing_ok=True)
        undo.callback(shutil.rmtree, sprites_part, ignore_errors=True)
        rendered = execute_plan(
            source, planned, parts, sprites_part, report_progress or (lambda _done, _expected: None)
        )
        renditions = tuple(
            _attach_proof(
                _build_rendition(planned, file, rendered, part, target),
                file,
                evidence,
                rendered.tick_map_sha256,
            )
            for file, part, target, evidence in zip(
                planned.files, parts, targets, rendered.evidence, strict=True
            )
        )
        for part, target in zip(parts, targets, strict=True):
            part.replace(target)
        if rendered.sprites:
            shutil.rmtree(sprites, ignore_errors=True)
            sprites_part.replace(sprites)
    _fsync_path(folder)
    return ConformResult(
        renditions, get_library_versions(), _relocate_sprites(sprites, rendered.sprites), rendered.report
    )


def _attach_proof(made: Rendition, file: FilePlan, evidence: RenditionEvidence, tick_map: str) -> Rendition:
    """Write the sidecar, and return the rendition with what it proves."""
    path = Path(f"{made.path}.json")
    document = build_sidecar(made, file, evidence, tick_map, get_library_versions())
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(document)
    _fsync_path(part)
    part.replace(path)
    written = WrittenFile(str(path), len(document), hashlib.sha256(document).hexdigest())
    pcm = evidence.pcm_sha256s[0] if evidence.pcm_sha256s else ""
    proof = RenditionProof(
        written, tick_map, HASHED_GROUP_INTERVAL, evidence.frames_sha256, evidence.samples, pcm
    )
    tracks = tuple(
        AudioTrack(sound.layout, sound.channels, sound.source_channels, pcm)
        for sound, pcm in zip(file.audio_tracks, evidence.pcm_sha256s, strict=True)
    )
    return replace(made, proof=proof, tracks=tracks)


def _relocate_sprites(folder: Path, made: Sprites | None) -> Sprites | None:
    """Return the thumbnails as they are named in their last place."""
    if made is None:
        return None

    def relocate_file(file: WrittenFile) -> WrittenFile:
        return replace(file, path=str(folder / Path(file.path).name))

    return replace(
        made, webvtt=relocate_file(made.webvtt), sheets=tuple(relocate_file(sheet) for sheet in made.sheets)
    )


def _build_rendition(
    planned: RenderPlan, file: FilePlan, rendered: RenderResult, part: Path, target: Path
) -> Rendition:
    """Describe a finished file, made safe against a power cut but not yet under its name."""
    _fsync_path(part)
    written = compute_digest(part)
    width, height = file.conversion.size if file.conversion else (0, 0)
    grid = planned.grid
    return Rendition(
        kind=file.kind,
        path=str(target),
        bytes=written.bytes,
        sha256=written.sha256,
        profile=file.profile.name,
        profile_hash=file.profile.hash,
        rate=grid.rate,
        frames=rendered.ticks if file.conversion else 0,
        width=width,
        height=height,
        phase_us=round(grid.phase * 1_000_000),
        drift_applied_ppm=float((grid.clock_ratio - 1) * 1_000_000),
        duplicated=rendered.duplicated,
        dropped=rendered.dropped,
        notes=(*file.notes, *rendered.notes),
        timecode=file.timecode,
        layout=file.audio_tracks[0].layout if file.audio_tracks else None,
    )


def _fsync_path(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
