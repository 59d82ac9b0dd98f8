"""Generate music-like audio: a small band that never plays the same bar twice.

Chords follow a table of successors, the melody is a random walk over the scale, percussion is drawn at
random, and the tempo varies. An exact loop would fit several offsets equally well, and no tool could
tell them apart. All musical values are judgements, chosen by ear.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mcsyncd.demo.sound_events import SCENE_RATE, SoundEvent, Wave, build_envelope, generate_noise

_SCALE_SEMITONES = (0, 2, 4, 5, 7, 9, 11)
_NEXT_DEGREES = {0: (3, 4, 5, 1), 1: (4, 3), 3: (0, 4, 1), 4: (0, 5, 3), 5: (3, 1, 4)}
"""Degrees of the scale (from 0) that may follow a degree: common progressions of popular songs."""
_RHYTHMS_BEATS = ((1.0,), (0.5, 0.5), (1.5, 0.5), (0.75, 0.25), (0.5, 1.0, 0.5), (2.0,))
_TONIC_HZ = 196.0


@dataclass(frozen=True, slots=True)
class Note:
    """A plucked note: harmonic partials, of which the higher ones decay faster."""

    start: int
    length: int
    hertz: float
    gain: float
    partials: tuple[float, ...]
    decay_s: float

    def render_wave(self) -> Wave:
        seconds = np.arange(self.length) / SCENE_RATE
        cycles = seconds * self.hertz
        decay = (-seconds / self.decay_s).astype(np.float32)
        out = np.zeros(self.length, dtype=np.float32)
        for number, level in enumerate(self.partials, start=1):
            # Whole turns are removed in double precision: in single precision it would hiss after a second.
            turns = cycles * number
            angle = np.float32(2 * np.pi) * (turns - np.floor(turns)).astype(np.float32)
            out += np.float32(level) * np.exp(decay * np.float32(number**0.7)) * np.sin(angle)
        end_s = self.length / SCENE_RATE
        return out * build_envelope(
            self.length, (0.0, 0.0), (0.004, self.gain), (0.8 * end_s, self.gain), (end_s, 0.0)
        )


Drum = Literal["kick", "snare", "hat"]
_DRUM_LENGTH_S: dict[Drum, float] = {"kick": 0.2, "snare": 0.18, "hat": 0.06}


@dataclass(frozen=True, slots=True)
class DrumHit:
    """A stroke on a drum. Each has its own noise, so no two are the same."""

    start: int
    drum: Drum
    gain: float
    seed: tuple[int, ...]

    @property
    def length(self) -> int:
        return int(_DRUM_LENGTH_S[self.drum] * SCENE_RATE)

    def render_wave(self) -> Wave:
        rng = np.random.default_rng(self.seed)
        seconds = np.arange(self.length) / SCENE_RATE
        decay = np.exp(-seconds * 4.5 / _DRUM_LENGTH_S[self.drum])
        body = self._render_body(rng, seconds, decay)
        return np.asarray(self.gain * body * np.minimum(1.0, seconds / 0.001), dtype=np.float32)

    def _render_body(self, rng: np.random.Generator, seconds: np.ndarray, decay: np.ndarray) -> np.ndarray:
        if self.drum == "kick":
            # The pitch falls from 130 to 48 Hz within 40 ms, as on a real kick drum.
            turns = 48 * seconds + 82 * 0.04 * (1 - np.exp(-seconds / 0.04))
            return np.asarray(np.sin(2 * np.pi * turns) * decay)
        if self.drum == "snare":
            tone = np.sin(2 * np.pi * 188 * seconds)
            return np.asarray((0.5 * generate_noise(rng, self.length, 900, 8000) + 0.5 * tone) * decay)
        return np.asarray(0.5 * generate_noise(rng, self.length, 6500, 14000) * decay)


def compose_music(seed: int, begin_s: float, end_s: float) -> Iterator[SoundEvent]:
    """Yield the band's notes and strokes from `begin_s` to `end_s`, in seconds of the session clock.

    Loudness changes every few bars, from nearly silent to full, so a shoot has passages of speech
    alone, of music alone, and of both.
    """
    rng = np.random.default_rng((seed, 3))
    tonic = _TONIC_HZ * 2 ** (rng.integers(-3, 4) / 12)
    now, beat_s, degree = begin_s, rng.uniform(0.5, 0.62), 0
    loudness = 0.8
    while now < end_s:
        beat_s = float(np.clip(beat_s * rng.normal(1.0, 0.03), 0.46, 0.7))
        if rng.random() < 0.3:
            loudness = float(rng.choice([0.12, 0.5, 0.8, 1.0]))
        bar = _Bar(now, beat_s, tonic, degree, loudness)
        yield from bar.compose_chord(rng)
        yield from bar.compose_melody(rng)
        yield from bar.compose_drums(rng, seed)
        now += 4 * beat_s
        degree = int(rng.choice(_NEXT_DEGREES[degree]))


@dataclass(frozen=True, slots=True)
class _Bar:
    """Four beats over one chord."""

    begin_s: float
    beat_s: float
    tonic_hz: float
    degree: int
    loudness: float

    def compose_chord(self, rng: np.random.Generator) -> Iterator[Note]:
        for step in (self.degree - 7, self.degree, self.degree + 2, self.degree + 4):
            delay = rng.uniform(0.0, 0.05)
            yield self._build_note(rng, delay, 3.6, step, 0.045)

    def compose_melody(self, rng: np.random.Generator) -> Iterator[Note]:
        beat, step = 0.0, self.degree + 7
        while beat < 4:
            for length in _RHYTHMS_BEATS[int(rng.integers(len(_RHYTHMS_BEATS)))]:
                step = int(np.clip(step + rng.integers(-3, 4), 4, 16))
                if rng.random() < 0.85 and beat < 4:
                    yield self._build_note(rng, beat + rng.normal(0, 0.015), length * 1.3, step, 0.075)
                beat += length

    def compose_drums(self, rng: np.random.Generator, seed: int) -> Iterator[DrumHit]:
        chances: tuple[tuple[Drum, float, float], ...] = (
            ("kick", 0.75, 0.22),
            ("snare", 0.35, 0.10),
            ("hat", 0.6, 0.05),
        )
        for half in range(8):
            for drum, chance, gain in chances:
                on_beat = half % 2 == (1 if drum == "hat" else 0)
                if rng.random() < chance * (1.0 if on_beat else 0.25):
                    start = self._compute_sample(half / 2 + rng.normal(0, 0.012))
                    level = gain * self.loudness * rng.uniform(0.6, 1.1)
                    yield DrumHit(start, drum, level, (seed, 4, start & 0xFFFFFFFF, len(drum)))

    def _build_note(
        self, rng: np.random.Generator, beat: float, beats: float, step: int, gain: float
    ) -> Note:
        octave, tone = divmod(step, 7)
        hertz = self.tonic_hz * 2 ** (octave + _SCALE_SEMITONES[tone] / 12) * 2 ** (rng.normal(0, 3) / 1200)
        partials = tuple(rng.uniform(0.5, 1.0) / number**1.3 for number in range(1, 7))
        length = int(beats * self.beat_s * SCENE_RATE)
        level = gain * self.loudness * rng.uniform(0.6, 1.1)
        return Note(self._compute_sample(beat), length, hertz, level, partials, rng.uniform(0.25, 0.6))

    def _compute_sample(self, beat: float) -> int:
        return round((self.begin_s + beat * self.beat_s) * SCENE_RATE)
