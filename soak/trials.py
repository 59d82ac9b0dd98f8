"""Scripted reviews in a pty: nothing wrong may be approved, whatever a tired person presses.

Each trial has a fault (an angle moved by 1, 2 or 7 frames, an echo, a wrong candidate, an angle without a
place, a race, a held key, a view that is stale) and the keys of a person who sees it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections import defaultdict
from pathlib import Path

from tui.trials import Trial, build_trials, run_trials


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)


def run(asked: argparse.Namespace) -> bool:
    """Review, and print the keys and faults of each kind; return whether nothing wrong was approved."""
    trials = build_trials(asked.count, asked.seed)
    with tempfile.TemporaryDirectory(prefix="mcsync-trials-") as folder:
        run_trials(Path(folder) / "api.sock", trials)
    by_kind: dict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        by_kind[trial.kind].append(trial)
    for kind, some in sorted(by_kind.items()):
        faults = [one.fault for one in some if one.fault]
        median = statistics.median(one.keys for one in some)
        print(f"trials: {kind}: {len(some)}, {median:g} keys (median), {len(faults)} faults {faults[:3]}")
    faulty = sum(bool(trial.fault) for trial in trials)
    keys = statistics.median(trial.keys for trial in trials if trial.truth_ms is not None)
    print(f"trials: {len(trials)}, {faulty} faults, {keys:g} keys to a corrected approval (median)")
    return not faulty
