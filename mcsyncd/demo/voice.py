"""Generate speech-like audio: two voices in conversation, made of syllables.

A parallel formant synthesiser (after D. Klatt, "Software for a cascade/parallel formant
synthesizer", JASA 67, 1980): every glottal pulse excites four damped sines, the formants, which
move from one vowel to the next within a syllable. Consonants are shaped noise. Pulses are placed
exactly, between samples, so pitch glides without steps. A recursive filter with moving
coefficients would need a loop over samples; the damped sines are its closed form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mcsyncd.demo.sound_events import SCENE_RATE, Wave, build_envelope, generate_noise

# First three formants in hertz: averages of men, from Peterson and Barney, JASA 24, 1952.
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
# Band in hertz, length in seconds, level relative to the vowel: s, sh, f, t, k, p, and none.
# Judgement, by ear, as are the pitches, lengths and levels below.
_CONSONANTS = (
    (4300, 9500, 0.10, 0.16),
    (1900, 6500, 0.09, 0.16),
    (1100, 9000, 0.07, 0.06),
    (2800, 8000, 0.022, 0.30),
    (1300, 3600, 0.028, 0.30),
    (300, 1500, 0.020, 0.30),
    None,
)
# The fourth formant barely varies between vowels. Bandwidths are of the order that Klatt gives.
_FOURTH_FORMANT_HZ = 3400.0
_FORMANT_BANDWIDTHS_HZ = np.array([70.0, 100.0, 150.0, 220.0])
_FORMANT_LEVELS = np.array([1.0, 0.55, 0.28, 0.14])
_PULSE_SAMPLES = SCENE_RATE * 14 // 1000
"""Length of a rendered pulse: 14 ms, when the first formant has decayed to 5%. A fade removes the rest."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """A voice: its mean pitch, and the factor of its vocal tract on the formants (1 = average of men)."""

    pitch_hz: float
    tract: float


SPEAKERS = (Speaker(112.0, 1.0), Speaker(196.0, 1.16))


@dataclass(frozen=True, slots=True)
class Syllable:
    """One syllable: an optional consonant, and a vowel that glides into the next."""

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
        consonant = _CONSONANTS[self.consonant]
        if consonant is None:
            return 0
        low, high, seconds, level = consonant
        count = min(int(seconds * SCENE_RATE * rng.uniform(0.8, 1.2)), self.length // 2)
        length_s = count / SCENE_RATE
        envelope = build_envelope(count, (0.0, 0.0), (0.3 * length_s, 1.0), (length_s, 0.0))
        out[:count] += generate_noise(rng, count, low, high) * envelope * np.float32(level)
        return int(0.7 * count)

    def _add_vowel(self, rng: np.random.Generator, out: Wave, onset: int) -> None:
        """Add the glottal pulses, each with its formants."""
        pulses = self._draw_pulses(rng, onset)
        if not len(pulses):
            return
        phase = (pulses - onset) / (self.length - onset)
        first = np.ceil(pulses).astype(np.int64)
        seconds = (np.arange(_PULSE_SAMPLES) + (first - pulses)[:, None]) / SCENE_RATE
        waves = self._render_formants(seconds.astype(np.float32), phase)
        waves *= (_compute_loudness(phase) * rng.normal(1.0, 0.06, len(pulses)))[:, None].astype(np.float32)
        for start, wave in zip(first, waves, strict=True):
            out[start : start + _PULSE_SAMPLES] += wave[: max(0, self.length - start)]

    def _draw_pulses(self, rng: np.random.Generator, onset: int) -> np.ndarray:
        """Return the instants of the glottal pulses, in fractional samples of the syllable."""
        duration_s = (self.length - onset) / SCENE_RATE
        count = int(duration_s * sum(self.pitch_hz) / 2)
        hertz = np.linspace(*self.pitch_hz, count) * rng.normal(1.0, 0.008, count)
        instants = onset + np.cumsum(SCENE_RATE / hertz)
        return instants[instants < self.length - 1]

    def _render_formants(self, seconds: Wave, phase: np.ndarray) -> Wave:
        """Return the wave of each pulse, shape (pulses, samples), as that of `seconds` since the pulse.

        `phase` is the position of each pulse in the vowel, from 0 to 1.
        """
        tract = SPEAKERS[self.speaker].tract
        ends = [np.array([*_VOWELS[vowel], _FOURTH_FORMANT_HZ]) * tract for vowel in self.vowels]
        glide = np.clip(phase * 1.6 - 0.5, 0, 1)[:, None]
        formants = ((1 - glide) * ends[0] + glide * ends[1]).astype(np.float32)
        out = np.zeros_like(seconds)
        for hertz, bandwidth, level in zip(formants.T, _FORMANT_BANDWIDTHS_HZ, _FORMANT_LEVELS, strict=True):
            decay = np.exp(np.float32(-np.pi * bandwidth) * seconds)
            out += np.float32(level) * decay * np.sin(np.float32(2 * np.pi) * hertz[:, None] * seconds)
        return out * np.linspace(1, 0, _PULSE_SAMPLES, dtype=np.float32)


def _compute_loudness(phase: np.ndarray) -> np.ndarray:
    """Return the loudness at positions of a vowel, from 0 to 1: fast rise, slow fall."""
    return np.asarray(np.interp(phase, [0.0, 0.15, 0.6, 1.0], [0.1, 1.0, 0.8, 0.05]))


def compose_conversation(seed: int, begin_s: float, end_s: float) -> Iterator[Syllable]:
    """Yield the syllables of two people who talk in turns, from `begin_s` to `end_s`.

    Phrases have 3 to 11 syllables, falling pitch and an accent, with pauses between them. Everything is
    drawn at random, so nothing repeats.
    """
    rng = np.random.default_rng((seed, 1))
    now, speaker = begin_s, 0
    while now < end_s:
        for syllable in _compose_phrase(rng, seed, now, speaker):
            now = (syllable.start + syllable.length) / SCENE_RATE
            yield syllable
        if rng.random() < 0.45:
            speaker = 1 - speaker
            now += rng.uniform(0.25, 1.3)
        now += rng.uniform(0.1, 0.5)


def _compose_phrase(rng: np.random.Generator, seed: int, now: float, speaker: int) -> Iterator[Syllable]:
    count = int(rng.integers(3, 12))
    accent = int(rng.integers(0, count))
    vowel = int(rng.integers(len(_VOWELS)))
    for index in range(count):
        stress = 1.0 if index == accent else 0.0
        pitch = SPEAKERS[speaker].pitch_hz * (1.15 - 0.3 * index / count) * rng.normal(1.0, 0.05)
        length_s = rng.uniform(0.11, 0.24) + 0.08 * stress
        next_vowel = int(rng.integers(len(_VOWELS)))
        start = round(now * SCENE_RATE)
        yield Syllable(
            start=start,
            length=int(length_s * SCENE_RATE),
            speaker=speaker,
            pitch_hz=(pitch * (1 + 0.25 * stress), pitch * rng.uniform(0.85, 1.05)),
            vowels=(vowel, next_vowel),
            consonant=int(rng.integers(len(_CONSONANTS))),
            gain=0.16 * (1 + 0.5 * stress) * rng.uniform(0.7, 1.1),
            seed=(seed, 2, start & 0xFFFFFFFF),
        )
        now += length_s * rng.uniform(0.9, 1.05)
        vowel = next_vowel
