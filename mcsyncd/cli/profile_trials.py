"""`mcsyncd profile try NAME… FILE`: profiles compared on ten seconds of a clip."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from fractions import Fraction
from math import isinf
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcsyncd.cli.options import json_option, profiles_option
from mcsyncd.cli.standalone_profiles import find_profile_folder, load_encodable_profile
from mcsyncd.errors import BadMedia
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import format_size

if TYPE_CHECKING:
    from mcsyncd.conform.trial import TrialExcerpt, TrialResult
    from mcsyncd.model.clip import Media
    from mcsyncd.model.rate import Rate
    from mcsyncd.settings.profiles import Profile

# ruff: noqa: PLC0415  # a command loads what it needs when it runs

_COLUMNS = (
    "profile", "picture", "GB/h", "speed", "CPU/frame", "SSIM", "PSNR", "seek p50", "seek p95"
)  # fmt: skip
_TERMINATED = 128 + signal.SIGTERM
"""The exit code by which shells tell that a process was terminated."""


@click.command("try")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--at", type=click.FloatRange(0), help="Where to begin, in seconds (default: in the middle).")
@click.option(
    "--seconds", type=click.FloatRange(0.5, 600), default=10.0, help="How much to encode (default: 10)."
)
@profiles_option
@json_option
def try_profiles(
    names: tuple[str, ...], file: Path, at: float | None, seconds: float, profiles: Path | None, as_json: bool
) -> None:
    """Encode some seconds of a clip with each profile, and compare them.

    Prints size, speed, likeness to the source (SSIM, PSNR, each at the profile's own size and format) and the
    time of seeks to random frames. GB/h includes the sound. Leaves nothing behind.
    """
    from mcsyncd.cli.standalone import choose_grid_rate
    from mcsyncd.workers.contained_stages import probe_file

    folder = find_profile_folder(profiles)
    loaded = {name: load_encodable_profile(folder, name) for name in names}
    media = probe_file(file)
    excerpt = _choose_excerpt(file, media, at, seconds)
    results: dict[str, TrialResult] = {}
    for name, profile in loaded.items():
        with _make_scratch_folder() as scratch:
            rate = choose_grid_rate(media)
            results[name] = _try_profile(file, media, name, profile, rate, excerpt, scratch)
    if as_json:
        click.echo(json.dumps(_build_document(file, excerpt, results)))
        return
    start, length = float(excerpt.start), float(excerpt.length)
    click.echo(f"{escape_text(file.name, 200)}: {length:.1f} s from {start:.1f} s on")
    rows = [_COLUMNS, *(_format_row(name, result) for name, result in results.items())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    for first, *others in rows:
        cells = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        click.echo("  ".join((first.ljust(widths[0]), *cells)))
    for name, result in results.items():
        for note in result.notes:
            click.echo(f"{name}: {escape_text(note, 300)}")


def _try_profile(
    file: Path, media: Media, name: str, profile: Profile, rate: Rate, excerpt: TrialExcerpt, scratch: Path
) -> TrialResult:
    """Try it in a process that can read the clip and write into `scratch`, and nothing else."""
    from mcsyncd.conform.trial import TrialResult, try_profile
    from mcsyncd.workers.contained_conform import build_encoder_grant
    from mcsyncd.workers.contained_stages import run_on_file

    return run_on_file(
        file,
        lambda _report: try_profile(file, media, name, profile, rate=rate, excerpt=excerpt, folder=scratch),
        TrialResult,
        build_encoder_grant(file, scratch, (profile.build_ref(name),)),
    )


def _choose_excerpt(file: Path, media: Media, at: float | None, seconds: float) -> TrialExcerpt:
    """Return what is to be encoded: within the clip, from its middle unless `at` says where."""
    from mcsyncd.conform.trial import TrialExcerpt

    if media.video is None:
        raise BadMedia(f"{file.name}: it has no picture that could be encoded", "name a clip with video")
    duration = Fraction(media.video.duration_us, 1_000_000)
    length = min(Fraction(seconds), duration)
    start = (duration - length) / 2 if at is None else Fraction(at)
    if start >= duration:
        raise click.BadParameter(f"the clip ends at {float(duration):.1f} s", param_hint="--at")
    return TrialExcerpt(start, min(length, duration - start))


@contextmanager
def _make_scratch_folder() -> Iterator[Path]:
    """Make a folder that is removed in every case, also when the command is terminated."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))
    try:
        with tempfile.TemporaryDirectory(prefix="mcsyncd-try-") as folder:
            yield Path(folder)
    finally:
        signal.signal(signal.SIGTERM, before)


def _format_row(name: str, result: TrialResult) -> tuple[str, ...]:
    return (
        name,
        format_size(result.bytes),
        f"{result.gb_per_hour:.1f}",
        f"{result.speed:.2f}x",
        f"{result.cpu_ms_per_frame:.0f} ms",
        f"{result.ssim:.4f}",
        "lossless" if isinf(result.psnr_db) else f"{result.psnr_db:.1f} dB",
        f"{result.seek_p50_ms:.0f} ms",
        f"{result.seek_p95_ms:.0f} ms",
    )


def _build_document(file: Path, excerpt: TrialExcerpt, results: dict[str, TrialResult]) -> dict[str, object]:
    return {
        "file": str(file),
        "at_s": float(excerpt.start),
        "seconds": float(excerpt.length),
        "profiles": [
            {"name": name, **asdict(result), "psnr_db": None if isinf(result.psnr_db) else result.psnr_db}
            for name, result in results.items()
        ],
    }
