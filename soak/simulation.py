"""Schedules of a simulated daemon with faults at every step: nothing is lost, doubled or stuck."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from functools import partial
from multiprocessing import Pool

from simulation import Violation, run_schedules

_CHUNK = 20
"""Schedules that a process takes at once. Judgement: half a second of work, so a violation is soon known."""
_REPORT_S = 60.0
"""Seconds between two lines that say how far it has come. Judgement."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options; the defaults are the full form."""
    cpus = len(os.sched_getaffinity(0))
    parser.add_argument("--seed", type=int, default=0, help="the first schedule; each has its own seed")
    parser.add_argument("--schedules", type=int, default=1_000_000, help="how many to run")
    parser.add_argument("--steps", type=int, default=120, help="steps with faults in each")
    parser.add_argument("--processes", type=int, default=cpus, help="how many at once (default: %(default)s)")


def run(asked: argparse.Namespace) -> bool:
    """Run the schedules and print how far it has come; stop at the first that breaks a promise."""
    began = reported = time.monotonic()
    done = 0
    for count, broken in _run_chunks(asked):
        done += count
        now = time.monotonic()
        if broken:
            print(broken, flush=True)
            return False
        if now - reported > _REPORT_S:
            reported = now
            print(f"simulation: {done} schedules, {now - began:.0f} s", flush=True)
    print(f"{done} schedules in {time.monotonic() - began:.0f} s: no promise broken")
    return True


def _run_chunks(asked: argparse.Namespace) -> Iterator[tuple[int, str]]:
    end = asked.seed + asked.schedules
    chunks = (range(first, min(first + _CHUNK, end)) for first in range(asked.seed, end, _CHUNK))
    run_one = partial(_run_chunk, steps=asked.steps)
    if asked.processes < 2:
        yield from map(run_one, chunks)
        return
    with Pool(asked.processes) as pool:  # leaving it ends the processes
        yield from pool.imap_unordered(run_one, chunks)


def _run_chunk(seeds: range, *, steps: int) -> tuple[int, str]:
    """Return how many schedules were run, and what the last of them broke, if anything."""
    for seed in seeds:
        try:
            run_schedules(range(seed, seed + 1), steps)
        except Violation as violation:
            return seed - seeds.start + 1, f"{violation}\nmake simulate SEED={seed} shows it again"
    return len(seeds), ""
