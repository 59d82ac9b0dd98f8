"""Recordings with a few wrong bytes, and what the stations make of them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from mcsyncd.conform.conform import conform_with_profiles
from mcsyncd.conform.frame_reader import read_frame
from mcsyncd.conform.grid import Grid
from mcsyncd.errors import McsyncError
from mcsyncd.listen.analysis import extract_analysis_audio
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import load_profile
from recordings import record

SEEDS = ("mp4", "mov", "mkv", "ts", "mxf", "avi", "vob", "wav", "ogg", "flac")
HEAD = 4096
"""Bytes at the start and at the end in which most mutations lie: that is where headers and indices are."""
_LONGEST_S = 120
"""Seconds after which a file counts as hanging: a hundred times what a seed takes."""


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
    if refused is None:
        return "used"
    assert path.name in refused.message, refused
    assert refused.hint, refused
    return refused.message


def use_file_apart(path: Path, folder: Path) -> str:
    """Do the same in a process of its own, as workers do; what nobody may see begins with `FAULT`."""
    pool = ProcessPoolExecutor(1, mp_context=get_context("fork"))
    future: Future[str] = pool.submit(use_file, path, folder)
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
