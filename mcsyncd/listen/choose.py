"""Which channels are worth keeping: silence, hum, doubles and opposites, each said in words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcsyncd.listen.lay import ChannelFile
from mcsyncd.listen.resample import ANALYSIS_RATE

MOST_CHANNELS = 4
"""Kept at most. The solver tries channels against each other, and a 64-channel recorder would cost
64 times 64 trials to say what its loudest microphones say."""

_SILENT_RMS = 2.0
"""int16 steps, -84 dBFS: below it there is only the dither of the converter."""
_SAME = 0.95
_TONAL = 0.005
"""The share of power outside its twelve strongest lines below which a channel is hum: speech and
music spread over hundreds of lines within seconds, mains hum stays in a dozen harmonics."""
_LINES = 12
_LOOKS = 48


@dataclass(frozen=True, slots=True)
class Heading:
    """A channel of analysis audio and where it comes from."""

    track: int
    number: int
    name: str
    file: ChannelFile


@dataclass(frozen=True, slots=True)
class Voice:
    """A kept channel: `doubles` are the other channels that carry the same and are averaged in."""

    heading: Heading
    doubles: tuple[Heading, ...]


def choose(channels: list[Heading]) -> tuple[list[Voice], list[str]]:
    """Return the channels to keep, in the order of the file, and a sentence on each that is not.

    Identical channels (correlation above 0.95) become one; of a pair in anti-phase (below -0.95)
    one is kept, because their average is silence.
    """
    notes: list[str] = []
    loud = [channel for channel in channels if _worth(channel, notes)]
    voices: list[Voice] = []
    for channel in loud:
        _join(voices, channel, notes)
    if len(voices) > MOST_CHANNELS:
        notes.append(f"{len(voices)} different channels; the {MOST_CHANNELS} loudest are used")
        kept = sorted(voices, key=lambda voice: -voice.heading.file.loudest)[:MOST_CHANNELS]
        voices = [voice for voice in voices if voice in kept]
    return voices, notes


def _worth(channel: Heading, notes: list[str]) -> bool:
    if channel.file.loudest < _SILENT_RMS:
        notes.append(f"{channel.name} is silent")
        return False
    if _is_hum(looks(channel.file.path)):
        notes.append(f"{channel.name} carries only hum")
        return False
    return True


def _join(voices: list[Voice], channel: Heading, notes: list[str]) -> None:
    for place, voice in enumerate(voices):
        likeness = _correlation(voice.heading.file.path, channel.file.path)
        if likeness > _SAME:
            voices[place] = Voice(voice.heading, (*voice.doubles, channel))
            return
        if likeness < -_SAME:
            notes.append(f"{channel.name} is {voice.heading.name} turned over; one of the two is used")
            return
    voices.append(Voice(channel, ()))


def samples(path: Path) -> NDArray[np.int16]:
    """Map analysis audio from disk."""
    if path.stat().st_size < 2:
        return np.zeros(0, np.int16)
    return np.memmap(path, "<i2", "r")


def looks(path: Path, paths: int = _LOOKS) -> NDArray[np.float32]:
    """Return up to `paths` seconds spread evenly over a channel, shape (seconds, rate)."""
    sound = samples(path)
    seconds = sound.size // ANALYSIS_RATE
    if seconds == 0:
        return np.pad(sound.astype(np.float32), (0, ANALYSIS_RATE - sound.size))[None, :]
    starts = np.unique(np.linspace(0, seconds - 1, min(paths, seconds)).astype(int)) * ANALYSIS_RATE
    return np.stack([sound[start : start + ANALYSIS_RATE] for start in starts]).astype(np.float32)


def _is_hum(seconds: NDArray[np.float32]) -> bool:
    window = np.hanning(seconds.shape[1]).astype(np.float32)
    power = np.mean(np.abs(np.fft.rfft((seconds - seconds.mean()) * window, axis=1)) ** 2, axis=0)
    total = float(power.sum())
    for _ in range(_LINES):
        line = int(np.argmax(power))
        power[max(0, line - 4) : line + 5] = 0.0
    return float(power.sum()) < _TONAL * total


def _correlation(one: Path, other: Path) -> float:
    length = min(samples(one).size, samples(other).size)
    if length == 0:
        return 0.0
    a, b = looks(one).ravel(), looks(other).ravel()
    shared = min(a.size, b.size)
    a, b = a[:shared] - a.mean(), b[:shared] - b.mean()
    norm = float(np.sqrt(np.dot(a, a) * np.dot(b, b)))
    return float(np.dot(a, b)) / norm if norm > 0.0 else 0.0
