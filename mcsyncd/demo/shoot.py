"""A three-camera shoot on demand: real files, and the truth about them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from functools import partial
from multiprocessing.queues import SimpleQueue
from pathlib import Path

from mcsyncd.demo.camera import Span, film
from mcsyncd.demo.scene import make_scene
from mcsyncd.demo.score import SCENE_RATE
from mcsyncd.demo.truth import DEFAULT_KEYS, DEFAULT_OFFSETS_MS, Shoot, Take, make_takes

Progress = Callable[[str, float], None]
"""Hears a camera's key and how far it is, 0 to 1."""

_told: SimpleQueue[tuple[str, float]]
"""A worker's way to its parent: set when the worker starts, since a queue cannot be sent with a job."""


def make_shoot(
    folder: Path,
    *,
    seconds: float = 75.0,
    size: tuple[int, int] = (640, 360),
    seed: int = 1,
    offsets_ms: Sequence[float] = DEFAULT_OFFSETS_MS,
    keys: Sequence[str] = DEFAULT_KEYS,
    progress: Progress | None = None,
) -> Shoot:
    """Film one scene with three cameras into `folder/<key>/`, and return files and truth.

    `offsets_ms` are the cameras' offsets in the order of `keys`, the first 0: the reference's.
    Equal arguments give equal files. The cameras work at the same time, each in a process of
    its own. Raises UsageError for a shoot that cannot be, and what a worker raised.
    """
    takes = make_takes(keys, seconds, offsets_ms)
    span = _span(takes)
    files = {take.key: folder / take.key / take.body.clip_name for take in takes}
    for file in files.values():
        file.parent.mkdir(parents=True, exist_ok=True)
    _film_all([(files[take.key], take, size, seed, span) for take in takes], progress or _unheard)
    return Shoot(
        files=files,
        offsets_us={take.key: take.offset_us for take in takes},
        drift_ppm={take.key: take.body.drift_ppm for take in takes},
        flashes_us=tuple(round(at * 1_000_000 / SCENE_RATE) for at in make_scene(seed, *span).flashes),
        takes=takes,
    )


_Job = tuple[Path, Take, tuple[int, int], int, Span]


def _span(takes: Sequence[Take]) -> Span:
    """Return a scene's begin and end, whole seconds around everything that any camera sees."""
    begin_s = min(take.offset_us * 1e-6 for take in takes)
    return float(int(begin_s) - 2), float(int(max(take.end_s for take in takes)) + 2)


def _film_all(jobs: Sequence[_Job], progress: Progress) -> None:
    # Spawned, not forked: the caller may have threads, and a fork would copy their locks.
    context = multiprocessing.get_context("spawn")
    told: SimpleQueue[tuple[str, float]] = context.SimpleQueue()
    with ProcessPoolExecutor(len(jobs), context, _begin_work, (told,)) as workers:
        open_jobs = {workers.submit(_film, *job) for job in jobs}
        while open_jobs:
            done, open_jobs = wait(open_jobs, timeout=0.1, return_when="FIRST_COMPLETED")
            while not told.empty():
                progress(*told.get())
            for job in done:
                job.result()


def _begin_work(told: SimpleQueue[tuple[str, float]]) -> None:
    global _told  # noqa: PLW0603  # a process pool gives its initialiser no other place to put it
    _told = told


def _film(path: Path, take: Take, size: tuple[int, int], seed: int, span: Span) -> None:
    film(path, take, size=size, seed=seed, span=span, progress=partial(_tell, take.key))


def _tell(key: str, done: float) -> None:
    _told.put((key, done))


def _unheard(_key: str, _done: float) -> None:
    """Nobody listens."""
