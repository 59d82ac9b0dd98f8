"""`mcsyncd align cam_a=FILE cam_b=FILE …`: sync files without a daemon."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcsyncd.errors import BadMedia, McsyncError
from mcsyncd.model.text import escape_text

if TYPE_CHECKING:
    from mcsyncd.align.listen import ListenResult
    from mcsyncd.model.alignment import Alignment
    from mcsyncd.sync.recording import Recording

_DISK_SCRATCH_FOLDER = Path("/var/tmp")  # noqa: S108  # only a private folder in it is used
"""Where hours of sound go, unless TMPDIR says otherwise: /tmp is memory on many systems."""


@dataclass(frozen=True, slots=True)
class AngleFile:
    """One file of the command line, with its angle."""

    angle: str
    path: Path


class AngleFileType(click.ParamType[AngleFile]):
    """`angle=FILE`."""

    name = "ANGLE=FILE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> AngleFile:
        if isinstance(value, AngleFile):
            return value
        angle, equals, file = str(value).partition("=")
        if not (equals and angle and file):
            self.fail(
                f"{escape_text(str(value))!r}: write an angle and a file, such as cam_a=A001.MOV",
                param,
                ctx,
            )
        if not Path(file).is_file():
            what = "not a file" if Path(file).exists() else "no such file"
            self.fail(f"{escape_text(file, 400)}: {what}", param, ctx)
        return AngleFile(angle, Path(file))


@click.command("align", short_help="Sync files without a daemon.")
@click.argument("sources", nargs=-1, required=True, type=AngleFileType())
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE.png",
    help="Draw the sound of all angles on one clock (needs mcsyncd[plot]).",
)
def align_command(sources: tuple[AngleFile, ...], as_json: bool, plot: Path | None) -> None:
    """Put recordings of one event on the clock of the first angle named.

    Repeat an angle for several clips of one camera. A file that cannot be read has no place in
    the answer, and the others keep theirs. Exit code 0 whenever an answer was reached, however
    unsure; 6 when too few files can be read for one.
    """
    if len({source.angle for source in sources}) < 2:
        raise click.UsageError("align needs at least two angles: cam_a=FILE cam_b=FILE")
    # The workers and the folder of sound must not outlive a command that is told to stop.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    alignment, rate = _align_files(_drop_duplicate_files(sources), plot)

    from mcsyncd.align.answer import build_answer, format_answer  # noqa: PLC0415  # not at start-up

    click.echo(json.dumps(build_answer(alignment)) if as_json else format_answer(alignment, rate))


def _drop_duplicate_files(sources: Sequence[AngleFile]) -> list[AngleFile]:
    """Drop a file that its angle names twice, and say where angles share a file."""
    kept: list[AngleFile] = []
    for source in sources:
        twins = [other for other in kept if other.path.samefile(source.path)]
        for twin in twins:
            if twin.angle == source.angle:
                _print_message(
                    f"{source.angle}: {source.path.name} is named twice; once is enough", keep=True
                )
            else:
                _print_message(
                    f"{twin.angle} and {source.angle} are the same file: {source.path.name}", keep=True
                )
        if all(twin.angle != source.angle for twin in twins):
            kept.append(source)
    return kept


def _align_files(sources: Sequence[AngleFile], plot: Path | None) -> tuple[Alignment, float | None]:
    # Before it is loaded: threads of the numeric library gain nothing here, their number would show
    # in last digits, and the workers could not be forked.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from mcsyncd.align.listen import listen_to_files  # noqa: PLC0415  # heavy: not at start-up
    from mcsyncd.workers.process import keep_freed_memory  # noqa: PLC0415  # loads ctypes: not at start-up

    keep_freed_memory()

    if plot is not None:
        from mcsyncd.align.plot import load_figure_class  # noqa: PLC0415  # heavy: not at start-up

        # Nobody waits for an hour of sound to hear that there will be no picture.
        load_figure_class()
    with tempfile.TemporaryDirectory(prefix="mcsyncd-align-", dir=_choose_scratch_folder()) as scratch:
        paths = [source.path for source in sources]
        found = listen_to_files(
            paths, Path(scratch), lambda done: _print_message(f"listened to {done} of {len(paths)}")
        )
        heard = list(zip(sources, found, strict=True))
        _print_file_findings(heard)
        _require_two_angles(heard)
        return _solve_alignment(heard, plot)


def _choose_scratch_folder() -> Path | None:
    return (
        _DISK_SCRATCH_FOLDER
        if "TMPDIR" not in os.environ and os.access(_DISK_SCRATCH_FOLDER, os.W_OK | os.X_OK)
        else None
    )


def _print_file_findings(heard: Sequence[tuple[AngleFile, ListenResult | McsyncError]]) -> None:
    for source, found in heard:
        if isinstance(found, McsyncError):
            _print_message(f"{source.angle}: {found.message}", keep=True)
            _print_message(f"  → {found.hint}", keep=True)
            continue
        for note in found[1].notes:
            _print_message(f"{source.angle}: {source.path.name}: {note}", keep=True)


def _require_two_angles(heard: Sequence[tuple[AngleFile, ListenResult | McsyncError]]) -> None:
    """Raise BadMedia where nothing can be answered: no reference, or no other angle."""
    readable = {source.angle for source, found in heard if not isinstance(found, McsyncError)}
    reference = heard[0][0].angle
    if reference not in readable:
        raise BadMedia(
            f"{reference} cannot be read, and the others would be placed on its clock",
            "mend it, or name another angle first",
        )
    if len(readable) < 2:
        raise BadMedia(f"of all angles only {reference} can be read", "mend the files named above")


def _solve_alignment(
    heard: Sequence[tuple[AngleFile, ListenResult | McsyncError]], plot: Path | None
) -> tuple[Alignment, float | None]:
    from mcsyncd.sync.solve import solve_alignment  # noqa: PLC0415  # heavy: not at start-up

    _print_message("aligning")
    reference = heard[0][0].angle
    recordings = _build_recordings(heard)
    alignment = solve_alignment(recordings, reference, lambda done: _print_message(f"aligning {done:.0%}"))
    alignment = _add_unreadable_reasons(alignment, heard)
    if plot is not None:
        from mcsyncd.align.plot import draw_alignment  # noqa: PLC0415  # heavy: not at start-up

        draw_alignment(plot, alignment, recordings)
    medias = (found[0] for _, found in heard if not isinstance(found, McsyncError))
    video = next(medias).video
    return alignment, float(video.rate.fraction) if video else None


def _build_recordings(heard: Sequence[tuple[AngleFile, ListenResult | McsyncError]]) -> list[Recording]:
    """Make the solver's view of all files; one that cannot be read is one without sound.

    Within an angle those with sound come first: the first clip of the reference is the clock that
    all are placed on, and nothing can be placed on silence.
    """
    import numpy as np  # noqa: PLC0415  # heavy: not at start-up

    from mcsyncd.sync.recording import ANALYSIS_RATE_HZ, Recording, build_recording  # noqa: PLC0415  # heavy: not at start-up

    names = Counter((source.angle, source.path.name) for source, _ in heard)
    made = []
    for source, found in heard:
        # Two cards of one camera may hold files of one name.
        name = source.path.name if names[source.angle, source.path.name] == 1 else str(source.path)
        if isinstance(found, McsyncError):
            made.append(Recording(source.angle, name, ANALYSIS_RATE_HZ, 0, (), 0))
            continue
        media, sound = found
        channels = [np.memmap(channel.path, "<i2", "r") for channel in sound.channels if sound.samples]
        made.append(build_recording(source.angle, name, media, sound, channels))
    angles = list(dict.fromkeys(source.angle for source, _ in heard))
    return sorted(made, key=lambda one: (angles.index(one.angle), not one.channels, one.duration_us == 0))


def _add_unreadable_reasons(
    alignment: Alignment, heard: Sequence[tuple[AngleFile, ListenResult | McsyncError]]
) -> Alignment:
    """Say of a file that could not be read that this is why it has no place."""
    for source, found in heard:
        if isinstance(found, McsyncError):
            angles = tuple(
                replace(angle, reasons=(found.message, *angle.reasons))
                if angle.camera == source.angle
                else angle
                for angle in alignment.angles
            )
            reasons = (f"{source.angle}: {found.message}", *alignment.reasons)
            alignment = replace(alignment, angles=angles, reasons=reasons)
    return alignment


def _print_message(text: str, *, keep: bool = False) -> None:
    """Progress on stderr; on a terminal a passing word is overwritten by the next."""
    if keep:
        click.echo(
            f"\r\x1b[K{escape_text(text, 400)}" if sys.stderr.isatty() else escape_text(text, 400),
            err=True,
        )
    elif sys.stderr.isatty():
        click.echo(f"\r\x1b[K{escape_text(text)}", nl=False, err=True)
