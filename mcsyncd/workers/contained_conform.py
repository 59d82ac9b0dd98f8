"""Conform for commands that need no daemon, in a process that can touch only the clip and what it makes.

It makes its files in a folder of its own. Whoever takes it over could otherwise replace what else lies in the
folder that a person named.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from mcsyncd.conform.conform import conform_with_profiles
from mcsyncd.conform.grid import Grid
from mcsyncd.conform.plan import RenditionKind
from mcsyncd.conform.segment_files import KIND_SUFFIXES
from mcsyncd.integrity.derived_file import adopt_file, make_folders, publish_folder
from mcsyncd.model.clip import Media
from mcsyncd.model.limits import compute_output_limit
from mcsyncd.model.rendition import ConformResult
from mcsyncd.model.session import ProfileRef
from mcsyncd.settings.job_limits import JobLimitSettings
from mcsyncd.workers.contained_stages import (
    build_attack_error,
    list_read_files,
    require_own_files,
    run_on_file,
)
from mcsyncd.workers.job_grants import list_devices
from mcsyncd.workers.progress import ReportProgress
from mcsyncd.workers.sandbox.grant import ENCODER_CPU_S, ENCODER_MEMORY_BYTES, OUTPUT_FACTOR, Grant
from mcsyncd.workers.written_paths import replace_paths


def conform_file(
    path: Path,
    media: Media,
    grid: Grid,
    profiles: tuple[tuple[RenditionKind, ProfileRef], ...],
    *,
    folder: Path,
    stem: str,
    report_progress: ReportProgress | None = None,
) -> ConformResult:
    """Make renditions of one clip below `folder`; see `conform.conform_with_profiles`.

    They are made in `<stem>.<kinds>.part` there, where a killed call leaves what the next one goes on with.
    Raises what `conform_with_profiles` raises, and what `run_on_file` does.
    """
    own = folder / f"{stem}.{'-'.join(kind for kind, _ in profiles)}.part"

    def conform(report: ReportProgress) -> ConformResult:
        return conform_with_profiles(
            path, media, grid, profiles, folder=own, stem=stem, report_progress=report
        )

    make_folders(own)
    grant = build_encoder_grant(path, own, tuple(ref for _, ref in profiles))
    prefixes = tuple(f"{stem}.{KIND_SUFFIXES[kind]}." for kind, _ in profiles)
    try:
        made = run_on_file(path, conform, ConformResult, grant, report_progress or _ignore_progress)
        require_own_files(path, (file.path for file in made.files), own)
        _require_own_names(path, made, own, prefixes)
        return _publish_files(made, own, folder)
    finally:
        segments = own / f"{stem}.segments"
        _discard_leftovers(own, segments if any(segments.glob("*.json")) else None)


def build_encoder_grant(path: Path, folder: Path, profiles: tuple[ProfileRef, ...]) -> Grant:
    """Return what encoding a file into `folder` with these profiles may touch, with a job's limits."""
    largest = compute_output_limit(JobLimitSettings().conform.limit, path.stat().st_size)
    return Grant(
        list_read_files(path),
        (folder,),
        largest,
        OUTPUT_FACTOR * largest,
        ENCODER_MEMORY_BYTES,
        ENCODER_CPU_S,
        tuple(list_devices(profiles)),
    )


def _ignore_progress(_count: int, _total: int) -> None:
    pass


def _list_written(made: ConformResult) -> list[Path]:
    return [
        Path(file) for rendition in made.renditions for file in (rendition.path, rendition.proof.sidecar.path)
    ]


def _require_own_names(path: Path, made: ConformResult, own: Path, prefixes: tuple[str, ...]) -> None:
    """Raise IntegrityError if a file would get the name of something else in the folder that was named."""
    written = _list_written(made)
    if made.sprites is not None:
        sprites = Path(made.sprites.webvtt.path).parent
        if sprites.parent != own or sprites.suffix != ".sprites":
            raise build_attack_error(path, f"it made the folder {sprites.name}")
    if any(file.parent != own or not file.name.startswith(prefixes) for file in written):
        raise build_attack_error(path, f"it made {', '.join(file.name for file in written)}")


def _publish_files(made: ConformResult, own: Path, folder: Path) -> ConformResult:
    """Move what was made to where it belongs, and return it with the paths there."""
    if made.sprites is not None:
        sprites = Path(made.sprites.webvtt.path).parent
        publish_folder(sprites, folder / sprites.name)
    for file in _list_written(made):
        adopt_file(file, folder / file.name)
    return replace_paths(made, lambda written: str(folder / Path(written).relative_to(own)))


def _discard_leftovers(own: Path, kept: Path | None) -> None:
    """Remove the own folder of a call, or all in it but `kept`."""
    with suppress(OSError):
        for entry in own.iterdir():
            if entry == kept:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink()
        own.rmdir()
