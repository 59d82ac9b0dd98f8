"""Make a three-camera shoot: real files, and the truth about them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from functools import partial
from multiprocessing.queues import SimpleQueue
from pathlib import Path

from mcsyncd.demo.filming import SceneSpan, SpoilAudio, film_take
from mcsyncd.demo.scene import make_scene
from mcsyncd.demo.sound_events import SCENE_RATE
from mcsyncd.demo.trouble import film_broll, plan_recorder_take, record_wave, spoil_audio
from mcsyncd.demo.truth import DEFAULT_KEYS, DEFAULT_OFFSETS_MS, Shoot, Take, plan_takes

ReportCameraProgress = Callable[[str, float], None]
"""Called with a camera's key and the fraction done."""

_progress_queue: SimpleQueue[tuple[str, float]]
"""From a worker to its parent. It is set when the worker starts, as a queue cannot be sent with a job."""


def make_shoot(
    folder: Path,
    *,
    seconds: float = 75.0,
    size: tuple[int, int] = (640, 360),
    seed: int = 1,
    offsets_ms: Sequence[float] = DEFAULT_OFFSETS_MS,
    keys: Sequence[str] = DEFAULT_KEYS,
    report_progress: ReportCameraProgress | None = None,
    recorder: str | None = None,
) -> Shoot:
    """Film one scene with three cameras into `folder/<key>/`; return the files and their true offsets.

    `offsets_ms` are the cameras' offsets in the order of `keys`; the first, the reference's, is 0. `size` is
    (width, height) in pixels. Equal arguments give equal files. The cameras film in parallel, each in
    its own process. With the key of a `recorder`, it is a shoot with trouble (`demo.trouble`): timecode on
    a channel, a loud echo, a b-roll clip, and a file of that recorder. Raises UsageError for an impossible
    shoot, and any error of a worker.
    """
    takes = plan_takes(keys, seconds, offsets_ms)
    recorded = (plan_recorder_take(recorder, seconds),) if recorder is not None else ()
    span = _compute_span((*takes, *recorded))
    files = {take.key: folder / take.key / take.camera_model.clip_name for take in (*takes, *recorded)}
    for file in files.values():
        file.parent.mkdir(parents=True, exist_ok=True)
    spoil = spoil_audio if recorded else None
    _film_all(
        [(files[take.key], take, size, seed, span, spoil) for take in takes],
        report_progress or _ignore_progress,
    )
    for take in recorded:
        record_wave(files[take.key], take, seed=seed, span=span)
    broll = film_broll(folder, keys[1], size=size, seed=seed) if recorded else None
    return Shoot(
        files=files,
        offsets_us={take.key: take.offset_us for take in (*takes, *recorded)},
        drift_ppm={take.key: take.camera_model.drift_ppm for take in (*takes, *recorded)},
        flashes_us=tuple(round(at * 1_000_000 / SCENE_RATE) for at in make_scene(seed, *span).flashes),
        takes=takes,
        broll={keys[1]: broll} if broll is not None else {},
    )


_FilmJob = tuple[Path, Take, tuple[int, int], int, SceneSpan, SpoilAudio | None]


def _compute_span(takes: Sequence[Take]) -> SceneSpan:
    """Return the start and end of the scene: whole seconds, around everything that any camera records."""
    begin_s = min(take.offset_us * 1e-6 for take in takes)
    return float(int(begin_s) - 2), float(int(max(take.end_s for take in takes)) + 2)


def _film_all(jobs: Sequence[_FilmJob], report_progress: ReportCameraProgress) -> None:
    # Spawn, not fork: the caller may have threads, and a fork would copy their locks.
    context = multiprocessing.get_context("spawn")
    queue: SimpleQueue[tuple[str, float]] = context.SimpleQueue()
    with ProcessPoolExecutor(len(jobs), context, _init_worker, (queue,)) as workers:
        open_jobs = {workers.submit(_film_in_worker, *job) for job in jobs}
        while open_jobs:
            done, open_jobs = wait(open_jobs, timeout=0.1, return_when="FIRST_COMPLETED")
            while not queue.empty():
                report_progress(*queue.get())
            for job in done:
                job.result()


def _init_worker(progress_queue: SimpleQueue[tuple[str, float]]) -> None:
    global _progress_queue  # noqa: PLW0603  # a process pool offers its initialiser no other place
    _progress_queue = progress_queue


def _film_in_worker(  # noqa: PLR0917  # the arguments of a job
    path: Path, take: Take, size: tuple[int, int], seed: int, span: SceneSpan, spoil: SpoilAudio | None
) -> None:
    report_progress = partial(_send_progress, take.key)
    film_take(path, take, size=size, seed=seed, span=span, report_progress=report_progress, spoil=spoil)


def _send_progress(key: str, done: float) -> None:
    _progress_queue.put((key, done))


def _ignore_progress(_key: str, _done: float) -> None:
    """Discard progress: the default of `make_shoot`."""
