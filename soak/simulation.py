"""Schedules of a simulated daemon with faults at every step: nothing is lost, doubled or stuck."""

from __future__ import annotations

import argparse
import time

from simulation import Violation, run_schedules


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options; the defaults are the full form."""
    parser.add_argument("--seed", type=int, default=0, help="the first schedule; each has its own seed")
    parser.add_argument("--schedules", type=int, default=1_000_000, help="how many to run")
    parser.add_argument("--steps", type=int, default=60, help="steps with faults in each")


def run(asked: argparse.Namespace) -> bool:
    """Run the schedules and print how many there were, and how long they took."""
    began = time.perf_counter()
    try:
        count = run_schedules(range(asked.seed, asked.seed + asked.schedules), asked.steps)
    except Violation as violation:
        print(f"{violation}: make simulate SEED=… shows it again")
        return False
    print(f"{count} schedules in {time.perf_counter() - began:.0f} s: no promise broken")
    return True
