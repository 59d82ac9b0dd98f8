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
_LOOKS, _FEWEST_LOOKS, _ALL_LOOKS = 48, 12, 384
"""Seconds of a channel that are looked at, and of all together: memory for 64 channels as for 8."""


_MANY = 3
"""More channels than this with the same fault are counted, not named."""

Looks = NDArray[np.float32]


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
    silent = [channel for channel in channels if channel.file.loudest < _SILENT_RMS]
    seen = _seen([channel for channel in channels if channel not in silent])
    humming = [channel for channel, seconds in seen if _is_hum(seconds)]
    notes = _told(silent, "is silent", "are silent")
    notes += _told(humming, "carries only hum", "carry only hum")
    voices: list[Voice] = []
    kept: list[Looks] = []
    for channel, seconds in seen:
        if channel not in humming:
            _join(voices, kept, channel, _unit(seconds), notes)
    if len(voices) > MOST_CHANNELS:
        notes.append(f"{len(voices)} different channels; the {MOST_CHANNELS} loudest are used")
        loudest = sorted(voices, key=lambda voice: -voice.heading.file.loudest)[:MOST_CHANNELS]
        voices = [voice for voice in voices if voice in loudest]
    return voices, notes


def samples(path: Path) -> NDArray[np.int16]:
    """Map analysis audio from disk."""
    if path.stat().st_size < 2:
        return np.zeros(0, np.int16)
    return np.memmap(path, "<i2", "r")


def _told(channels: list[Heading], one: str, many: str) -> list[str]:
    if len(channels) > _MANY:
        return [f"{len(channels)} channels {many}"]
    return [f"{channel.name} {one}" for channel in channels]


def _seen(channels: list[Heading]) -> list[tuple[Heading, Looks]]:
    """Each channel with up to 48 seconds of it, spread evenly, the same ones for all; fewer for many."""
    seconds = max((channel.file.samples for channel in channels), default=0) // ANALYSIS_RATE
    count = min(_LOOKS, max(_FEWEST_LOOKS, _ALL_LOOKS // max(1, len(channels))), max(1, seconds))
    places = np.unique(np.linspace(0, max(0, seconds - 1), count).astype(int))
    return [(channel, _looks(samples(channel.file.path), places * ANALYSIS_RATE)) for channel in channels]


def _looks(sound: NDArray[np.int16], starts: NDArray[np.int64]) -> Looks:
    """The seconds of `sound` from `starts` on, shape (seconds, rate); 0 where it has ended."""
    looks = np.zeros((starts.size, ANALYSIS_RATE), np.float32)
    for look, start in zip(looks, starts, strict=True):
        piece = sound[start : start + ANALYSIS_RATE]
        look[: piece.size] = piece
    return looks


def _unit(seconds: Looks) -> Looks:
    """The looks in a row, without offset and of length 1, so that a product is a correlation."""
    row = seconds.ravel() - seconds.mean()
    return np.asarray(row / max(float(np.linalg.norm(row)), 1e-9), np.float32)


def _join(voices: list[Voice], kept: list[Looks], channel: Heading, seconds: Looks, notes: list[str]) -> None:
    for place, voice in enumerate(voices):
        likeness = float(np.dot(kept[place], seconds))
        if likeness > _SAME:
            voices[place] = Voice(voice.heading, (*voice.doubles, channel))
            return
        if likeness < -_SAME:
            notes.append(f"{channel.name} is {voice.heading.name} turned over; one of the two is used")
            return
    voices.append(Voice(channel, ()))
    kept.append(seconds)


def _is_hum(seconds: Looks) -> bool:
    window = np.hanning(seconds.shape[1]).astype(np.float32)
    power = np.mean(np.abs(np.fft.rfft((seconds - seconds.mean()) * window, axis=1)) ** 2, axis=0)
    total = float(power.sum())
    for _ in range(_LINES):
        line = int(np.argmax(power))
        power[max(0, line - 4) : line + 5] = 0.0
    return float(power.sum()) < _TONAL * total
