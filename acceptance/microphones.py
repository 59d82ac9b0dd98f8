"""Microphones and what stands behind them: band, resonances, noise, gain control, limiter, handling."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from acceptance.dsp import RATE, Sound, add_at, convolve, from_db, hiss, scale_to, shape

_BLOCK = 240
"""Samples between two gains of an automatic gain control: 5 ms."""


@dataclass(frozen=True, slots=True)
class Microphone:
    """What a microphone and its preamplifier do to sound."""

    low_hz: float = 60.0
    high_hz: float = 15_000.0
    peaks: tuple[tuple[float, float], ...] = ()
    """Resonances: frequency in Hz and height in dB."""
    noise_db: float = -72.0
    gain_control: float = 0.0
    """How much of the level is evened out: 0 none, 1 all of it."""
    release_s: float = 0.8
    limit_db: float = -1.0
    handling: float = 0.0
    """Knocks and plosives a minute."""
    hum_db: float | None = None
    hop_ms: float = 0.0
    """The delay of a wireless link. It is no part of the truth, so an answer contains it as an error."""


SHOTGUN = Microphone(low_hz=90, high_hz=17_000, noise_db=-76)
CAMERA = Microphone(low_hz=120, high_hz=14_000, noise_db=-66, gain_control=0.4)
PHONE = Microphone(low_hz=180, high_hz=9_000, noise_db=-60, gain_control=0.7, peaks=((2800, 6), (5200, -8)))
LAVALIER = Microphone(low_hz=70, high_hz=12_000, noise_db=-68, peaks=((700, 3),), hop_ms=3.0, handling=3)
ACTION = Microphone(low_hz=250, high_hz=6_500, noise_db=-52, gain_control=0.8, peaks=((1200, 7), (3600, 5)))
RECORDER = Microphone(low_hz=30, high_hz=19_000, noise_db=-80)
KINDS = (SHOTGUN, CAMERA, PHONE, LAVALIER, ACTION, RECORDER)


def choose_microphone(rng: np.random.Generator) -> Microphone:
    """Return a microphone of some kind, no two quite alike."""
    return vary(rng, KINDS[rng.integers(len(KINDS))])


def vary(rng: np.random.Generator, kind: Microphone) -> Microphone:
    """Return one of a kind, with a resonance of its own."""
    own = (float(rng.uniform(300, 7000)), float(rng.uniform(-5, 5)))
    return replace(
        kind,
        low_hz=kind.low_hz * rng.uniform(0.7, 1.4),
        high_hz=kind.high_hz * rng.uniform(0.8, 1.15),
        peaks=(*kind.peaks, own),
        noise_db=kind.noise_db + rng.uniform(-4, 4),
    )


def capture(rng: np.random.Generator, sound: Sound, mic: Microphone) -> Sound:
    """Return what the microphone makes of sound at its place; 1.0 is full scale."""
    heard = convolve(sound, _curve(mic))
    if mic.handling:
        _knock(rng, heard, mic.handling)
    heard += hiss(rng, heard.size / RATE, -2.0)[: heard.size] * np.float32(from_db(mic.noise_db + 20))
    if mic.hum_db is not None:
        heard += _hum(heard.size, mic.hum_db, float(rng.choice((50.0, 60.0))))
    if mic.gain_control:
        heard = _even_out(heard, mic.gain_control, mic.release_s)
    delay = int(mic.hop_ms / 1000 * RATE)
    if delay:
        heard = np.concatenate((np.zeros(delay, np.float32), heard[:-delay]))
    ceiling = np.float32(from_db(mic.limit_db))
    limited: Sound = np.tanh(heard / ceiling) * ceiling
    return limited


def _curve(mic: Microphone) -> Sound:
    grid = np.geomspace(10, 24_000, 200)
    gains = -24 * np.log2(np.maximum(mic.low_hz / grid, 1)) - 36 * np.log2(np.maximum(grid / mic.high_hz, 1))
    for centre, height in mic.peaks:
        gains += height * np.exp(-((np.log2(grid / centre) / 0.35) ** 2))
    return shape(grid, np.maximum(gains, -90))


def _knock(rng: np.random.Generator, heard: Sound, a_minute: float) -> None:
    """Add bumps of the hand and plosives to `heard`."""
    for _ in range(rng.poisson(a_minute * heard.size / RATE / 60)):
        time = np.arange(int(0.15 * RATE)) / RATE
        bump = np.sin(2 * np.pi * rng.uniform(40, 160) * time) * np.exp(-time * 30) * rng.uniform(0.05, 0.5)
        add_at(heard, bump.astype(np.float32), int(rng.integers(heard.size)))


def _hum(count: int, level_db: float, mains_hz: float) -> Sound:
    time = np.arange(count) / RATE
    waves = sum(np.sin(2 * np.pi * mains_hz * k * time + k) / k for k in (1, 2, 3, 5, 7))
    return scale_to(np.asarray(waves, np.float32), level_db)


def _even_out(sound: Sound, amount: float, release_s: float) -> Sound:
    """Return the sound with a gain that falls at once and rises slowly, towards -20 dB."""
    blocks = sound[: sound.size // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    levels = np.sqrt(np.square(blocks, dtype=np.float64).mean(1)) + 1e-5
    held, follow = np.empty(levels.size), float(levels[:200].mean())
    keep = float(np.exp(-_BLOCK / RATE / release_s))
    for number, level in enumerate(levels):
        follow = float(level) if level > follow else keep * follow + (1 - keep) * float(level)
        held[number] = follow
    gains = np.minimum((from_db(-20) / held) ** amount, 100.0)
    at = np.arange(sound.size) / _BLOCK
    return (sound * np.interp(at, np.arange(gains.size) + 1.0, gains)).astype(np.float32)
