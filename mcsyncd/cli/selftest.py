"""`selftest`: known-answer cases from a user's own footage."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click

from mcsyncd.cli.align import choose_scratch_folder, prepare_process
from mcsyncd.cli.options import json_option
from mcsyncd.cli.stderr_reporter import StderrReporter
from mcsyncd.errors import ExitCode, UsageError
from mcsyncd.model.text import escape_text

# ruff: noqa: PLC0415  # a command loads what it needs when it runs

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("selftest", short_help="Try the sync on your own footage, with answers that are known.")
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.option(
    "--other-event",
    "other_files",
    multiple=True,
    type=_FILE,
    metavar="FILE",
    help="A recording of another event: nothing of it may be accepted. Repeat it for several.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Which cases are drawn.")
@click.option(
    "--budget",
    type=click.FloatRange(1, 86_400),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to go on, after listening.",
)
@click.option("--cases", type=click.IntRange(1), help="Stop after that many cases.")
@json_option
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE.png",
    help="Also draw stated confidence against what was right (needs mcsyncd[plot]).",
)
def selftest_command(
    files: tuple[Path, ...],
    other_files: tuple[Path, ...],
    seed: int,
    budget: float,
    cases: int | None,
    as_json: bool,
    plot: Path | None,
) -> int:
    """Try the sync on your own footage, with answers that are known.

    Takes excerpts of FILES that overlap by a known offset, on another clock or as another microphone
    would hear them, and of files that belong together; and excerpts that share no moment, where every
    accepted answer is false. Prints how often the sync was right, wrong, and left it to a person.

    The exit code is 1 if a wrong answer was accepted, and 6 if no file can be used.
    """
    from mcsyncd.cli.containment import tell_gaps

    chosen, others = _drop_repetitions(files), _drop_repetitions(other_files)
    for twin in (one for one in others if any(one.samefile(file) for file in chosen)):
        raise UsageError(f"{twin.name} is named as a file of this event and of another", "name it once")
    tell_gaps()
    prepare_process()
    from mcsyncd.align.plot import load_figure_class, require_free_path
    from mcsyncd.align.selftest.answer import (
        build_selftest_document,
        count_false_accepts,
        format_selftest,
        summarize_selftest,
    )
    from mcsyncd.align.selftest.chart import draw_reliability
    from mcsyncd.align.selftest.run import SelftestOrder, run_selftest

    if plot is not None:
        # Both fail now, not after a minute.
        require_free_path(plot)
        load_figure_class()
    order = SelftestOrder(chosen, others, seed, budget, cases)
    with tempfile.TemporaryDirectory(prefix="mcsyncd-selftest-", dir=choose_scratch_folder()) as scratch:
        result = run_selftest(order, Path(scratch), StderrReporter())
    click.echo(json.dumps(build_selftest_document(result)) if as_json else format_selftest(result))
    if plot is not None:
        draw_reliability(plot, result.verdicts, summarize_selftest(result.verdicts))
    return ExitCode.FAILED if count_false_accepts(result.verdicts).count else ExitCode.DONE


def _drop_repetitions(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return each file once, and say which ones were named again."""
    kept: list[Path] = []
    for path in paths:
        if any(path.samefile(one) for one in kept):
            click.echo(f"{escape_text(path.name)}: named twice, used once", err=True)
        else:
            kept.append(path)
    return tuple(kept)
