"""Recordings with a few wrong bytes: whatever they provoke, people are told which file is bad and what to do.

Each mutant is used in a process of its own, as workers do, so that a decoder that crashes is counted.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from mutants import iterate_mutants, make_seeds, use_file

_LONGEST_S = 120
"""Seconds after which a mutant counts as hanging: a hundred times what the seed takes."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options; the defaults are the full form."""
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)


def run(asked: argparse.Namespace) -> bool:
    """Make mutants, use each and print; return whether no one saw a traceback or a crash."""
    began, faulty, used = time.monotonic(), 0, 0
    with tempfile.TemporaryDirectory(prefix="mcsync-soak-") as name:
        folder = Path(name)
        for mutant, content in iterate_mutants(make_seeds(folder), asked.count, asked.seed):
            path = folder / f"{mutant}.bin"
            path.write_bytes(content)
            said = _use_apart(path, folder)
            used += said == "used"
            if said.startswith("FAULT"):
                faulty += 1
                print(f"{mutant}: {said}", flush=True)
            path.unlink()
    print(
        f"mutants: {asked.count}, {used} used, {faulty} with a fault, {time.monotonic() - began:.0f} s",
        flush=True,
    )
    return faulty == 0


def _use_apart(path: Path, folder: Path) -> str:
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        future: Future[str] = pool.submit(use_file, path, folder)
        try:
            return future.result(_LONGEST_S)
        except BrokenProcessPool:
            return "FAULT: the process crashed"
        except Exception as error:  # noqa: BLE001  # whatever it is, it is what people would see
            return f"FAULT: {error!r}"
