"""Decode renditions again, each in its own process: a file that crashes the decoder is a finding."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from pathlib import Path

from mcsyncd.model.rendition import Rendition
from mcsyncd.workers.perform import enter_worker
from mcsyncd.workers.sandbox.contained_call import run_contained
from mcsyncd.workers.sandbox.grant import Grant


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
        except BrokenExecutor:
            return ("its decoder crashed",)


def _compare_decoded(path: Path, rendition: Rendition) -> tuple[str, ...]:
    from mcsyncd.conform.proof_check import find_differences  # noqa: PLC0415  # loads the codecs

    reads = (path, path.with_name(f"{path.name}.json"))
    return run_contained(lambda _report: find_differences(path, rendition), tuple[str, ...], Grant(reads))
