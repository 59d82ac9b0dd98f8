"""Sync: how often the answer is right, how honest its confidence is, and what it costs.

By default a dozen generated sessions of made-up sound; with `--corpus` a folder of cases, with
`--long` three cameras of some length. All of it through the command line, process start included.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.cost import Cost, measure_cost
from benchmarks.ffmpeg_baseline import build_listening_commands
from benchmarks.sync_align import Answered, aligned
from benchmarks.sync_generated import FIRST_SEED, dozens
from benchmarks.sync_session import Session, corpus
from benchmarks.sync_shoot import shoot
from benchmarks.sync_tables import conditions, heading, row, summary
from benchmarks.sync_verdict import Figures, Verdict, judged, placed

_MIB = 2**20
_CPU_GOAL = 2.0
"""CPU seconds of sync over those of `ffmpeg`, which only decodes and resamples."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options; the defaults are the short form."""
    parser.add_argument("--first", type=int, default=FIRST_SEED, help="seed of the first generated session")
    parser.add_argument(
        "--rounds", type=int, default=1, help="of the dozen, or of a long shoot (the report's: 5)"
    )
    parser.add_argument("--corpus", type=Path, help="a folder of cases to judge instead")
    parser.add_argument(
        "--long", type=float, metavar="MINUTES", help="one long shoot instead (the report's: 1.5, 60, 240)"
    )
    parser.add_argument("--channels", type=int, choices=(1, 2), default=2, help="of each camera of --long")
    parser.add_argument("--shoot", type=Path, help="folder in which long shoots are kept and found again")


def run(asked: argparse.Namespace) -> None:
    """Measure and print."""
    print(f"load {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} cores")
    with _home(asked.shoot) as home:
        if asked.long:
            _measure(shoot(home, asked.long, asked.channels), asked.rounds, home)
        elif asked.corpus:
            _judge(corpus(asked.corpus))
        else:
            _judge(dozens(home, asked.first, asked.rounds))


@contextmanager
def _home(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="mcsyncd-bench-") as folder:
        yield Path(folder)


def _judge(sessions: Iterable[Session]) -> None:
    """Sync each session and print its verdict, then the conditions and the sums."""
    print(heading(), flush=True)
    verdicts = []
    for session in sessions:
        verdicts.append(judged(session, aligned(session)))
        print(row(verdicts[-1]), flush=True)
    if not verdicts:
        raise SystemExit("no cases there: folders case000_<condition> with a truth.json")
    print("\n" + conditions(verdicts))
    print("\n" + summary(Figures(verdicts)))


def _measure(session: Session, rounds: int, home: Path) -> None:
    """Sync a session some times; print what it and `ffmpeg` cost, and how far off its clocks are."""
    commands = build_listening_commands([clip.file for clip in session.clips], home)
    verdicts, baseline = [], []
    for _ in range(rounds):
        verdicts.append(judged(session, aligned(session)))
        baseline.append(measure_cost(commands))
    print(f"{session.name}; {rounds} rounds, medians and (lowest to highest)")
    answered = [verdict.answered for verdict in verdicts]
    for name, costs in {**_costs(answered), **_compare(answered, baseline)}.items():
        print(f"{name:<42}{median(costs):8.2f} ({min(costs):.2f} to {max(costs):.2f})")
    _tell_clocks(verdicts[0])


def _compare(rounds: list[Answered], baseline: list[Cost]) -> dict[str, list[float]]:
    """Return what `ffmpeg` takes to decode the same audio and resample it to 8 kHz, and the ratio."""
    return {
        "CPU s of ffmpeg, decoding and resampling": [one.cpu_s for one in baseline],
        f"ratio, goal {_CPU_GOAL}": [
            one.cost.cpu_s / other.cpu_s for one, other in zip(rounds, baseline, strict=True)
        ],
    }


def _costs(rounds: list[Answered]) -> dict[str, list[float]]:
    return {
        "wall s": [one.cost.wall_s for one in rounds],
        "CPU s": [one.cost.cpu_s for one in rounds],
        "MiB of all processes together": [one.tree.whole / _MIB for one in rounds],
        "  of them not pages of files": [one.tree.private / _MIB for one in rounds],
        "MiB of the largest process": [one.cost.peak_bytes / _MIB for one in rounds],
    }


def _tell_clocks(verdict: Verdict) -> None:
    answer = verdict.answered.answer
    if answer is None:
        raise SystemExit(verdict.answered.words)
    ends = zip(verdict.errors_ms[::2], verdict.errors_ms[1::2], strict=True)
    for clip, (begin_ms, end_ms) in zip(verdict.session.clips[1:], ends, strict=True):
        wrong_ppm = placed(clip, answer)[1] - clip.drift_ppm
        print(
            f"{clip.angle}: {begin_ms * 1e3:+.1f} us off at the begin, {end_ms * 1e3:+.1f} at the end,"
            f" drift {wrong_ppm:+.4f} ppm off {clip.drift_ppm:+g}"
        )
    print(f"confidence {verdict.confidence:.4f}")
