"""Probe and hear the files of `align`, side by side, in processes that may die.

Forked, not spawned: a spawned worker imports everything again, which takes longer than listening
to a minute and a half. A fork is sound here because this process has no second thread yet: the
command does nothing before, and tells the numeric library to keep to one.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import active_children, get_context
from pathlib import Path

from mcsyncd.errors import BadMedia, McsyncError
from mcsyncd.model.clip import AnalysisAudio, Media
from mcsyncd.probe.boxes import count_index_bytes
from mcsyncd.workers.process import die_with_parent, release_freed_memory

ListenResult = tuple[Media, AnalysisAudio]

_INDEX_MEMORY_FACTOR = 8
"""So many times its length FFmpeg holds of an index while the file is open: 60 MB for the 8 MB of a
four-hour MP4."""
_MAX_INDEX_MEMORY_BYTES = 140 << 20
"""Two recordings of four hours fit in, or nine of one; longer ones are heard one by one."""


def listen_to_files(
    paths: Sequence[Path], scratch: Path, report_progress: Callable[[int], None]
) -> list[ListenResult | McsyncError]:
    """Return what is in each file, in order; for one that cannot be read, the error that says why.

    Analysis audio goes below the folder `scratch`; `progress` hears how many files are done. A
    decoder that crashes takes its own file with it and no other. Raises McsyncError when `scratch`
    cannot be written.
    """
    _import_stages()
    folders = [scratch / str(number) for number in range(len(paths))]
    with _open_pool(count_parallel_files(paths)) as pool:
        futures = [_submit_file(pool, path, folder) for path, folder in zip(paths, folders, strict=True)]
        # While the workers listen: what comes next, and what numpy's medians import when first asked.
        import_module("mcsyncd.sync.solve")
        import_module("numpy.ma")
        found = []
        for future in futures:
            found.append(_get_result(future))
            report_progress(len(found))
    return [
        one or _listen_alone(path, folder) for one, path, folder in zip(found, paths, folders, strict=True)
    ]


def count_parallel_files(paths: Sequence[Path]) -> int:
    """How many files to hear side by side: one more than there are cores, if their indices fit.

    Three files on two cores then take one and a half turns, not two.
    """
    count = min(len(paths), len(os.sched_getaffinity(0)) + 1)
    held = sorted(map(_estimate_index_memory, paths), reverse=True)
    while count > 1 and sum(held[:count]) > _MAX_INDEX_MEMORY_BYTES:
        count -= 1
    return count


def _estimate_index_memory(path: Path) -> int:
    """What a demuxer holds of a file's index; nothing for one that cannot be read, which is said later."""
    try:
        with path.open("rb") as file:
            return _INDEX_MEMORY_FACTOR * count_index_bytes(file)
    except OSError:
        return 0


def _import_stages() -> None:
    """Import once, before the fork, what every worker needs."""
    for name in ("mcsyncd.listen.analysis", "mcsyncd.probe.probe", "numpy.fft"):
        import_module(name)


@contextmanager
def _open_pool(count: int) -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(
        count, mp_context=get_context("fork"), initializer=_enter_worker, initargs=(os.getpid(),)
    ) as pool:
        try:
            yield pool
        except BaseException:
            # Nobody waits for the rest any more; without this the pool does, for minutes.
            for worker in active_children():
                worker.kill()
            raise


def _enter_worker(parent: int) -> None:
    """Die with the command, however it ends, and without a word: the command says it."""
    die_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _listen_to_file(path: Path, folder: Path) -> ListenResult | McsyncError:
    from mcsyncd.listen.analysis import extract_analysis_audio  # noqa: PLC0415  # heavy: not at start-up
    from mcsyncd.probe.probe import probe_clip  # noqa: PLC0415  # heavy: not at start-up

    try:
        media = probe_clip(path)
        return media, extract_analysis_audio(path, media, folder, with_peaks=False)
    except McsyncError as error:
        return error
    except OSError as error:
        if error.filename == str(path):
            return BadMedia(f"{path.name}: {error.strerror}", "make the file readable, or leave it out")
        raise McsyncError(
            f"{folder.parent}: {error.strerror}",
            "listening needs 60 MB there for each hour of a channel; TMPDIR names another folder",
        ) from error
    except Exception as error:  # noqa: BLE001  # whatever a broken file provokes costs this file alone
        return BadMedia(f"{path.name}: cannot be listened to: {error!r}", "convert its sound to WAV")
    finally:
        release_freed_memory()


def _submit_file(
    pool: ProcessPoolExecutor, path: Path, folder: Path
) -> Future[ListenResult | McsyncError] | None:
    """Hand a file to a worker; None when one has died already, on a file before."""
    try:
        return pool.submit(_listen_to_file, path, folder)
    except BrokenExecutor:
        return None


def _get_result(future: Future[ListenResult | McsyncError] | None) -> ListenResult | McsyncError | None:
    """What a worker found; None when one died, be it this one or a neighbour."""
    try:
        return future.result() if future else None
    except BrokenExecutor:
        return None


def _listen_alone(path: Path, folder: Path) -> ListenResult | McsyncError:
    """Try a file again with no neighbour that could be to blame."""
    with _open_pool(1) as pool:
        return _get_result(_submit_file(pool, path, folder)) or BadMedia(
            f"{path.name}: the decoder crashed on it",
            "copy the clip from the card again; if it fails there too, convert its sound to WAV",
        )
