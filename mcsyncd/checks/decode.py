"""Decoding renditions again, in a process of its own: a file that crashes the decoder is a finding."""

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
    """Decode each file and return a sentence for everything that is not as it was recorded.

    One after the other, at the low priority and within the limits of a worker, because the daemon
    may be at work meanwhile.
    """
    return [f"{path}: {said}" for path, made in renditions for said in _check_in_own_process(path, made)]


def _check_in_own_process(path: Path, made: Rendition) -> tuple[str, ...]:
    # A new process for each: one that died takes nothing with it. "spawn", as the daemon's own.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, initializer=enter_worker, initargs=(os.getpid(),)) as worker:
        try:
            return worker.submit(_compare_decoded, path, made).result()
        except BrokenProcessPool:
            return ("the decoder crashed on it",)


def _compare_decoded(path: Path, made: Rendition) -> tuple[str, ...]:
    from mcsyncd.conform.proof_check import find_differences  # noqa: PLC0415  # loads the codecs

    return find_differences(path, made)
