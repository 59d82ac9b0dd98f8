"""Speech-like sound: two voices in conversation, made of syllables.

A parallel formant synthesiser (after D. Klatt, "Software for a cascade/parallel formant
synthesizer", JASA 67, 1980): every glottal pulse excites four damped sines, the formants, which
move from one vowel to the next within a syllable; consonants are shaped noise. Each pulse is
placed between samples exactly, so pitch glides without steps. A recursive filter with moving
coefficients would need a loop over samples; the damped sines are the same thing in closed form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mcsyncd.demo.sound_events import SCENE_RATE, Wave, build_envelope, generate_noise

# First three formants in hertz: Peterson and Barney, JASA 24, 1952, averages of men.
_VOWELS = (
    (270, 2290, 3010),
    (390, 1990, 2550),
    (530, 1840, 2480),
    (660, 1720, 2410),
    (730, 1090, 2440),
    (570, 840, 2410),
    (440, 1020, 2240),
    (300, 870, 2240),
    (640, 1190, 2390),
    (490, 1350, 1690),
)
# Band in hertz, length in seconds, level against the vowel: s, sh, f, t, k, p, and none.
_CONSONANTS = (
    (4300, 9500, 0.10, 0.16),
    (1900, 6500, 0.09, 0.16),
    (1100, 9000, 0.07, 0.06),
    (2800, 8000, 0.022, 0.30),
    (1300, 3600, 0.028, 0.30),
    (300, 1500, 0.020, 0.30),
    None,
)
_FOURTH_FORMANT_HZ = 3400.0
_FORMANT_BANDWIDTHS_HZ = np.array([70.0, 100.0, 150.0, 220.0])
_FORMANT_LEVELS = np.array([1.0, 0.55, 0.28, 0.14])
_PULSE_SAMPLES = SCENE_RATE * 14 // 1000
"""A pulse has died away after 14 ms: the first formant is then at 5 %, and faded out by hand."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """A voice: its middle pitch, and how its vocal tract scales the formants (1 = male average)."""

    pitch_hz: float
    tract: float


SPEAKERS = (Speaker(112.0, 1.0), Speaker(196.0, 1.16))


@dataclass(frozen=True, slots=True)
class Syllable:
    """One syllable: a consonant (or none), and a vowel that glides towards the next."""

    start: int
    length: int
    speaker: int
    pitch_hz: tuple[float, float]
    vowels: tuple[int, int]
    consonant: int
    gain: float
    seed: tuple[int, ...]

    def render_wave(self) -> Wave:
        rng = np.random.default_rng(self.seed)
        out = np.zeros(self.length, dtype=np.float32)
        onset = self._add_consonant(rng, out)
        self._add_vowel(rng, out, onset)
        return out * np.float32(self.gain)

    def _add_consonant(self, rng: np.random.Generator, out: Wave) -> int:
        """Add the consonant; return the sample at which the vowel begins."""
        kind = _CONSONANTS[self.consonant]
        if kind is None:
            return 0
        low, high, seconds, level = kind
        count = min(int(seconds * SCENE_RATE * rng.uniform(0.8, 1.2)), self.length // 2)
        length_s = count / SCENE_RATE
        shape = build_envelope(count, (0.0, 0.0), (0.3 * length_s, 1.0), (length_s, 0.0))
        out[:count] += generate_noise(rng, count, low, high) * shape * np.float32(level)
        return int(0.7 * count)

    def _add_vowel(self, rng: np.random.Generator, out: Wave, onset: int) -> None:
        """Add the pulses and their formants."""
        pulses = self._draw_pulses(rng, onset)
        if not len(pulses):
            return
        along = (pulses - onset) / (self.length - onset)
        first = np.ceil(pulses).astype(np.int64)
        seconds = (np.arange(_PULSE_SAMPLES) + (first - pulses)[:, None]) / SCENE_RATE
        rung = self._render_formants(seconds.astype(np.float32), along)
        rung *= (_compute_loudness(along) * rng.normal(1.0, 0.06, len(pulses)))[:, None].astype(np.float32)
        for at, ring in zip(first, rung, strict=True):
            out[at : at + _PULSE_SAMPLES] += ring[: max(0, self.length - at)]

    def _draw_pulses(self, rng: np.random.Generator, onset: int) -> np.ndarray:
        """Return the instants of the glottal pulses, in samples of the syllable, between samples too."""
        voiced = (self.length - onset) / SCENE_RATE
        count = int(voiced * sum(self.pitch_hz) / 2)
        hertz = np.linspace(*self.pitch_hz, count) * rng.normal(1.0, 0.008, count)
        instants = onset + np.cumsum(SCENE_RATE / hertz)
        return instants[instants < self.length - 1]

    def _render_formants(self, seconds: Wave, along: np.ndarray) -> Wave:
        """Return what each pulse sounds like: `seconds` since the pulse, shape (pulses, samples)."""
        tract = SPEAKERS[self.speaker].tract
        ends = [np.array([*_VOWELS[vowel], _FOURTH_FORMANT_HZ]) * tract for vowel in self.vowels]
        glide = np.clip(along * 1.6 - 0.5, 0, 1)[:, None]
        formants = ((1 - glide) * ends[0] + glide * ends[1]).astype(np.float32)
        out = np.zeros_like(seconds)
        for hertz, bandwidth, level in zip(formants.T, _FORMANT_BANDWIDTHS_HZ, _FORMANT_LEVELS, strict=True):
            decay = np.exp(np.float32(-np.pi * bandwidth) * seconds)
            out += np.float32(level) * decay * np.sin(np.float32(2 * np.pi) * hertz[:, None] * seconds)
        return out * np.linspace(1, 0, _PULSE_SAMPLES, dtype=np.float32)


def _compute_loudness(along: np.ndarray) -> np.ndarray:
    """Return the loudness along a vowel: quick rise, slow fall."""
    return np.asarray(np.interp(along, [0.0, 0.15, 0.6, 1.0], [0.1, 1.0, 0.8, 0.05]))


def compose_conversation(seed: int, begin_s: float, end_s: float) -> Iterator[Syllable]:
    """Yield the syllables of two people talking in turns, from `begin_s` to `end_s`.

    Phrases of 3 to 11 syllables with falling pitch and an accent, pauses between; nothing in it
    repeats, because everything is drawn anew.
    """
    rng = np.random.default_rng((seed, 1))
    now, who = begin_s, 0
    while now < end_s:
        for syllable in _compose_phrase(rng, seed, now, who):
            now = (syllable.start + syllable.length) / SCENE_RATE
            yield syllable
        if rng.random() < 0.45:
            who = 1 - who
            now += rng.uniform(0.25, 1.3)
        now += rng.uniform(0.1, 0.5)


def _compose_phrase(rng: np.random.Generator, seed: int, now: float, who: int) -> Iterator[Syllable]:
    count = int(rng.integers(3, 12))
    accent = int(rng.integers(0, count))
    vowel = int(rng.integers(len(_VOWELS)))
    for place in range(count):
        stress = 1.0 if place == accent else 0.0
        pitch = SPEAKERS[who].pitch_hz * (1.15 - 0.3 * place / count) * rng.normal(1.0, 0.05)
        length_s = rng.uniform(0.11, 0.24) + 0.08 * stress
        after = int(rng.integers(len(_VOWELS)))
        start = round(now * SCENE_RATE)
        yield Syllable(
            start=start,
            length=int(length_s * SCENE_RATE),
            speaker=who,
            pitch_hz=(pitch * (1 + 0.25 * stress), pitch * rng.uniform(0.85, 1.05)),
            vowels=(vowel, after),
            consonant=int(rng.integers(len(_CONSONANTS))),
            gain=0.16 * (1 + 0.5 * stress) * rng.uniform(0.7, 1.1),
            seed=(seed, 2, start & 0xFFFFFFFF),
        )
        now += length_s * rng.uniform(0.9, 1.05)
        vowel = after
