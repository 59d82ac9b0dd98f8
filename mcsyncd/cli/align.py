"""`mcsyncd align cam_a=FILE cam_b=FILE …`: sync files without a daemon."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from mcsyncd.align.files import AngleFile, drop_duplicates
from mcsyncd.cli.options import json_option
from mcsyncd.cli.stderr_reporter import StderrReporter
from mcsyncd.model.text import escape_text

# ruff: noqa: PLC0415  # a command loads what it needs when it runs

_DISK_SCRATCH_FOLDER = Path("/var/tmp")  # noqa: S108  # only a private folder in it is used
"""Where analysis audio goes unless TMPDIR is set. Hours of it do not fit into /tmp where /tmp is memory."""


class AngleFileType(click.ParamType[AngleFile]):
    """`angle=FILE`."""

    name = "ANGLE=FILE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> AngleFile:
        if isinstance(value, AngleFile):
            return value
        angle, equals, file = str(value).partition("=")
        if not (equals and angle and file):
            self.fail(
                f"{escape_text(str(value))!r}: write an angle and a file, such as cam_a=A001.MOV", param, ctx
            )
        if not Path(file).is_file():
            problem = "not a file" if Path(file).exists() else "no such file"
            self.fail(f"{escape_text(file, 400)}: {problem}", param, ctx)
        return AngleFile(angle, Path(file))

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002  # click's signature
        param: click.Parameter,  # noqa: ARG002  # click's signature
        incomplete: str,
    ) -> list[CompletionItem]:
        """Let the shell complete file names; bash does so after the `=` of its own accord."""
        return [CompletionItem(incomplete, type="file")]


@click.command("align", short_help="Sync files without a daemon.")
@click.argument("files", nargs=-1, required=True, type=AngleFileType(), metavar="ANGLE=FILE...")
@json_option
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE.png",
    help="Also draw the audio of all angles on one clock (needs mcsyncd[plot]).",
)
def align_command(files: tuple[AngleFile, ...], as_json: bool, plot: Path | None) -> None:
    """Sync recordings of one event by their sound, without a daemon.

    Offsets are relative to the first angle named. Repeat an angle for several clips of one camera.
    A file that cannot be read gets no offset and does not affect the others.

    The exit code is 0 whenever there is an answer, however low its confidence, and 6 when too few
    files can be read.
    """
    if len({file.angle for file in files}) < 2:
        raise click.UsageError("align needs at least two angles: cam_a=FILE cam_b=FILE")
    from mcsyncd.cli.containment import tell_gaps

    reporter = StderrReporter()
    distinct_files, findings = drop_duplicates(files)
    for finding in findings:
        reporter.show_finding(finding)
    tell_gaps()
    prepare_process()
    from mcsyncd.align.answer import build_answer, format_answer
    from mcsyncd.align.pipeline import align_files

    if plot is not None:
        from mcsyncd.align.plot import draw_alignment, load_figure_class, require_free_path

        # Both fail now, not after an hour of audio.
        require_free_path(plot)
        load_figure_class()
    with tempfile.TemporaryDirectory(prefix="mcsyncd-align-", dir=choose_scratch_folder()) as scratch:
        result = align_files(distinct_files, Path(scratch), reporter)
        if as_json:
            click.echo(json.dumps(build_answer(result.alignment)))
        else:
            click.echo(format_answer(result.alignment, result.frames_per_s))
        # After the answer, which a full disk must not lose.
        if plot is not None:
            draw_alignment(plot, result.alignment, result.recordings)


def prepare_process() -> None:
    """Set up this process before anything heavy is loaded into it."""
    from mcsyncd.workers.process import keep_freed_memory

    # Neither the workers nor the scratch folder may outlive a command that is told to stop.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    # Threads of the numeric library gain nothing here, change the last digits with their number, and
    # would make forking the workers unsafe.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    keep_freed_memory()


def choose_scratch_folder() -> Path | None:
    """Return the parent of the scratch folder, or None for Python's own choice, which obeys TMPDIR."""
    if "TMPDIR" in os.environ or not os.access(_DISK_SCRATCH_FOLDER, os.W_OK | os.X_OK):
        return None
    return _DISK_SCRATCH_FOLDER
