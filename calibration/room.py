"""Rooms: impulse responses of a shoebox, by image sources and a diffuse tail, and of open ground.

Allen and Berkley, "Image method for efficiently simulating small-room acoustics", JASA 65, 1979.
Images are counted for the first 80 ms, where single reflections compete with the direct sound; what
comes later is noise that decays with the room (Moorer 1979), at the level at which the images end.
All images of a second's reverberation would cost a hundred times as much and sound the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.signals import RATE, Wave

Point = tuple[float, float, float]

SOUND_M_S = 343.0
"""Metres a second: the speed of sound in air at 20 °C."""
LEAD_SAMPLES = RATE // 50
"""Samples of a response before time zero: a source nearer than the main one is heard before it."""
_EARLY_S = 0.08
"""Seconds for which images are counted (see the module). More costs the cube of it in time."""
_TAPS = 32
"""Samples of the sinc that places an impulse between samples; flat to 7 kHz, above the band that is
analysed."""


@dataclass(frozen=True, slots=True)
class Room:
    """A shoebox: its inner size in metres, and the time in which sound falls by 60 dB."""

    size_m: Point
    rt60_s: float

    @property
    def reflection(self) -> float:
        """The walls' reflection of pressure, after Eyring."""
        x, y, z = self.size_m
        surface = 2 * (x * y + y * z + x * z)
        return float(np.exp(-0.161 * x * y * z / (surface * self.rt60_s) / 2))


@dataclass(frozen=True, slots=True)
class OpenGround:
    """Outdoors: the ground at z = 0 is all that reflects, with this factor of pressure."""

    reflection: float


def compute_response(
    place: Room | OpenGround,
    source: Point,
    microphone: Point,
    zero_m: float,
    rng: np.random.Generator,
    *,
    direct: float = 1.0,
) -> Wave:
    """Return what `microphone` hears of an impulse at `source`.

    Time zero is sample LEAD, where sound arrives that came `zero_m` metres: given the distance of
    the main source, its direct path has no delay, whatever the room's size. The level is 1 at
    that distance. `direct` is what is left of the direct path when somebody stands in the way.
    """
    distances, gains = (
        _find_images(place, source, microphone)
        if isinstance(place, Room)
        else _find_ground_paths(place, source, microphone)
    )
    gains = np.where(distances == distances.min(), direct, 1.0) * gains * zero_m / distances
    arrivals = LEAD_SAMPLES + (distances - zero_m) / SOUND_M_S * RATE
    early = _place_impulses(arrivals, gains)
    return _add_tail(early, place.rt60_s, rng) if isinstance(place, Room) else early


def _find_images(
    room: Room, source: Point, microphone: Point
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return distance and gain of every image within the early part."""
    reach_m = _EARLY_S * SOUND_M_S + float(np.linalg.norm(np.subtract(source, microphone)))
    away, bounces = [], []
    for length, at, ear in zip(room.size_m, source, microphone, strict=True):
        order = np.arange(-int(reach_m / (2 * length)) - 1, int(reach_m / (2 * length)) + 2)
        away.append(np.concatenate([2 * order * length + at, 2 * order * length - at]) - ear)
        # An even image has met both walls of its axis |n| times, an odd one a wall less or more.
        bounces.append(np.concatenate([np.abs(2 * order), np.abs(2 * order - 1)]))
    squares = away[0][:, None, None] ** 2 + away[1][None, :, None] ** 2 + away[2][None, None, :] ** 2
    count = bounces[0][:, None, None] + bounces[1][None, :, None] + bounces[2][None, None, :]
    near = squares <= reach_m**2
    return np.maximum(np.sqrt(squares[near]), 0.1), room.reflection ** count[near]


def _find_ground_paths(
    ground: OpenGround, source: Point, microphone: Point
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    mirrored = (source[0], source[1], -source[2])
    paths = [np.linalg.norm(np.subtract(one, microphone)) for one in (source, mirrored)]
    return np.array(paths), np.array([1.0, ground.reflection])


def _place_impulses(arrivals: NDArray[np.float64], gains: NDArray[np.float64]) -> Wave:
    """Put impulses between samples, each as a windowed sinc."""
    out = np.zeros(LEAD_SAMPLES + int(_EARLY_S * RATE) + 2 * _TAPS, np.float64)
    keep = (arrivals >= _TAPS) & (arrivals < out.size - _TAPS)
    whole = np.floor(arrivals[keep]).astype(np.int64)
    part = arrivals[keep] - whole
    for tap in range(1 - _TAPS // 2, _TAPS // 2 + 1):
        window = np.cos(np.pi / 2 * np.clip((tap - part) / (_TAPS / 2), -1, 1)) ** 2
        np.add.at(out, whole + tap, gains[keep] * np.sinc(tap - part) * window)
    return out.astype(np.float32)


def _add_tail(early: Wave, rt60_s: float, rng: np.random.Generator) -> Wave:
    end = LEAD_SAMPLES + int(_EARLY_S * RATE)
    half = end - int(_EARLY_S * RATE) // 2
    count = int(rt60_s * RATE)
    decay = np.log(1000) / rt60_s
    # Noise of this level would have had, in the second half of the early part, what the images have.
    seconds = np.arange(half - end, 0) / RATE
    level = np.sqrt(np.sum(early[half:end] ** 2) / np.sum(np.exp(-2 * decay * seconds)))
    tail = level * rng.standard_normal(count) * np.exp(-decay * np.arange(count) / RATE)
    return np.concatenate([early[:end], tail.astype(np.float32)])
