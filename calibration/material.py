"""Recorded and synthesised audio to build scenes from.

`Material` decodes a folder of recordings; a `Shelf` hands out pieces of it for one case, no file
twice, so that what is meant to be unrelated is. Where a folder has nothing (left), sound is made by
the project's own generator of speech and music, and noise is shaped by chance.
"""

from __future__ import annotations

import os
from math import ceil
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from calibration.signals import RATE, Wave, fade_ends, fit_length, set_loudness, shape_spectrum
from mcsyncd.demo.music import compose_music
from mcsyncd.demo.sound_events import SCENE_RATE, SoundEvent, Stem
from mcsyncd.demo.voice import compose_conversation

_SPEECH_RMS = 0.08
"""Level of speech, full scale 1. Judgement: -22 dBFS, common for speech; cameras set their own level
afterwards."""
_SYNTHETIC_SHARE = 0.2
"""Share of pieces that are synthesised although there are recordings, for other voices and music.
Judgement."""
_MIN_BYTES = {"speech": 9_000, "music": 100_000, "noise": 9_000}
"""Bytes. Judgement: shorter music files are fanfares, shorter speech files single words."""


class Material:
    """Recordings in the folders `speech`, `music` and `noise` below `root`; none when it is None.

    Any format that FFmpeg reads. Decoded sound is kept in memory as int16, 2 MB a minute.
    """

    def __init__(self, root: Path | None) -> None:
        self._files = {kind: _find_files(root, kind) if root else [] for kind in _MIN_BYTES}
        self._kept: dict[Path, NDArray[np.int16]] = {}

    def list_files(self, kind: str) -> list[Path]:
        """Return the files of `speech`, `music` or `noise`, in one order on every machine."""
        return self._files[kind]

    def read_wave(self, file: Path) -> Wave:
        """Return a whole file at 16 kHz, mono."""
        if file not in self._kept:
            self._kept[file] = _decode_file(file)
        return self._kept[file].astype(np.float32) / np.float32(32768)


def _find_files(root: Path, kind: str) -> list[Path]:
    found = [Path(folder) / name for folder, _, names in os.walk(root / kind) for name in names]
    return sorted(file for file in found if file.stat().st_size >= _MIN_BYTES[kind])


def _decode_file(file: Path) -> NDArray[np.int16]:
    # A headerless G.722 stream says nothing of itself.
    form = "g722" if file.suffix == ".g722" else None
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    blocks: list[NDArray[np.int16]] = []
    with av.open(str(file), format=form) as container:
        for frame in container.decode(audio=0):
            blocks += [_samples_from_frame(out) for out in resampler.resample(frame)]
        blocks += [_samples_from_frame(out) for out in resampler.resample(None)]
    return np.concatenate(blocks) if blocks else np.zeros(0, np.int16)


def _samples_from_frame(frame: av.AudioFrame) -> NDArray[np.int16]:
    return np.asarray(frame.to_ndarray().ravel(), np.int16)


class Shelf:
    """The material of one case: every file is given out once, and every synthesised piece is new."""

    def __init__(self, material: Material, rng: np.random.Generator) -> None:
        self._material = material
        self._rng = rng
        self._left = {kind: list(rng.permutation(len(material.list_files(kind)))) for kind in _MIN_BYTES}

    def cut_speech(self, seconds: float) -> Wave:
        """Return people talking in turns: `seconds` of it, with pauses."""
        if self._should_synthesise("speech"):
            return set_loudness(
                _render_events(list(compose_conversation(self._draw_seed(), 0.0, seconds)), seconds),
                _SPEECH_RMS,
            )
        count, pause = int(seconds * RATE), self._rng.uniform(0.1, 0.8)
        out = np.zeros(count, np.float32)
        at = int(self._rng.uniform(0, 0.5) * RATE)
        while at < count and self._left["speech"]:
            said = self._take_next("speech")
            said = set_loudness(fade_ends(said), _SPEECH_RMS * self._rng.uniform(0.5, 1.2))[: count - at]
            out[at : at + said.size] = said
            at += said.size + int(self._rng.exponential(pause) * RATE)
        return out

    def cut_music(self, seconds: float) -> Wave:
        """Return a piece of music: one recording from a random place on, or a band that plays."""
        if self._should_synthesise("music"):
            return set_loudness(
                _render_events(list(compose_music(self._draw_seed(), 0.0, seconds)), seconds), 0.1
            )
        count = int(seconds * RATE)
        whole = self._take_next("music")
        while whole.size < count and self._left["music"]:
            whole = np.concatenate([fade_ends(whole, 0.3), fade_ends(self._take_next("music"), 0.3)])
        start = int(self._rng.integers(0, max(1, whole.size - count)))
        return set_loudness(fit_length(whole[start:], count), 0.1)

    def cut_noise(self, seconds: float) -> Wave:
        """Return ambience: grains of one recording in random order, or coloured noise that breathes."""
        count = int(seconds * RATE)
        if not self._left["noise"] or self._rng.random() < 2 * _SYNTHETIC_SHARE:
            return set_loudness(generate_coloured_noise(self._rng, count), 0.03)
        whole = self._take_next("noise")
        if whole.size > 1.3 * count:
            start = int(self._rng.integers(0, whole.size - count))
            return set_loudness(whole[start : start + count], 0.03)
        return set_loudness(_scatter_grains(self._rng, whole, count), 0.03)

    def _should_synthesise(self, kind: str) -> bool:
        # The draw is made always, so that the rest of a case is the same with and without files.
        wanted = self._rng.random() < _SYNTHETIC_SHARE
        return wanted or len(self._left[kind]) < 2

    def _draw_seed(self) -> int:
        return int(self._rng.integers(1 << 40))

    def _take_next(self, kind: str) -> Wave:
        return self._material.read_wave(self._material.list_files(kind)[self._left[kind].pop()])


def _render_events(events: list[SoundEvent], seconds: float) -> Wave:
    """Render the generator's events at its rate, and crop the spectrum to ours."""
    # Whole seconds, because a transform of a prime length is a hundred times as slow.
    whole = ceil(seconds)
    spectrum = np.fft.rfft(Stem(events).render(0, whole * SCENE_RATE))[: whole * RATE // 2 + 1]
    wave = np.fft.irfft(spectrum, whole * RATE)[: int(seconds * RATE)]
    return wave.astype(np.float32) * np.float32(RATE / SCENE_RATE)


def _scatter_grains(rng: np.random.Generator, whole: Wave, count: int) -> Wave:
    """Return `count` samples of grains of 1.5 to 5 s, overlapping in equal-power fades."""
    out, at, fade = np.zeros(count, np.float32), 0, RATE // 4
    ramp = np.sin(np.linspace(0, np.pi / 2, fade, dtype=np.float32))
    while at < count:
        size = min(int(rng.uniform(1.5, 5.0) * RATE), whole.size)
        start = int(rng.integers(0, whole.size - size + 1))
        # A grain turned over or backwards is as good an ambience, and repeats nothing.
        grain = whole[start : start + size][:: int(rng.choice([-1, 1]))] * np.float32(rng.choice([-1, 1]))
        grain[:fade] *= ramp
        grain[-fade:] *= ramp[::-1]
        out[at : at + size] += grain[: count - at]
        at += size - fade
    return out


def generate_coloured_noise(rng: np.random.Generator, count: int) -> Wave:
    """Return noise with a slope of -1 to -9 dB an octave and a hump or two, its level breathing."""
    slope = rng.uniform(-9, -1)
    hertz = np.geomspace(30, 8000, 12)
    gains = slope * np.log2(hertz / 30) + rng.normal(0, 4, hertz.size)
    wave = shape_spectrum(rng.standard_normal(count, dtype=np.float32), list(hertz), list(gains))
    knots = np.arange(0, count + 2 * RATE, int(RATE * rng.uniform(0.3, 3)))
    breath = np.exp(rng.normal(0, rng.uniform(0.05, 0.8), knots.size))
    return wave * np.interp(np.arange(count), knots, breath).astype(np.float32)
