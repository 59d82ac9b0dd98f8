"""Probes the files of `align` and extracts their analysis audio, in parallel worker processes.

The workers have the limits of the daemon's workers, but are forked, not spawned: a spawned worker
imports everything again, which takes longer than decoding a minute and a half of audio. Forking is
safe here because this process has only one thread: the command starts none before, and tells the
numeric library not to start any.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import active_children, get_context
from pathlib import Path

from mcsyncd.containers.boxes import count_index_bytes
from mcsyncd.errors import BadMedia, McsyncError
from mcsyncd.model.clip import AnalysisAudio, Media
from mcsyncd.workers.contained_stages import ANALYSIS_TYPE, analyse_file
from mcsyncd.workers.process import limit_worker, release_freed_memory
from mcsyncd.workers.sandbox.messages import prepare_type

_INDEX_MEMORY_FACTOR = 8
"""Bytes of memory that FFmpeg holds per byte of a file's index while the file is open. Measured: 60 MB for
the 8 MB index of a four-hour MP4. Too low, and parallel long files exceed the memory budget."""
_MAX_INDEX_MEMORY_BYTES = 140 << 20
"""Memory for the indices of all files open at once: enough for two recordings of four hours or nine of one
hour. Longer ones are analysed one after the other. The budget is docs/performance.md's 300 MB for `align`."""


@dataclass(frozen=True, slots=True)
class FileAnalysis:
    """What probe and listen found in one file; the analysis audio itself is on disk."""

    media: Media
    audio: AnalysisAudio


def analyse_files(
    paths: Sequence[Path], scratch: Path, report_progress: Callable[[int], None]
) -> list[FileAnalysis | McsyncError]:
    """Return the analysis of each file, in order, or the error that says why it cannot be read.

    Analysis audio is written below the folder `scratch`. `report_progress` gets the number of
    finished files. A decoder that crashes costs its own file and no other. Raises McsyncError when
    `scratch` cannot be written.
    """
    _import_stages()
    folders = [scratch / str(number) for number in range(len(paths))]
    with open_pool(count_parallel_files(paths)) as pool:
        futures = [_submit_file(pool, path, folder) for path, folder in zip(paths, folders, strict=True)]
        # While the workers decode, import what comes next.
        import_module("mcsyncd.sync.solve")
        results = []
        for future in futures:
            results.append(_get_result(future))
            report_progress(len(results))
    return [
        result or _analyse_alone(path, folder)
        for result, path, folder in zip(results, paths, folders, strict=True)
    ]


def count_parallel_files(paths: Sequence[Path]) -> int:
    """Return how many files to analyse at once: one more than there are cores, if their indices fit.

    With the extra one, three files on two cores take one and a half turns instead of two.
    """
    count = min(len(paths), count_cores() + 1)
    index_bytes = sorted(map(_estimate_index_memory, paths), reverse=True)
    while count > 1 and sum(index_bytes[:count]) > _MAX_INDEX_MEMORY_BYTES:
        count -= 1
    return count


def count_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def _estimate_index_memory(path: Path) -> int:
    """Return the bytes a demuxer holds for a file's index; 0 for an unreadable file, reported later."""
    try:
        with path.open("rb") as file:
            return _INDEX_MEMORY_FACTOR * count_index_bytes(file)
    except OSError:
        return 0


def _import_stages() -> None:
    """Import once, before the fork, what every worker needs: `numpy.ma` for its medians."""
    for name in ("mcsyncd.listen.analysis", "mcsyncd.probe.probe", "numpy.fft", "numpy.ma"):
        import_module(name)
    prepare_type(ANALYSIS_TYPE)


@contextmanager
def open_pool(worker_count: int) -> Iterator[ProcessPoolExecutor]:
    """Open a pool of forked workers with the limits of `limit_worker`; an error inside kills them."""
    with ProcessPoolExecutor(
        worker_count, mp_context=get_context("fork"), initializer=limit_worker, initargs=(os.getpid(),)
    ) as pool:
        try:
            yield pool
        except BaseException:
            # The other results are no longer needed; without this the pool waits minutes for them.
            for worker in active_children():
                worker.kill()
            raise


def _analyse_file(path: Path, folder: Path) -> FileAnalysis | McsyncError:
    try:
        return FileAnalysis(*analyse_file(path, folder))
    except McsyncError as error:
        return error
    except OSError as error:
        if error.filename == str(path):
            return BadMedia(f"{path.name}: {error.strerror}", "make the file readable, or leave it out")
        raise McsyncError(
            f"{folder.parent}: {error.strerror}",
            "analysis audio needs 60 MB there per channel and hour; TMPDIR names another folder",
        ) from error
    except Exception as error:  # noqa: BLE001  # whatever a broken file provokes costs this file alone
        return BadMedia(f"{path.name}: cannot be decoded: {error!r}", "convert its audio to WAV")
    finally:
        release_freed_memory()


def _submit_file(
    pool: ProcessPoolExecutor, path: Path, folder: Path
) -> Future[FileAnalysis | McsyncError] | None:
    """Hand a file to a worker. Returns None when a worker has already died on an earlier file."""
    try:
        return pool.submit(_analyse_file, path, folder)
    except BrokenExecutor:
        return None


def _get_result(future: Future[FileAnalysis | McsyncError] | None) -> FileAnalysis | McsyncError | None:
    """Return what a worker found, or None when any worker died: the pool does not say on which file."""
    try:
        return future.result() if future else None
    except BrokenExecutor:
        return None


def _analyse_alone(path: Path, folder: Path) -> FileAnalysis | McsyncError:
    """Analyse a file again, in a pool of its own, so that a second crash is certainly its fault."""
    with open_pool(1) as pool:
        return _get_result(_submit_file(pool, path, folder)) or BadMedia(
            f"{path.name}: the decoder crashed on it",
            "copy the clip from the card again; if it crashes again, convert its audio to WAV",
        )
