"""Recordings with a few wrong bytes, and what the stations make of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from mcsyncd.conform.conform import conform_with_profiles
from mcsyncd.conform.frame_reader import read_frame
from mcsyncd.conform.grid import Grid
from mcsyncd.errors import McsyncError
from mcsyncd.listen.analysis import extract_analysis_audio
from mcsyncd.model.clip import Clip
from mcsyncd.model.jobs import Conform, Listen, Probe
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import load_profile
from mcsyncd.settings.stores import LocalStorage
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.workers.perform import perform_job
from recordings import record

SEEDS = ("mp4", "mov", "mkv", "ts", "mxf", "avi", "vob", "wav", "ogg", "flac")
HEAD = 4096
"""Bytes at the start and at the end in which most mutations lie: that is where headers and indices are."""
_SESSION = "20261127-090000-abc"
_MOST_BYTES = 1 << 30
_LONGEST_S = 120
"""Seconds after which a file counts as hanging: a hundred times what a seed takes."""
_PROCESSES = get_context("forkserver")
"""Where files are used. Not forks of the tests' own process: of its threads, one may hold a lock."""
_PROCESSES.set_forkserver_preload(["mutants"])


def make_seeds(folder: Path, seconds: float = 0.4) -> dict[str, bytes]:
    return {name: record(folder, name, seconds).read_bytes() for name in SEEDS}


def iterate_mutants(seeds: dict[str, bytes], count: int, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content); the same `seed` gives the same mutants."""
    names = sorted(seeds)
    for number in range(count):
        random = np.random.default_rng((seed, number))
        name = names[number % len(names)]
        yield f"{name}-{seed}-{number}", _mutate(bytearray(seeds[name]), random)


def _mutate(content: bytearray, random: np.random.Generator) -> bytes:
    for _ in range(int(random.integers(1, 12))):
        at = int(random.integers(0, min(HEAD, len(content) - 8)))
        at = at if random.random() < 0.6 else len(content) - 8 - at
        kind = random.integers(0, 4)
        if kind == 0:
            content[at] = int(random.integers(0, 256))
        elif kind == 1:
            content[at : at + 4] = bytes(random.choice([0, 127, 128, 255], 4).astype(np.uint8))
        elif kind == 2:
            content[at] ^= 1 << int(random.integers(0, 8))
        else:
            del content[at : at + int(random.integers(1, 64))]
    return bytes(content)


def use_file(path: Path, folder: Path) -> str:
    """Do with a file what the stations do; return "used" or the error that people see.

    Any exception but McsyncError is the fault that is looked for.
    """
    profile = load_profile(find_shipped_profiles(), "proxy-540p")
    refused: McsyncError | None = None
    try:
        media = probe_clip(path, as_is=True)
        extract_analysis_audio(path, media, folder / "analysis", temporary=True)
        if media.video is not None:
            read_frame(path, media.video, Fraction(1, 10), (64, 64), container=media.container)
        rate = media.video.rate if media.video else Rate(25)
        wanted = ((profile.kind, profile.build_ref("proxy-540p")),)
        conform_with_profiles(path, media, Grid(rate), wanted, folder=folder / "out", stem="clip")
    except McsyncError as error:
        refused = error
    return "used" if refused is None else _describe_refusal(refused, path)


def run_jobs(path: Path, folder: Path) -> str:
    """Do the jobs of a clip as a worker does them, contained; the result is that of `use_file`."""
    layout = WorkLayout(folder / "drop", folder / "work", LocalStorage(kind="local", path=folder / "bucket"))
    taken = layout.locate_originals(_SESSION) / "cam_a" / path.name
    taken.parent.mkdir(parents=True, exist_ok=True)
    path.rename(taken)
    status = taken.stat()
    place = layout.make_relative(taken)
    clip = Clip("cam_a", path.name, status.st_size, status.st_mtime_ns, place)
    try:
        media = perform_job(Probe(_SESSION, clip, as_is=True), layout, _MOST_BYTES)
        clip = replace(clip, media=media)
        if media.audio:
            perform_job(Listen(_SESSION, clip), layout, _MOST_BYTES)
        rate = media.video.rate if media.video else Rate(25)
        profiles = [
            load_profile(find_shipped_profiles(), one).build_ref(one) for one in ("mezz-h264", "proxy-540p")
        ]
        perform_job(Conform(_SESSION, clip, rate, 0, 0.0, *profiles), layout, _MOST_BYTES)
    except McsyncError as error:
        return _describe_refusal(error, path)
    finally:
        shutil.rmtree(layout.work)
    return "used"


def _describe_refusal(error: McsyncError, path: Path) -> str:
    assert path.name in error.message, error
    assert error.hint, error
    return error.message


def use_apart(use: Callable[[Path, Path], str], path: Path, folder: Path) -> str:
    """Use a file in a process of its own, as workers do; what nobody may see begins with `FAULT`."""
    pool = ProcessPoolExecutor(1, mp_context=_PROCESSES)
    future: Future[str] = pool.submit(use, path, folder)
    try:
        return future.result(_LONGEST_S)
    except TimeoutError:
        for process in pool._processes.values():  # or its end would be waited for
            process.kill()
        return f"FAULT: it hung for {_LONGEST_S} s"
    except BrokenProcessPool:
        return "FAULT: the process crashed"
    except Exception as error:  # noqa: BLE001  # whatever it is, it is what people would see
        return f"FAULT: {error!r}"
    finally:
        pool.shutdown()
