"""Conform one clip in one process: `python -m benchmarks.segment_job CLIP FOLDER [OPTION …]`.

Prints nothing. `--segment-s` is the length of a segment (the product's by default), `--processes` the number
of processes that encode segments; 0: this one.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import nullcontext
from multiprocessing import get_context
from pathlib import Path

from benchmarks.clip_job import conform_as_shipped
from mcsyncd.conform import segments
from mcsyncd.probe.probe import probe_clip

WHOLE_S = 1_000_000
"""Seconds of a segment that is longer than any clip: one pass."""


def build_command(
    clip: Path, folder: Path, *, segment_s: int = segments.SEGMENT_S, processes: int = 0
) -> list[str | Path]:
    """Return the command line that runs this module on a clip."""
    options = ("--segment-s", str(segment_s), "--processes", str(processes))
    return [sys.executable, "-m", "benchmarks.segment_job", clip, folder, *options]


def main() -> None:
    """Conform the clip."""
    parser = argparse.ArgumentParser()
    parser.add_argument("clip", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--segment-s", type=int, default=segments.SEGMENT_S)
    parser.add_argument("--processes", type=int, default=0)
    asked = parser.parse_args()
    segments.SEGMENT_S = asked.segment_s
    with open_processes(asked.processes) if asked.processes else nullcontext() as executor:
        conform_whole_clip(asked.clip, asked.folder, executor)


def open_processes(count: int) -> ProcessPoolExecutor:
    """Return an executor with `count` processes on this machine."""
    return ProcessPoolExecutor(count, get_context("spawn"))


def conform_whole_clip(clip: Path, folder: Path, executor: Executor | None) -> None:
    """Conform with the shipped profiles. `executor` encodes the segments; None: this process."""
    conform_as_shipped(clip, probe_clip(clip), folder, stem="clip", executor=executor)


if __name__ == "__main__":
    main()
