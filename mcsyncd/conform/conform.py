"""One clip onto the session grid: its mezzanine and its proxy, in one decode."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from mcsyncd.conform.grid import Grid
from mcsyncd.conform.plan import FilePlan, Kind, RenderPlan, plan
from mcsyncd.conform.render import Rendered, render
from mcsyncd.conform.versions import versions
from mcsyncd.integrity.hashing import digest
from mcsyncd.model.clip import Media
from mcsyncd.model.rate import Rate
from mcsyncd.model.rendition import Conformed, Rendition
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
    are baked in (`conform.grid`). Writes `folder/<stem>.mezz.<ext>` and
    `folder/<stem>.proxy.<ext>`, each complete or not at all, replacing what is there. The same
    arguments and library versions give the same bytes. `progress` is called with ticks done
    and expected. The paths in the result are those written.

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
    planned = plan(source.name, media, grid, asked)
    targets = tuple(folder / f"{stem}.{_SUFFIX[file.kind]}.{file.container}" for file in planned.files)
    parts = tuple(target.with_name(f"{target.name}.part") for target in targets)
    rendered = render(source, planned, parts, progress or (lambda _done, _expected: None))
    renditions = tuple(
        _rendition(planned, file, rendered, part, target)
        for file, part, target in zip(planned.files, parts, targets, strict=True)
    )
    for part, target in zip(parts, targets, strict=True):
        part.replace(target)
    _sync(folder)
    return Conformed(renditions, versions())


def _rendition(
    planned: RenderPlan, file: FilePlan, rendered: Rendered, part: Path, target: Path
) -> Rendition:
    """Describe a finished file, made safe against a power cut but not yet under its name."""
    _sync(part)
    written = digest(part)
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
    )


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
