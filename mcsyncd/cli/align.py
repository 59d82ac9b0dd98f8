"""`mcsyncd align cam_a=FILE cam_b=FILE …`: sync files without a daemon."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from math import floor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcsyncd.model.alignment import shown_percent
from mcsyncd.model.text import visible

if TYPE_CHECKING:
    from mcsyncd.model.alignment import Alignment, AngleMatch
    from mcsyncd.model.clip import Media, Sound

_WORTH_A_PROCESS_S = 600.0
"""Below ten minutes of sound a worker process costs more to start than it saves."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file of the command line, with its angle."""

    angle: str
    path: Path


class SourceType(click.ParamType[Source]):
    """`angle=FILE`."""

    name = "ANGLE=FILE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Source:
        if isinstance(value, Source):
            return value
        angle, equals, file = str(value).partition("=")
        if not (equals and angle and file):
            self.fail(
                f"{visible(str(value))!r}: write an angle and a file, such as cam_a=A001.MOV", param, ctx
            )
        if not Path(file).is_file():
            self.fail(f"{visible(file, 400)}: no such file", param, ctx)
        return Source(angle, Path(file))


@click.command("align", short_help="Sync files without a daemon.")
@click.argument("sources", nargs=-1, required=True, type=SourceType())
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE.png",
    help="Draw the sound of all angles on one clock (needs mcsyncd[plot]).",
)
def command(sources: tuple[Source, ...], as_json: bool, plot: Path | None) -> None:
    """Put recordings of one event on the clock of the first angle named.

    Repeat an angle for several clips of one camera. Exit code 0 whenever an answer was reached,
    however unsure; 6 when a file cannot be read.
    """
    if len({source.angle for source in sources}) < 2:
        raise click.UsageError("align needs at least two angles: cam_a=FILE cam_b=FILE")
    alignment, rate = _aligned(sources, plot)
    click.echo(json.dumps(document(alignment)) if as_json else table(alignment, rate))


def document(alignment: Alignment) -> dict[str, object]:
    """The promised JSON of an alignment."""
    others = [angle for angle in alignment.angles if angle.camera != alignment.reference]
    placed = [angle for angle in alignment.angles if angle.offset_us is not None]
    found: dict[str, object] = {
        "reference": alignment.reference,
        "offsets_ms": {angle.camera: _ms(angle.offset_us) for angle in alignment.angles},
        "drift_ppm": {angle.camera: angle.drift_ppm for angle in placed},
        "confidence": _floored(alignment.confidence, 4),
        "method": str(alignment.method),
        "angles": {angle.camera: _angle(angle) for angle in others},
        "reasons": list(alignment.reasons),
    }
    if any(len(angle.placements) > 1 for angle in alignment.angles):
        found["clips"] = {
            angle.camera: [
                {"name": one.clip, "offset_ms": _ms(one.offset_us), "drift_ppm": one.drift_ppm}
                for one in angle.placements
            ]
            for angle in alignment.angles
        }
    return found


def table(alignment: Alignment, frames_a_second: float | None) -> str:
    """The same for a person: offsets in ms and frames, confidence floored, reasons."""
    lines = [f"Sync Confidence: {shown_percent(alignment.confidence)}% ({alignment.method})", ""]
    lines.append(f"{'angle':<14}{'offset':>16}{'frames':>12}{'drift':>12}{'confidence':>13}")
    for angle in alignment.angles:
        for place in angle.placements:
            name = angle.camera if len(angle.placements) == 1 else f"{angle.camera} {Path(place.clip).name}"
            offset = "not placed" if place.offset_us is None else f"{place.offset_us / 1e3:+.3f} ms"
            frames = (
                f"{place.offset_us * frames_a_second / 1e6:+.2f}"
                if frames_a_second and place.offset_us is not None
                else "-"
            )
            sure = (
                "reference" if angle.camera == alignment.reference else f"{shown_percent(angle.confidence)}%"
            )
            lines.append(
                f"{visible(name, 40):<14}{offset:>16}{frames:>12}{place.drift_ppm:>+8.2f} ppm{sure:>13}"
            )
    lines += ["", *(f"- {visible(reason, 300)}" for reason in alignment.reasons)] if alignment.reasons else []
    return "\n".join(lines)


def _angle(angle: AngleMatch) -> dict[str, object]:
    return {
        "confidence": _floored(angle.confidence, 4),
        "reasons": list(angle.reasons),
        "candidates": [{"offset_ms": _ms(one.offset_us), "score": one.score} for one in angle.candidates],
        "overlap_s": angle.overlap_s,
        "residual_ms": angle.residual_ms,
    }


def _aligned(sources: Sequence[Source], plot: Path | None) -> tuple[Alignment, float | None]:
    import numpy as np  # noqa: PLC0415  # heavy: not at start-up

    from mcsyncd.cli.plot import draw, figure_class  # noqa: PLC0415  # heavy: not at start-up
    from mcsyncd.sync.recording import recording  # noqa: PLC0415  # heavy: not at start-up
    from mcsyncd.sync.solve import solve  # noqa: PLC0415  # heavy: not at start-up

    if plot is not None:
        # Nobody waits for an hour of sound to hear that there will be no picture.
        figure_class()
    with tempfile.TemporaryDirectory(prefix="mcsyncd-align-") as scratch:
        heard = _hear_all(sources, Path(scratch))
        _say("aligning")
        recordings = [
            recording(
                source.angle,
                source.path.name,
                media,
                sound,
                [np.memmap(channel.path, "<i2", "r") for channel in sound.channels if sound.samples],
            )
            for source, (media, sound) in zip(sources, heard, strict=True)
        ]
        alignment = solve(recordings, sources[0].angle, lambda done: _say(f"aligning {done:.0%}"))
        if plot is not None:
            draw(plot, alignment, recordings)
    video = heard[0][0].video
    return alignment, float(video.rate.fraction) if video else None


def _hear_all(sources: Sequence[Source], scratch: Path) -> list[tuple[Media, Sound]]:
    from mcsyncd.probe.probe import probe  # noqa: PLC0415  # heavy: not at start-up

    medias = [probe(source.path) for source in sources]
    folders = [scratch / str(number) for number in range(len(sources))]
    heard: list[tuple[Media, Sound]] = []
    with _workers(sum(media.duration_us for media in medias) / 1e6, len(sources)) as workers:
        paths = [source.path for source in sources]
        for source, media, sound in zip(
            sources, medias, workers.map(_hear_one, paths, medias, folders), strict=True
        ):
            for note in sound.notes:
                _say(f"{source.angle}: {source.path.name}: {note}", keep=True)
            heard.append((media, sound))
            _say(f"listened to {len(heard)} of {len(sources)}")
    return heard


@contextmanager
def _workers(seconds: float, files: int) -> Iterator[Executor]:
    cores = min(files, len(os.sched_getaffinity(0)))
    if cores > 1 and seconds > _WORTH_A_PROCESS_S:
        # Spawned: a fork would copy the threads' locks of the numeric libraries in any state.
        pool: Executor = ProcessPoolExecutor(cores, mp_context=get_context("spawn"))
    else:
        # Threads would take turns at the interpreter's lock with every packet: three of them are
        # slower than one.
        pool = ThreadPoolExecutor(1)
    with pool:
        yield pool


def _hear_one(path: Path, media: Media, folder: Path) -> Sound:
    from mcsyncd.listen.listen import hear  # noqa: PLC0415  # heavy: not at start-up

    return hear(path, media, folder)


def _say(words: str, *, keep: bool = False) -> None:
    """Progress on stderr; on a terminal a passing word is overwritten by the next."""
    if keep:
        click.echo(f"\r\x1b[K{visible(words, 400)}" if sys.stderr.isatty() else visible(words, 400), err=True)
    elif sys.stderr.isatty():
        click.echo(f"\r\x1b[K{visible(words)}", nl=False, err=True)


def _ms(offset_us: int | None) -> float | None:
    return None if offset_us is None else offset_us / 1000


def _floored(value: float, digits: int) -> float:
    # 0.8499 must never be read as 0.85.
    steps = float(10**digits)
    return floor(value * steps) / steps
