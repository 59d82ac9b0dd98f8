"""What sounds at an event: people, music, crowds, and what repeats itself.

Every function takes the draw of the case and a length in seconds and returns one source's wave.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from calibration.material import Shelf, generate_coloured_noise
from calibration.microphone import generate_hum
from calibration.signals import (
    RATE,
    Wave,
    band_pass,
    convolve,
    fit_length,
    measure_loudness,
    set_loudness,
    shape_spectrum,
)


@dataclass(frozen=True, slots=True)
class Draw:
    """Chance and material of one case."""

    rng: np.random.Generator
    shelf: Shelf

    def draw_uniform(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def happens(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def choose_name(self, *names: str) -> str:
        return names[int(self.rng.integers(len(names)))]


def generate_babble(draw: Draw, seconds: float) -> Wave:
    """A room full of talk: four to nine voices at once."""
    voices = [
        draw.shelf.cut_speech(seconds)[: int(seconds * RATE)] for _ in range(int(draw.rng.integers(4, 10)))
    ]
    count = min(voice.size for voice in voices)
    shifts = draw.rng.integers(0, count, len(voices))
    mixed = [np.roll(voice[:count], shift) for voice, shift in zip(voices, shifts, strict=True)]
    return set_loudness(np.sum(mixed, axis=0, dtype=np.float32), 0.08)


def generate_applause(draw: Draw, seconds: float) -> Wave:
    """Clapping in waves: every clap a burst of some milliseconds, no two alike, and a roar below."""
    count = int(seconds * RATE)
    claps = np.zeros(count, np.float32)
    rate = np.repeat(draw.rng.gamma(0.5, 40, count // RATE // 3 + 1), 3 * RATE)[:count] / RATE
    places = np.flatnonzero(draw.rng.random(rate.size) < rate)
    claps[places] = draw.rng.gamma(2, 0.5, places.size) * draw.rng.choice([-1, 1], places.size)
    size = RATE // 50
    burst = draw.rng.standard_normal(size) * np.exp(-np.arange(size) / RATE * 350)
    roar = generate_coloured_noise(draw.rng, count) * fit_length(
        np.sqrt(rate * (RATE / 40)).astype(np.float32), count
    )
    sound = convolve(claps, burst.astype(np.float32))[:count]
    return set_loudness(
        set_loudness(band_pass(sound, 500, 5000), 0.06) + set_loudness(roar, draw.draw_uniform(0.005, 0.06)),
        0.08,
    )


def generate_bar(draw: Draw, seconds: float) -> Wave:
    """One bar of electronic music, to be repeated: drums and a bass on a grid, or a cut of a record."""
    if draw.happens(0.4):
        return draw.shelf.cut_music(seconds)[: int(seconds * RATE)]
    count = int(seconds * RATE)
    out, steps = np.zeros(count, np.float32), 16
    for step in range(steps):
        at = step * count // steps
        for length_s, low_hz, high_hz, probability in (
            (0.15, 40, 120, 0.35),
            (0.1, 800, 5000, 0.2),
            (0.03, 4000, 7900, 0.5),
        ):
            if draw.happens(probability):
                _add_strike(draw, out[at:], length_s, low_hz, high_hz)
        if draw.happens(0.5):
            _add_tone(out[at : at + count // steps], 55.0 * 2 ** (int(draw.rng.integers(0, 36)) / 12))
    return set_loudness(out, 0.1)


def _add_strike(draw: Draw, out: Wave, length_s: float, low_hz: float, high_hz: float) -> None:
    size = min(int(length_s * RATE), out.size)
    fall = np.exp(-np.arange(size, dtype=np.float32) * np.float32(5 / size))
    out[:size] += (
        0.5
        * set_loudness(band_pass(draw.rng.standard_normal(size, dtype=np.float32), low_hz, high_hz), 0.3)
        * fall
    )


def _add_tone(out: Wave, hertz: float) -> None:
    turns = np.arange(out.size) * (hertz / RATE)
    saw = (turns % 1 - 0.5).astype(np.float32)
    out += np.float32(0.2) * saw * np.linspace(1, 0, out.size, dtype=np.float32)


def generate_loop(draw: Draw, seconds: float) -> Wave:
    """Exactly one bar, over and over: no recording of it alone has one right place."""
    one = generate_bar(draw, draw.draw_uniform(0.8, 6.0))
    return np.tile(one, int(seconds * RATE) // one.size + 1)[: int(seconds * RATE)]


def generate_electronic(draw: Draw, seconds: float) -> Wave:
    """Layers of one grid that come and go, with filters that sweep: music made of exact repeats."""
    count, length = int(seconds * RATE), draw.draw_uniform(1.2, 4.0)
    out = np.zeros(count, np.float32)
    for _ in range(int(draw.rng.integers(3, 6))):
        one = generate_bar(draw, length)
        layer = np.tile(one, count // one.size + 1)[:count]
        bars = draw.rng.random(count // (2 * one.size) + 2) < 0.65
        out += layer * np.repeat(bars, 2 * one.size)[:count].astype(np.float32)
    knots = draw.rng.random(count // (4 * RATE) + 2)
    sweep = np.interp(np.arange(count) / (4 * RATE), np.arange(knots.size), knots).astype(np.float32)
    return set_loudness(
        out * sweep + shape_spectrum(out, [50, 500, 2000, 8000], [0, 0, -12, -24]) * (1 - sweep), 0.1
    )


def generate_machine(draw: Draw, seconds: float, *, jitter: float = 0.0) -> Wave:
    """A machine or a metronome: one stroke at even times, or with `jitter` of the period's length."""
    count, period = int(seconds * RATE), draw.draw_uniform(0.1, 1.5)
    stroke = draw.rng.standard_normal(int(RATE * draw.draw_uniform(0.01, 0.09)), dtype=np.float32)
    stroke *= np.exp(-np.arange(stroke.size, dtype=np.float32) * np.float32(6 / stroke.size))
    low_hz = draw.draw_uniform(100, 1500)
    stroke = band_pass(stroke, low_hz, low_hz * draw.draw_uniform(1.5, 4))
    times = np.arange(0, seconds, period)
    # Whole samples without jitter, so that every stroke is the same to the last bit.
    times = (
        np.floor(times / period) * round(period * RATE) / RATE
        + draw.rng.normal(0, 1, times.size) * jitter * period
    )
    clicks = np.zeros(count, np.float32)
    places = np.rint(times * RATE).astype(np.int64)
    clicks[places[(places >= 0) & (places < count)]] = 1
    return set_loudness(convolve(clicks, stroke)[:count], 0.05)


def generate_click_train(draw: Draw, seconds: float) -> Wave:
    """Digital clicks, single samples at even times: interference, or a click track."""
    count = int(seconds * RATE)
    out = np.zeros(count, np.float32)
    out[:: int(draw.draw_uniform(0.02, 1.0) * RATE)] = draw.draw_uniform(0.1, 0.9)
    return out


def generate_drone(draw: Draw, seconds: float) -> Wave:
    """Ventilation or a motor far off: steady tones and steady noise."""
    count = int(seconds * RATE)
    tones = generate_hum(count, draw.rng)
    for _ in range(int(draw.rng.integers(1, 6))):
        turns = np.arange(count) * (draw.draw_uniform(40, 900) / RATE) % 1
        tones += np.float32(draw.draw_uniform(0.1, 1)) * np.sin(2 * np.pi * turns).astype(np.float32)
    steady = shape_spectrum(
        draw.rng.standard_normal(count, dtype=np.float32), [50, 300, 3000, 8000], [0, -5, -20, -35]
    )
    return set_loudness(
        set_loudness(tones, 0.02) + set_loudness(steady, 0.02 * draw.draw_uniform(0.1, 3)), 0.03
    )


def make_distant(draw: Draw, wave: Wave) -> Wave:
    """Return `wave` as a loudspeaker system far away gives it: a horn's band, and echoes of houses."""
    out = band_pass(wave, draw.draw_uniform(200, 500), draw.draw_uniform(2500, 5000))
    echoes = np.zeros(int(0.8 * RATE), np.float32)
    # What comes first is strongest, or the truth would be the echo's.
    echoes[0] = 1
    for _ in range(int(draw.rng.integers(1, 6))):
        at = draw.draw_uniform(0.05, 0.79)
        echoes[int(at * RATE)] += draw.draw_uniform(-0.8, 0.8) * (1 - at)
    return set_loudness(convolve(out, echoes)[: wave.size], measure_loudness(wave))


def _draw_level(draw: Draw, low_db: float, high_db: float) -> np.float32:
    return np.float32(10 ** (draw.draw_uniform(low_db, high_db) / 20))


_GENERATORS: dict[str, Callable[[Draw, float], list[Wave]]] = {
    "speech": lambda draw, s: [draw.shelf.cut_speech(s)],
    "talk": lambda draw, s: [draw.shelf.cut_speech(s), draw.shelf.cut_speech(s) * _draw_level(draw, -10, 0)],
    "music": lambda draw, s: [draw.shelf.cut_music(s)],
    "mix": lambda draw, s: [draw.shelf.cut_speech(s), draw.shelf.cut_music(s) * _draw_level(draw, -20, 10)],
    "babble": lambda draw, s: [generate_babble(draw, s)],
    "crowd": lambda draw, s: [
        draw.shelf.cut_music(s),
        generate_applause(draw, s) * _draw_level(draw, -14, 14),
    ],
    "applause": lambda draw, s: [generate_applause(draw, s)],
    "ambience": lambda draw, s: [draw.shelf.cut_noise(s)],
    "pa": lambda draw, s: [
        make_distant(draw, draw.shelf.cut_speech(s)),
        draw.shelf.cut_noise(s) * _draw_level(draw, -14, 6),
    ],
    "pa_music": lambda draw, s: [
        make_distant(draw, draw.shelf.cut_music(s)),
        generate_babble(draw, s) * _draw_level(draw, -20, -3),
    ],
    "electronic": lambda draw, s: [generate_electronic(draw, s)],
}

CONTENTS = tuple(_GENERATORS)
"""The kinds of sound an event can have."""


def generate_content(draw: Draw, kind: str, seconds: float) -> list[Wave]:
    """Return the sources of an event of a kind in CONTENTS, the main one first."""
    return _GENERATORS[kind](draw, seconds)
