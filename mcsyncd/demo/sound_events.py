"""Sound events on the scene clock, and rendering of any section of them.

The scene clock is the session clock of the shoot: sample i is at `i / SCENE_RATE` seconds of
`t_reference`; i may be negative. An event's wave is a pure function of the event. So a section
rendered alone is equal to the same section of the whole, bit for bit, and ten minutes need no more
memory than one.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

SCENE_RATE = 48_000
"""Samples per second of the scene clock: as much as the best of the cameras records."""

Wave = NDArray[np.float32]
"""Audio samples, 1 = full scale; shape (samples,) or (samples, channels)."""


class SoundEvent(Hashable, Protocol):
    """A sound: `render_wave()` has `length` samples, the first of them at scene sample `start`."""

    @property
    def start(self) -> int: ...
    @property
    def length(self) -> int: ...
    def render_wave(self) -> Wave: ...


class Stem:
    """One source of audio, such as the speech: its events, in order of their start."""

    def __init__(self, events: list[SoundEvent]) -> None:
        self.events = sorted(events, key=lambda event: event.start)
        self._starts = np.array([event.start for event in self.events], dtype=np.int64)
        self._longest_event = max((event.length for event in self.events), default=0)
        # Every block and every microphone channel requests the wave of a long note, so waves are cached.
        # 48 are more than overlap at any time, and take at most 25 MB.
        self._cached_wave = lru_cache(maxsize=48)(_render_wave)

    def render(self, first: int, count: int) -> Wave:
        """Return scene samples `first` to `first + count` as float32, about -1 to 1.

        Every event is rendered as a whole and then cut, and events are always added in the same order,
        so the sums are equal to the last bit whatever the section.
        """
        out = np.zeros(count, dtype=np.float32)
        begin = int(np.searchsorted(self._starts, first - self._longest_event))
        end = int(np.searchsorted(self._starts, first + count))
        for event in self.events[begin:end]:
            offset = event.start - first
            low, high = max(0, offset), min(count, offset + event.length)
            if low < high:
                out[low:high] += self._cached_wave(event)[low - offset : high - offset]
        return out


def _render_wave(event: SoundEvent) -> Wave:
    return event.render_wave()


@dataclass(frozen=True, slots=True)
class Beep:
    """The slate's beep: a short upward chirp.

    The matched filter of a chirp has one narrow peak, so a test can locate it to microseconds amid speech
    and music. A plain tone would be ambiguous by whole periods.
    """

    start: int
    gain: float = 0.35
    length: int = SCENE_RATE * 60 // 1000

    def render_wave(self) -> Wave:
        time = np.arange(self.length) / SCENE_RATE
        sweep = 1200.0 * time + (4800.0 - 1200.0) * time**2 / (2 * self.length / SCENE_RATE)
        window = np.sin(np.pi * np.arange(self.length) / self.length) ** 0.5
        return np.asarray(self.gain * window * np.sin(2 * np.pi * sweep), dtype=np.float32)


def generate_noise(rng: np.random.Generator, length: int, low_hz: float, high_hz: float) -> Wave:
    """Return `length` samples of band-limited noise with an RMS of 1, float32.

    It is shaped in the frequency domain, with soft edges of a fifth of the frequency. A recursive
    filter would ring into the next event.
    """
    spectrum = np.fft.rfft(rng.standard_normal(length))
    hertz = np.fft.rfftfreq(length, 1 / SCENE_RATE)
    spectrum *= compute_band_gain(hertz, low_hz, high_hz)
    shaped = np.fft.irfft(spectrum, length)
    return np.asarray(shaped / (np.sqrt(np.mean(shaped**2)) + 1e-9), dtype=np.float32)


def compute_band_gain(hertz: NDArray[np.floating], low_hz: float, high_hz: float) -> NDArray[np.floating]:
    """Return the gain, 0 to 1, of a pass band with soft edges, at each frequency in `hertz`."""
    rise = np.clip((hertz / low_hz - 0.8) / 0.4, 0, 1)
    fall = np.clip((1.2 - hertz / high_hz) / 0.4, 0, 1)
    return np.asarray(np.sin(rise * np.pi / 2) ** 2 * np.sin(fall * np.pi / 2) ** 2)


def build_envelope(length: int, *points: tuple[float, float]) -> Wave:
    """Return an envelope of `length` samples, linear between points `(seconds, gain)` in order of time."""
    assert all(one[0] < two[0] for one, two in pairwise(points)), "points must be in order of time"
    seconds = np.arange(length) / SCENE_RATE
    return np.interp(seconds, [p[0] for p in points], [p[1] for p in points]).astype(np.float32)
