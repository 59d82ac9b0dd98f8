"""What a camera's microphone and its electronics make of the sound at its place.

Filters have no delay, so no trouble here moves the truth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from calibration.material import Shelf
from calibration.signals import (
    RATE,
    Wave,
    amplitude_from_db,
    band_pass,
    measure_loudness,
    set_loudness,
    shape_spectrum,
)

Trouble = Callable[[Wave, np.random.Generator, Shelf], Wave]
"""Takes the signal at a microphone and returns it degraded, of the same length."""

_BLOCK = RATE // 100
"""Samples, 10 ms: the resolution of automatic gain and of gates. Judgement: as quick as such circuits
react."""


@dataclass(frozen=True, slots=True)
class Noise:
    """The noise of this microphone alone: `kind` is one of NOISES, `snr_db` relative to the signal."""

    kind: str
    snr_db: float

    def __call__(self, wave: Wave, rng: np.random.Generator, shelf: Shelf) -> Wave:
        own = NOISES[self.kind](wave.size, rng, shelf)
        level = max(measure_loudness(wave), 1e-4) / amplitude_from_db(self.snr_db)
        return wave + set_loudness(own, level)


@dataclass(frozen=True, slots=True)
class Echo:
    """One echo, from a wall or a delayed loudspeaker: `late_s` later and `gain` times as loud."""

    late_s: float
    gain: float

    def __call__(self, wave: Wave, _rng: np.random.Generator, _shelf: Shelf) -> Wave:
        late = round(self.late_s * RATE)
        return wave + np.float32(self.gain) * np.pad(wave, (late, 0))[: wave.size]


def _add_ambience(count: int, _rng: np.random.Generator, shelf: Shelf) -> Wave:
    return _fit_length(shelf.cut_noise(count / RATE), count)


def _fit_length(wave: Wave, count: int) -> Wave:
    # Seconds are rounded to samples on the way, either way.
    return np.pad(wave[:count], (0, max(0, count - wave.size)))


def _generate_hiss(count: int, rng: np.random.Generator, _shelf: Shelf) -> Wave:
    return rng.standard_normal(count, dtype=np.float32)


def generate_hum(count: int, rng: np.random.Generator) -> Wave:
    """Return mains hum: 50 or 60 Hz nearly, and a dozen harmonics that waver."""
    mains_hz = rng.choice([50.0, 60.0]) * (1 + rng.normal(0, 2e-4))
    turns = np.arange(count) * (mains_hz / RATE)
    out = np.zeros(count, np.float32)
    for number in range(1, int(rng.integers(2, 13))):
        level = rng.uniform(0.1, 1) / number
        out += np.float32(level) * np.sin(2 * np.pi * (turns * number % 1 + rng.random())).astype(np.float32)
    return out


def _generate_mains_hum(count: int, rng: np.random.Generator, _shelf: Shelf) -> Wave:
    return generate_hum(count, rng)


def generate_wind(count: int, rng: np.random.Generator, _shelf: Shelf) -> Wave:
    """Return wind in a microphone: rumble below 100 to 500 Hz that comes in gusts and flutters."""
    corner = rng.uniform(100, 500)
    rumble = shape_spectrum(
        rng.standard_normal(count, dtype=np.float32), [10, corner, 4 * corner, 8000], [0, 0, -40, -70]
    )
    return rumble * _generate_gusts(count, rng, 1.5, 1.0) * _generate_gusts(count, rng, 0.08, 0.5)


def _generate_gusts(count: int, rng: np.random.Generator, every_s: float, spread: float) -> Wave:
    knots = np.arange(0, count + 2 * RATE, max(1, int(every_s * RATE)))
    return np.interp(np.arange(count), knots, np.exp(rng.normal(0, spread, knots.size))).astype(np.float32)


def _generate_bumps(count: int, rng: np.random.Generator, _shelf: Shelf) -> Wave:
    """Return handling: thuds and rustles, a few a minute."""
    out = np.zeros(count, np.float32)
    for _ in range(max(1, rng.poisson(count / RATE / rng.uniform(2, 12)))):
        size = int(rng.uniform(0.02, 0.4) * RATE)
        at = int(rng.integers(0, max(1, count - size)))
        burst = rng.standard_normal(size, dtype=np.float32) * np.exp(
            -np.arange(size, dtype=np.float32) * np.float32(5 / size)
        )
        low = rng.uniform(30, 800)
        out[at : at + size] += band_pass(burst, low, low * rng.uniform(2, 8))[: count - at]
    return out


def _add_talk(count: int, _rng: np.random.Generator, shelf: Shelf) -> Wave:
    """Return somebody who speaks beside this camera only."""
    return _fit_length(shelf.cut_speech(count / RATE), count)


NOISES: dict[str, Callable[[int, np.random.Generator, Shelf], Wave]] = {
    "ambience": _add_ambience,
    "hiss": _generate_hiss,
    "mains": _generate_mains_hum,
    "wind": generate_wind,
    "bumps": _generate_bumps,
    "talk": _add_talk,
}


def tilt_spectrum(wave: Wave, rng: np.random.Generator, _shelf: Shelf) -> Wave:
    """Tone as microphones differ: a smooth curve of a few dB."""
    hertz = [60.0, 200.0, 600.0, 1500.0, 3000.0, 7000.0]
    return shape_spectrum(wave, hertz, list(rng.normal(0, 3, 6) + np.linspace(-1, 1, 6) * rng.normal(0, 4)))


def apply_telephone_band(wave: Wave, rng: np.random.Generator, _shelf: Shelf) -> Wave:
    """300 to 3400 Hz, give or take."""
    return band_pass(wave, rng.uniform(250, 450), rng.uniform(2600, 3600))


def muffle(wave: Wave, rng: np.random.Generator, _shelf: Shelf) -> Wave:
    """In a pocket or behind a door: nothing above 600 to 1500 Hz."""
    return band_pass(wave, 40, rng.uniform(600, 1500))


def apply_low_cut(wave: Wave, rng: np.random.Generator, _shelf: Shelf) -> Wave:
    """A small microphone with its low-cut on."""
    return band_pass(wave, rng.uniform(500, 1200), 7500)


def invert_polarity(wave: Wave, _rng: np.random.Generator, _shelf: Shelf) -> Wave:
    """Wires swapped."""
    return -wave


def apply_automatic_gain(wave: Wave, rng: np.random.Generator, _shelf: Shelf) -> Wave:
    """Automatic gain: falls within its attack, rises within its release, as far as it may."""
    attack, release = 1 - np.exp(-0.01 / np.array([rng.uniform(0.005, 0.05), rng.uniform(0.2, 3.0)]))
    blocks = wave[: wave.size // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    if blocks.size == 0:
        return wave
    levels = np.sqrt(np.mean(np.square(blocks), axis=1)).tolist()
    held, followed = max(levels[0], 1e-4), []
    for level in levels:
        held += (attack if level > held else release) * (level - held)
        followed.append(held)
    target, most = rng.uniform(0.08, 0.3), amplitude_from_db(rng.uniform(12, 36))
    gain = np.minimum(target / np.maximum(followed, 1e-6), most)
    middles = (np.arange(gain.size) + 0.5) * _BLOCK
    return wave * np.interp(np.arange(wave.size), middles, gain).astype(np.float32)


def clip_peaks(wave: Wave, rng: np.random.Generator, _shelf: Shelf) -> Wave:
    """Overdriven: flat tops at one to three times the RMS, hard or soft."""
    top = np.float32(measure_loudness(wave) * rng.uniform(1.0, 3.0) + 1e-6)
    return top * np.tanh(wave / top) if rng.random() < 0.4 else np.clip(wave, -top, top)


def drop_out(wave: Wave, rng: np.random.Generator, _shelf: Shelf) -> Wave:
    """Holes of digital silence, as a wireless link leaves them: time goes on."""
    out = wave.copy()
    for _ in range(int(rng.integers(1, 8))):
        size = int(min(rng.uniform(0.05, 6), wave.size / RATE / 8) * RATE)
        at = int(rng.integers(0, max(1, wave.size - size)))
        out[at : at + size] = 0
    return out


def gate_noise(wave: Wave, rng: np.random.Generator, _shelf: Shelf) -> Wave:
    """A noise gate, or a telephone's suppression: pauses are digital silence."""
    blocks = wave[: wave.size // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    power = np.mean(np.square(blocks), axis=1) if blocks.size else np.zeros(1)
    shut = power < np.quantile(power, rng.uniform(0.1, 0.5))
    out = wave.copy()
    out[: blocks.size].reshape(-1, _BLOCK)[shut[: len(blocks)]] = 0
    return out


def draw_troubles(rng: np.random.Generator, max_count: int = 3) -> tuple[Trouble, ...]:
    """Draw none to `most` troubles for one camera, in the order in which sound meets them."""
    count = int(rng.integers(0, max_count + 1))
    noise_db = float(rng.uniform(-8, 30))
    # Against one's own talk speech is lost sooner than against a hiss: -8 dB would be no session.
    kinds = list(NOISES)
    kind = kinds[int(rng.choice(len(kinds), p=[0.35, 0.15, 0.1, 0.2, 0.1, 0.1]))]
    acoustic: list[Trouble] = [Noise(kind, max(noise_db, 0.0) if kind == "talk" else noise_db)]
    tones: list[Trouble] = [tilt_spectrum, apply_telephone_band, muffle, apply_low_cut, invert_polarity]
    electric: list[Trouble] = [apply_automatic_gain, clip_peaks, drop_out, gate_noise]
    ordered = [*acoustic, *acoustic, *tones, *electric]
    picked = sorted(rng.choice(len(ordered), size=count, replace=False))
    chosen = [ordered[at] for at in picked]
    return tuple(dict.fromkeys(chosen))
