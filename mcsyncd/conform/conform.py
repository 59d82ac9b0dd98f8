"""One clip onto the session grid: its mezzanine, its proxy and its thumbnails, in one decode."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from mcsyncd.conform.evidence import EVERY, Evidence
from mcsyncd.conform.grid import Grid
from mcsyncd.conform.plan import FilePlan, Kind, RenderPlan, plan
from mcsyncd.conform.render import Rendered, render
from mcsyncd.conform.sidecar import sidecar
from mcsyncd.conform.versions import versions
from mcsyncd.integrity.hashing import compute_digest
from mcsyncd.model.clip import Media
from mcsyncd.model.rate import Rate
from mcsyncd.model.rendition import Conformed, Proof, Rendition, SoundTrack, Sprites, WrittenFile
from mcsyncd.model.session import ProfileRef
from mcsyncd.settings.profiles import from_document

Progress = Callable[[int, int], None]

_SUFFIX = {"mezzanine": "mezz", "proxy": "proxy"}


def conform(
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
    progress: Progress | None = None,
) -> Conformed:
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
    grid = Grid.of(rate, phase_us, drift_ppm)
    profiles: tuple[tuple[Kind, ProfileRef], ...] = (("mezzanine", mezzanine), ("proxy", proxy))
    return make(source, media, grid, profiles, folder=folder, stem=stem, progress=progress)


def make(
    source: Path,
    media: Media,
    grid: Grid,
    profiles: tuple[tuple[Kind, ProfileRef], ...],
    *,
    folder: Path,
    stem: str,
    progress: Progress | None = None,
) -> Conformed:
    """Make any set of renditions of one clip; see `conform`."""
    asked = tuple((kind, ref, from_document(ref)) for kind, ref in profiles)
    planned = plan(media, grid, asked)
    targets = tuple(folder / f"{stem}.{_SUFFIX[file.kind]}.{file.container}" for file in planned.files)
    parts = tuple(target.with_name(f"{target.name}.part") for target in targets)
    sprites = folder / f"{stem}.sprites"
    sprites_part = folder / f"{stem}.sprites.part"
    with ExitStack() as undo:
        for part in parts:
            undo.callback(part.unlink, missing_ok=True)
        undo.callback(shutil.rmtree, sprites_part, ignore_errors=True)
        rendered = render(source, planned, parts, sprites_part, progress or (lambda _done, _expected: None))
        renditions = tuple(
            _proven(_rendition(planned, file, rendered, part, target), file, evidence, rendered.tick_map)
            for file, part, target, evidence in zip(
                planned.files, parts, targets, rendered.evidence, strict=True
            )
        )
        for part, target in zip(parts, targets, strict=True):
            part.replace(target)
        if rendered.sprites:
            shutil.rmtree(sprites, ignore_errors=True)
            sprites_part.replace(sprites)
    _sync(folder)
    return Conformed(renditions, versions(), _in(sprites, rendered.sprites), rendered.report)


def _proven(made: Rendition, file: FilePlan, evidence: Evidence, tick_map: str) -> Rendition:
    """Write the sidecar, and return the rendition with what it proves."""
    path = Path(f"{made.path}.json")
    document = sidecar(made, file, evidence, tick_map, versions())
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(document)
    _sync(part)
    part.replace(path)
    written = WrittenFile(str(path), len(document), hashlib.sha256(document).hexdigest())
    pcm = evidence.pcm[0] if evidence.pcm else ""
    proof = Proof(written, tick_map, EVERY, evidence.pictures, evidence.samples, pcm)
    tracks = tuple(
        SoundTrack(sound.layout, sound.channels, sound.taken, pcm)
        for sound, pcm in zip(file.sounds, evidence.pcm, strict=True)
    )
    return replace(made, proof=proof, tracks=tracks)


def _in(folder: Path, made: Sprites | None) -> Sprites | None:
    """Return the thumbnails as they are named in their last place."""
    if made is None:
        return None

    def moved(file: WrittenFile) -> WrittenFile:
        return replace(file, path=str(folder / Path(file.path).name))

    return replace(made, track=moved(made.track), sheets=tuple(moved(sheet) for sheet in made.sheets))


def _rendition(
    planned: RenderPlan, file: FilePlan, rendered: Rendered, part: Path, target: Path
) -> Rendition:
    """Describe a finished file, made safe against a power cut but not yet under its name."""
    _sync(part)
    written = compute_digest(part)
    width, height = file.canvas.size if file.canvas else (0, 0)
    grid = planned.grid
    return Rendition(
        kind=file.kind,
        path=str(target),
        bytes=written.bytes,
        sha256=written.sha256,
        profile=file.profile.name,
        profile_hash=file.profile.hash,
        rate=grid.rate,
        frames=rendered.ticks if file.canvas else 0,
        width=width,
        height=height,
        phase_us=round(grid.phase * 1_000_000),
        drift_applied_ppm=float((grid.stretch - 1) * 1_000_000),
        duplicated=rendered.duplicated,
        dropped=rendered.dropped,
        notes=(*file.notes, *rendered.notes),
        timecode=file.timecode,
        layout=file.sounds[0].layout if file.sounds else None,
    )


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
