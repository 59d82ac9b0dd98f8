"""`mcsyncd conform FILE --profile NAME --out DIR`: encode one clip with one profile, without a daemon."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcsyncd.cli.options import json_option, profiles_option
from mcsyncd.errors import McsyncError
from mcsyncd.model.rate import Rate
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import format_size

if TYPE_CHECKING:
    from mcsyncd.model.rendition import ConformResult, Rendition

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


class RateParamType(click.ParamType[Rate]):
    """A frame rate: `25`, `29.97` or `30000/1001`."""

    name = "RATE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Rate:
        if isinstance(value, Rate):
            return value
        try:
            return Rate.parse(str(value))
        except (ValueError, ZeroDivisionError):
            self.fail(
                f"{escape_text(str(value))!r}: write a rate such as 25, 29.97 or 30000/1001", param, ctx
            )


@click.command("conform", short_help="Encode one clip with one profile.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--profile", "name", required=True, help="Name of the profile; `mcsyncd profile list` prints them."
)
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write into."
)
@click.option(
    "--rate",
    type=RateParamType(),
    help="Frames per second of the result (default: the clip's own if editors know it, else one near it).",
)
@click.option(
    "--drift-ppm",
    type=click.FloatRange(-5000, 5000),
    default=0.0,
    help="Clock drift of the clip, to be corrected.",
)
@profiles_option
@json_option
def conform_command(
    *,
    file: Path,
    name: str,
    out: Path,
    rate: Rate | None,
    drift_ppm: float,
    profiles: Path | None,
    as_json: bool,
) -> None:
    """Encode one clip with one profile, without a daemon.

    Writes the result into the folder --out under the clip's name, complete or not at all. FILE is
    only read.
    """
    try:
        conformed = _conform_file(file, name, out, rate, drift_ppm, profiles)
    except OSError as error:
        raise McsyncError(
            f"{error.filename or out}: {error.strerror}",
            "free some space or fix the permissions, then try again",
        ) from error
    rendition = conformed.renditions[0]
    click.echo(json.dumps(_build_document(conformed)) if as_json else _format_rendition(rendition))


def _conform_file(
    file: Path, profile_name: str, out: Path, rate: Rate | None, drift_ppm: float, profiles: Path | None
) -> ConformResult:
    from mcsyncd.cli.containment import tell_gaps
    from mcsyncd.cli.standalone import choose_grid_rate
    from mcsyncd.conform.grid import Grid
    from mcsyncd.settings.load import find_shipped_profiles
    from mcsyncd.settings.profiles import load_profile
    from mcsyncd.workers.contained_conform import conform_file
    from mcsyncd.workers.contained_stages import probe_file

    tell_gaps()
    profile = load_profile(profiles or find_shipped_profiles(), profile_name)
    media = probe_file(file)
    rate = rate or choose_grid_rate(media)
    wanted_renditions = ((profile.kind, profile.build_ref(profile_name)),)
    return conform_file(
        file,
        media,
        Grid.from_drift(rate, 0, drift_ppm),
        wanted_renditions,
        folder=out,
        stem=file.stem,
        report_progress=_build_progress_printer(),
    )


def _build_progress_printer() -> Callable[[int, int], None] | None:
    """Return a function that prints frame counts on a terminal, or None where standard error is not one."""
    if not sys.stderr.isatty():
        return None

    def print_progress(done: int, expected: int) -> None:
        click.echo(
            f"\r{done} of {expected} frames, {done / max(1, expected):.0%}", nl=done >= expected, err=True
        )

    return print_progress


def _build_document(conformed: ConformResult) -> dict[str, object]:
    rendition = conformed.renditions[0]
    return {
        **asdict(rendition),
        "rate": str(rendition.rate),
        "versions": dict(conformed.versions),
    }


def _format_rendition(rendition: Rendition) -> str:
    lines = [
        escape_text(rendition.path, 4096),
        (
            f"  {rendition.frames} frames at {rendition.rate}, {rendition.width}x{rendition.height}, "
            f"{format_size(rendition.bytes)}"
        ),
        f"  {rendition.duplicated} frames repeated, {rendition.dropped} dropped",
        f"  sha256 {rendition.sha256}",
    ]
    return "\n".join((*lines, *(f"  ! {note}" for note in rendition.notes)))
