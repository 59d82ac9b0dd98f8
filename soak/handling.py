"""People copy, move, decide, spoil and kill in any order, on a real daemon: it comes to rest and is right.

Each trial has a daemon of its own. What is judged, and how the trial ends: `tests/handling_end.py`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from handling import Handling, film_takes

_SHOOTS = 3
"""Shoots that people have at hand. Judgement: one is mixed up with others, and comes again often enough."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options; the defaults are the full form."""
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--steps", type=int, default=40, help="what people do in each")
    parser.add_argument("--seed", type=int, default=1, help="of the first trial; each has its own")
    parser.add_argument("--folder", type=Path, help="where the daemons work, e.g. /dev/shm")


def run(asked: argparse.Namespace) -> bool:
    """Run the trials and print; return whether each came to rest and was right."""
    began, faulty = time.monotonic(), 0
    with tempfile.TemporaryDirectory(prefix="mcsync-soak-", dir=asked.folder) as name:
        takes = film_takes(Path(name), _SHOOTS)
        for seed in range(asked.seed, asked.seed + asked.trials):
            with tempfile.TemporaryDirectory(dir=name) as home:
                trial = Handling(Path(home), takes, seed)
                faults = trial.run(asked.steps)
            if faults:
                faulty += 1
                print(f"seed {seed}:", *trial.done, *faults, sep="\n  ", flush=True)
            passed_s = time.monotonic() - began
            print(f"handling: seed {seed}, {passed_s:.0f} s, trials with a fault: {faulty}", flush=True)
    return faulty == 0
