"""Decode renditions again, each in its own process: a file that crashes the decoder is a finding."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from mcsyncd.model.rendition import Rendition
from mcsyncd.workers.perform import enter_worker


def check_decoding(renditions: Sequence[tuple[Path, Rendition]]) -> list[str]:
    """Decode each file and return a sentence for everything that differs from its record.

    One after the other, with the low priority and the limits of a worker, because the daemon may be
    busy at the same time.
    """
    return [
        f"{path}: {finding}"
        for path, rendition in renditions
        for finding in _check_in_own_process(path, rendition)
    ]


def _check_in_own_process(path: Path, rendition: Rendition) -> tuple[str, ...]:
    # A new process for each file: a crash affects nothing else. "spawn", as for the daemon's workers.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, initializer=enter_worker, initargs=(os.getpid(),)) as worker:
        try:
            return worker.submit(_compare_decoded, path, rendition).result()
        except BrokenProcessPool:
            return ("its decoder crashed",)


def _compare_decoded(path: Path, rendition: Rendition) -> tuple[str, ...]:
    from mcsyncd.conform.proof_check import find_differences  # noqa: PLC0415  # loads the codecs

    return find_differences(path, rendition)
