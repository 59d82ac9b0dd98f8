"""The recordings a session is made of: phrases, pieces of music and noises, read when they are wanted."""

from __future__ import annotations

import zlib
from functools import lru_cache
from pathlib import Path

import av
import numpy as np

from acceptance.dsp import RATE, Sound, add_at, band, convolve, fade, hiss, scale_to

_SYNTHETIC = tuple(Path(f"synthetic-{number:03}") for number in range(200))


class Library:
    """Recordings of three kinds below a folder; without one, synthetic ones that take no disk."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.speech = self._list("speech")
        self.music = self._list("music")
        self.noise = self._list("noise")

    def _list(self, kind: str) -> tuple[Path, ...]:
        if self.folder is None:
            return tuple(Path(kind) / name for name in _SYNTHETIC)
        found = sorted(file for file in (self.folder / kind).rglob("*") if file.is_file())
        if not found:
            raise FileNotFoundError(f"no recordings in {self.folder / kind}: run `fetch` first")
        return tuple(found)

    def read(self, file: Path) -> Sound:
        """Return a recording with a speech level of -20 dB."""
        return _make_up(file) if self.folder is None else _decode(file)

    def pick_phrases(self, rng: np.random.Generator, count: int, voices: int = 2) -> list[Path]:
        """Return phrases by a few voices; a voice is a package here, whose speakers are few."""
        homes = sorted({file.parent for file in self.speech})
        chosen = [homes[at] for at in rng.permutation(len(homes))[:voices]]
        theirs = [file for file in self.speech if file.parent in chosen]
        return [theirs[at] for at in rng.integers(0, len(theirs), count)]

    def play_music(self, rng: np.random.Generator, seconds: float) -> Sound:
        """Return music of this length: an excerpt, or several pieces that follow each other."""
        total = np.zeros(round(seconds * RATE), np.float32)
        at = 0
        while at < total.size:
            piece = self.read(self.music[rng.integers(len(self.music))])
            skipped = int(rng.uniform(0, max(0, piece.size - total.size + at))) if at == 0 else 0
            add_at(total, fade(piece[skipped:], 0.3), at)
            at += max(piece.size - skipped - RATE // 4, RATE)
        return scale_to(total, -20.0)

    def play_noise(self, rng: np.random.Generator, seconds: float) -> Sound:
        """Return ambience: recorded noises, each many times from other places, so that nothing returns."""
        total = scale_to(hiss(rng, seconds, rng.uniform(-6, -1)), -28.0)
        for file in (self.noise[at] for at in rng.integers(0, len(self.noise), 4)):
            noise = self.read(file)
            at = -int(rng.uniform(0, RATE))
            while at < total.size:
                begin = int(rng.uniform(0, noise.size * 0.5))
                grain = fade(noise[begin : begin + int(rng.uniform(1, 6) * RATE)], 0.4)
                add_at(total, grain, at)
                at += max(int(grain.size * rng.uniform(0.6, 2.5)), RATE // 4)
        return scale_to(total, -20.0)


@lru_cache(maxsize=48)
def _decode(file: Path) -> Sound:
    form = "g722" if file.suffix == ".g722" else None
    resampler = av.AudioResampler("fltp", "mono", RATE)
    parts: list[Sound] = []
    with av.open(str(file), format=form) as container:
        for frame in container.decode(audio=0):
            parts += [part.to_ndarray()[0].astype(np.float32) for part in resampler.resample(frame)]
        parts += [part.to_ndarray()[0].astype(np.float32) for part in resampler.resample(None)]
    return scale_to(np.concatenate(parts) if parts else np.zeros(RATE, np.float32), -20.0)


@lru_cache(maxsize=64)
def can_decode(file: Path) -> bool:
    """Tell whether a recording is one: packages have damaged files, and pictures with a sound's name."""
    try:
        return _decode(file).size > 0
    except (av.error.FFmpegError, IndexError, ValueError):
        return False


def _make_up(file: Path) -> Sound:
    """Return a stand-in for a recording that depends on its name alone."""
    rng = np.random.default_rng(zlib.crc32(str(file).encode()))
    kind = file.parts[0]
    if kind == "noise":
        return hiss(rng, 6.0, -4.0)
    sound = np.zeros(round((40.0 if kind == "music" else 2.5) * RATE), np.float32)
    at = 0
    while at < sound.size:
        length = int(rng.uniform(0.06, 0.3) * RATE)
        time = np.arange(length) / RATE
        pitch = rng.uniform(90, 260) * (1 + 0.1 * rng.standard_normal() * time)
        tone = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 9))
        breath = 0.3 * rng.standard_normal(length)
        note = fade(np.asarray(tone + breath, np.float32), 0.015)
        low = float(rng.uniform(100, 1500))
        add_at(sound, convolve(note, band(low, low * 3)) * np.float32(rng.uniform(0.2, 1)), at)
        at += int(length * rng.uniform(0.7, 1.6))
    return scale_to(sound, -20.0)
