"""Recordings with a few wrong bytes: whatever they provoke, people are told which file is bad and what to do.

Each mutant goes through the stations, the picture of the review included, and then through the jobs of a clip
(probe, listen, conform) as a worker does them. A decoder that crashes or hangs is a fault.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

from mutants import iterate_mutants, make_seeds, run_jobs, use_apart, use_file


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options; the defaults are the full form."""
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)


def run(asked: argparse.Namespace) -> bool:
    """Make mutants, use each and print; return whether no one saw a traceback, a crash or a hang."""
    began, faulty = time.monotonic(), 0
    said: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="mcsync-soak-") as name:
        folder = Path(name)
        for mutant, content in iterate_mutants(make_seeds(folder), asked.count, asked.seed):
            path = folder / f"{mutant}.bin"
            for use in (use_file, run_jobs):
                path.write_bytes(content)
                found = use_apart(use, path, folder)
                if found.startswith("FAULT"):
                    faulty += 1
                    print(f"{mutant}: {use.__name__}: {found}", flush=True)
                path.unlink(missing_ok=True)
            said["used" if found == "used" else "refused"] += 1
    print(
        f"mutants: {asked.count}, {said['used']} used, {said['refused']} refused, {faulty} with a fault, "
        f"{time.monotonic() - began:.0f} s",
        flush=True,
    )
    return faulty == 0
