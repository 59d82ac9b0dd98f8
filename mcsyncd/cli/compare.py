"""`compare`: a sync made by hand or by another program, beside ours."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcsyncd.align.files import AngleFile
from mcsyncd.cli.align import choose_scratch_folder, prepare_process
from mcsyncd.cli.stderr_reporter import StderrReporter
from mcsyncd.errors import UsageError
from mcsyncd.model.text import escape_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mcsyncd.align.comparison import ComparedFile
    from mcsyncd.handoff.reading import ReadClip

# ruff: noqa: PLC0415  # a command loads what it needs when it runs

_FALLBACK_RATE = 25.0
"""Frames a second that the tolerance is reckoned by where the reference has no picture."""


@click.command()
@click.argument("timeline", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write the figures to FILE, without any name.",
)
def compare_command(timeline: Path, files: tuple[Path, ...], report: Path | None) -> None:
    """Compare a synced timeline with mcsyncd's own answer.

    TIMELINE is an FCPXML, an xmeml (Premiere, Final Cut Pro 7) or an OTIO file. FILES are the recordings on
    it, found there by their names; the first of them on the timeline is the reference. An editor places by
    whole frames: what differs by more than half of one is marked.
    """
    from mcsyncd.cli.containment import tell_gaps
    from mcsyncd.handoff.reading import read_timeline

    clips = _match_files(read_timeline(timeline), files)
    reporter = StderrReporter()
    tell_gaps()
    prepare_process()
    from mcsyncd.align.comparison import compare_offsets, format_comparison
    from mcsyncd.align.pipeline import align_files

    reference = clips[0][0].file
    with tempfile.TemporaryDirectory(prefix="mcsyncd-compare-", dir=choose_scratch_folder()) as scratch:
        result = align_files([AngleFile(angle, path) for _, angle, path in clips], Path(scratch), reporter)
    rows = compare_offsets({one.file: one.position for one, _, _ in clips}, result.alignment, reference)
    tolerance_us = round(500_000 / (result.frames_per_s or _FALLBACK_RATE))
    click.echo(format_comparison(rows, reference, tolerance_us))
    if report is not None:
        _write_report(report, rows, tolerance_us)


def _match_files(read: Sequence[ReadClip], files: Sequence[Path]) -> list[tuple[ReadClip, str, Path]]:
    """Return what is on the timeline and among the files, with its angle, in the timeline's order."""
    by_name = {path.name: path for path in files}
    if len(by_name) < len(files):
        raise UsageError("two of the files have the same name", "compare the cards one after the other")
    found = [one for one in read if one.file in by_name]
    for name in sorted(set(by_name) - {one.file for one in found}):
        click.echo(f"{escape_text(name)}: not on the timeline", err=True)
    if len(found) < 2:
        raise UsageError(
            "fewer than two of the files are on the timeline",
            f"it names {', '.join(escape_text(one.file) for one in read[:5])}",
        )
    # Where a program keeps no tracks apart, each file is an angle.
    has_tracks = len({one.track for one in found}) > 1
    return [(one, one.track if has_tracks else one.file, by_name[one.file]) for one in found]


def _write_report(path: Path, rows: Sequence[ComparedFile], tolerance_us: int) -> None:
    from mcsyncd import __version__
    from mcsyncd.integrity.derived_file import write_derived_file

    pairs = [
        {
            "theirs_us": row.theirs_us,
            "ours_us": row.ours_us,
            "difference_us": row.difference_us,
            "confidence": row.confidence,
        }
        for row in rows
    ]
    content = {"version": __version__, "tolerance_us": tolerance_us, "pairs": pairs}
    write_derived_file(path, json.dumps(content, indent=1).encode() + b"\n")
