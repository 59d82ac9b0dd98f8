"""A dozen generated sessions as files: conditions of the calibration, from seeds it was never fitted to."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from shutil import rmtree

import numpy as np

from benchmarks.sync_film import SAMPLE_RATE, STRETCH_S, Wave, write_film
from benchmarks.sync_session import Clip, Session
from calibration.cases import Case, Truth, build_case
from calibration.material import Material
from mcsyncd.sync.recording import Recording

FIRST_SEED = 1_000_000
"""The calibration begins at 0 and counts a few thousand."""

DOZEN = (
    "anything",
    "rooms_spread",
    "own_wind",
    "unlike_microphones",
    "small_overlap",
    "short_clips",
    "several_clips",
    # From here on at least one camera has no right place.
    "unrelated_music",
    "same_song",
    "exact_loop",
    "silence",
    "skipped",
)


def dozens(home: Path, first: int, rounds: int) -> Iterator[Session]:
    """Yield `rounds` times a dozen sessions; the seeds count up from `first`.

    The files of one are below `home` until the next is asked for.
    They are made in a process of their own: the kernel counts a process's memory from its parent's
    high-water mark, so whoever measures must stay small.
    """
    with ProcessPoolExecutor(1, get_context("spawn")) as elsewhere:
        for number in range(rounds * len(DOZEN)):
            condition = DOZEN[number % len(DOZEN)]
            session = elsewhere.submit(made, condition, first + number, home).result()
            yield session
            rmtree(session.clips[0].file.parent)


def made(condition: str, seed: int, home: Path) -> Session:
    """Make the session of a seed in a condition, of made-up sound, and write its files."""
    case = build_case(condition, seed, Material(None))
    folder = home / f"{condition}-{seed}"
    folder.mkdir(parents=True)
    clips = tuple(_clip(case, number, folder) for number in range(len(case.recordings)))
    return Session(f"{condition} #{seed}", condition, clips, None not in case.truths)


def _clip(case: Case, number: int, folder: Path) -> Clip:
    recording, truth = case.recordings[number], case.truths[number]
    file = folder / f"{recording.angle}-{recording.name}.mp4"
    seconds = recording.duration_us * 1e-6
    write_film(
        file, seconds, len(recording.channels), _stretches(recording), begins_s=recording.start_us * 1e-6
    )
    if truth is None:
        return Clip(recording.angle, file, seconds, None, 0.0, (0.0, seconds))
    judged_s = _shared(case, number, truth)
    return Clip(recording.angle, file, seconds, truth.offset_s * 1e3, truth.slope * 1e6, judged_s)


def _stretches(recording: Recording) -> Iterator[Wave]:
    """Yield the sound of a recording at a camera's rate."""
    if not recording.channels:
        return
    whole = np.stack([_upsampled(channel, recording.rate) for channel in recording.channels])
    step = STRETCH_S * SAMPLE_RATE
    for at in range(0, whole.shape[1], step):
        yield whole[:, at : at + step]


def _upsampled(channel: np.ndarray, rate: int) -> Wave:
    """Return 16-bit samples at SAMPLE_RATE, full scale 1.0: the spectrum, with nothing above it."""
    times, count = SAMPLE_RATE // rate, len(channel)
    # Whole seconds, because a transform of a prime length is a hundred times as slow.
    padded = np.pad(np.asarray(channel, np.float32), (0, -count % rate)) / np.float32(32768)
    wave = np.fft.irfft(np.fft.rfft(padded), padded.size * times)[: count * times]
    return np.asarray(wave * times, np.float32)


def _shared(case: Case, number: int, truth: Truth) -> tuple[float, float]:
    """Return the ends, in clip time, of what a clip shares with other angles; else its own ends."""
    begins_s, ends_s = _ends(case.recordings[number], truth)
    spans = []
    for recording, other in zip(case.recordings, case.truths, strict=True):
        if other is not None and recording.angle != case.recordings[number].angle:
            begin_s, end_s = _ends(recording, other)
            spans.append((max(begin_s, begins_s), min(end_s, ends_s)))
    spans = [(begin_s, end_s) for begin_s, end_s in spans if begin_s < end_s] or [(begins_s, ends_s)]
    first, last = min(begin_s for begin_s, _ in spans), max(end_s for _, end_s in spans)
    return (first - truth.offset_s) / (1 + truth.slope), (last - truth.offset_s) / (1 + truth.slope)


def _ends(recording: Recording, truth: Truth) -> tuple[float, float]:
    """Return begin and end of a recording on the reference's clock, in seconds."""
    return truth.offset_s, truth.offset_s + recording.duration_us * 1e-6 * (1 + truth.slope)
