"""`python -m acceptance fetch | run | report`: see the package's description."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TextIO

import acceptance
from acceptance.fetch import fetch_sources
from acceptance.judge import judge
from acceptance.report import report
from acceptance.solve import Trial, from_line, to_line, try_seed

_SESSIONS_A_WORKER = 20
"""Then the workers are replaced, to give back what their decoded recordings hold."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m acceptance",
        description=acceptance.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    fetch = commands.add_parser("fetch", help="download the recordings")
    fetch.add_argument("--into", type=Path, required=True)
    run = commands.add_parser("run", help="make sessions and let the solver answer them")
    run.add_argument(
        "--sources", type=Path, help="where `fetch` put the recordings; default: synthetic sound"
    )
    run.add_argument("--first", type=int, default=0)
    run.add_argument("--count", type=int, default=580)
    run.add_argument("--jobs", type=int, default=1)
    run.add_argument("--scratch", type=Path, help="where the files lie while they are needed")
    run.add_argument("--out", type=Path, required=True, help="one line a session; seeds in it are skipped")
    told = commands.add_parser("report", help="print the tables")
    told.add_argument("results", type=Path, nargs="+")
    asked = parser.parse_args(arguments)
    if asked.command == "fetch":
        print(", ".join(f"{count} of {kind}" for kind, count in fetch_sources(asked.into).items()))
    elif asked.command == "run":
        _run(asked)
    else:
        lines = [line for file in asked.results for line in file.read_text().splitlines()]
        print(report([judge(from_line(line)) for line in lines]))
    return 0


def _run(asked: argparse.Namespace) -> None:
    """Try the seeds that are missing and append each as it ends."""
    out: Path = asked.out
    done = {from_line(line).seed for line in out.read_text().splitlines()} if out.is_file() else set()
    seeds = [seed for seed in range(asked.first, asked.first + asked.count) if seed not in done]
    attempt = partial(try_seed, sources=asked.sources, scratch=asked.scratch)
    batch = asked.jobs * _SESSIONS_A_WORKER
    with out.open("a") as results:
        for first in range(0, len(seeds), batch):
            # Not max_tasks_per_child: Python 3.11 can wait for ever for the next worker (gh-115634).
            with ProcessPoolExecutor(asked.jobs, get_context("spawn")) as pool:
                for future in as_completed(
                    [pool.submit(attempt, seed) for seed in seeds[first : first + batch]]
                ):
                    _record(future, results)


def _record(future: Future[Trial], results: TextIO) -> None:
    if fault := future.exception():
        print(f"a session could not be made: {fault!r}", file=sys.stderr, flush=True)
        return
    trial = future.result()
    results.write(to_line(trial) + "\n")
    results.flush()
    told = f"{trial.seed} {trial.condition}: {judge(trial).outcome.value} at {trial.confidence:.3f}"
    print(told, flush=True)


if __name__ == "__main__":
    sys.exit(main())
