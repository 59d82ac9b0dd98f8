"""Analysis audio of many cameras, or of a day, with a known truth: written as it is made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcsyncd.demo.scene import make_scene
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ as RATE

CAMERAS_FILE = "cameras.json"
_SEED = 1_000_000
_FILMED_RATE, _PLAYED_S, _GRAIN_S = 48_000, 300, 3
_GRAIN, _FADE = _GRAIN_S * RATE, RATE // 100
_HOP, _BEFORE, _SIZE = 1000, 140, 1280
"""Samples of a hop, of what is heard before it, and of both with what comes after."""
_STRETCH_HOPS = 480
_WARMING_S = 1800.0 / 3
"""Seconds in which a clock changes its rate to 1/e: half an hour until it is steady."""
_ECHOES, _LAST_ECHO_S = 6, 0.012

Wave = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class AnalysisCamera:
    """A camera, its clock, its length, and noise of its own.

    `t_scene = offset + t * (1 + drift * 1e-6)`; while it warms up, its rate changes by `warming_ppm` as well.
    """

    angle: str
    offset_s: float
    drift_ppm: float
    seconds: float
    hiss: float
    warming_ppm: float = 0.0

    def read_clock(self, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return when in the scene, in seconds, the camera's clock shows `times_s`."""
        warm_s = times_s + _WARMING_S * np.expm1(-times_s / _WARMING_S)
        return self.offset_s + times_s * (1 + self.drift_ppm * 1e-6) + warm_s * self.warming_ppm * 1e-6


def spread_cameras(count: int, seconds: float) -> list[AnalysisCamera]:
    """Return cameras that begin within a third of their length; every fifth is short, every eighth noisy."""
    random = np.random.default_rng(count)
    return [
        AnalysisCamera(
            f"cam_{at:02d}",
            float(random.uniform(0, seconds / 3)),
            float(random.uniform(-60, 60)),
            seconds * float(random.uniform(0.2, 0.4) if at % 5 == 4 else random.uniform(0.8, 1.0)),
            0.05 if at % 8 == 7 else 0.004,
        )
        for at in range(count)
    ]


def write_sounds(folder: Path, cameras: Sequence[AnalysisCamera]) -> None:
    """Write the int16 analysis audio of each camera as `<angle>.s16`, and what is true of them."""
    folder.mkdir(parents=True, exist_ok=True)
    scene = _GrainScene()
    for camera in cameras:
        part = folder / f"part-{camera.angle}"
        with part.open("wb") as file:
            for stretch in _hear(scene, camera):
                file.write(np.clip(np.rint(stretch * 20_000), -32768, 32767).astype("<i2").tobytes())
        part.replace(folder / f"{camera.angle}.s16")
    (folder / CAMERAS_FILE).write_text(json.dumps([asdict(camera) for camera in cameras]))


class _GrainScene:
    """The demo's conversation and band, at the analysis rate; after five minutes, its grains in random order.

    Forwards, backwards and upside down, as in `sync_shoot`.
    """

    def __init__(self) -> None:
        scene, size = make_scene(_SEED, 0.0, _PLAYED_S), _GRAIN_S * _FILMED_RATE
        starts = range(0, _PLAYED_S * _FILMED_RATE - size + 1, size)
        self._grains = [
            _decimate(scene.speech.render(at, size) + scene.music.render(at, size)) for at in starts
        ]

    def sound(self, first: int, count: int) -> Wave:
        begin, end = first // _GRAIN, (first + count - 1) // _GRAIN + 1
        return np.concatenate([self._grain(at) for at in range(begin, end)])[first - begin * _GRAIN :][:count]

    def _grain(self, number: int) -> Wave:
        if 0 <= number < len(self._grains):
            return self._grains[number]
        random = np.random.default_rng((_SEED, number % 2**31))
        again = self._grains[random.integers(len(self._grains))][:: random.choice((-1, 1))]
        ramp = np.interp(np.arange(_GRAIN), (0, _FADE, _GRAIN - _FADE, _GRAIN), (0, 1, 1, 0))
        return np.asarray(again * random.choice((-1, 1)) * ramp, np.float32)


def _decimate(wave: Wave) -> Wave:
    bins = _GRAIN // 2 + 1
    return np.asarray(np.fft.irfft(np.fft.rfft(wave)[:bins], _GRAIN) * (RATE / _FILMED_RATE), np.float32)


def _hear(scene: _GrainScene, camera: AnalysisCamera) -> Iterator[Wave]:
    """Yield a camera's sound a minute at a time; each hop is moved by its own fraction of a sample."""
    random = np.random.default_rng([_SEED, *camera.angle.encode()])
    response, bins = _build_response(random), np.arange(_SIZE // 2 + 1)
    for stretch in range(ceil(camera.seconds * RATE / (_HOP * _STRETCH_HOPS))):
        hops = np.arange(stretch * _STRETCH_HOPS, (stretch + 1) * _STRETCH_HOPS)
        middles_s = camera.read_clock((hops + 0.5) * _HOP / RATE) + 1
        places = middles_s * RATE - _HOP / 2
        first = np.floor(places).astype(np.int64)
        whole = scene.sound(int(first[0]) - _BEFORE, int(first[-1] - first[0]) + _SIZE)
        spectra = np.fft.rfft(np.lib.stride_tricks.sliding_window_view(whole, _SIZE)[first - first[0]])
        spectra *= np.exp(2j * np.pi / _SIZE * np.outer(places - first, bins)) * response
        heard = np.fft.irfft(spectra)[:, _BEFORE : _BEFORE + _HOP].ravel().astype(np.float32)
        heard += np.float32(camera.hiss) * random.standard_normal(heard.size, np.float32)
        yield heard[: max(0, round(camera.seconds * RATE) - stretch * heard.size)]


def _build_response(random: np.random.Generator) -> NDArray[np.complex128]:
    """Return a microphone in its place: a tone of some decibels, and echoes weaker than the direct sound."""
    hertz = np.fft.rfftfreq(_SIZE, 1 / RATE)
    tone_db = np.interp(hertz, (0, 300, 1000, 2000, 4000), random.normal(0, 3, 5))
    delays_s = random.uniform(0.001, _LAST_ECHO_S, _ECHOES)
    gains = random.uniform(-0.3, 0.3, _ECHOES)
    echoes: NDArray[np.complex128] = 1 + np.exp(-2j * np.pi * np.outer(hertz, delays_s)) @ gains
    return echoes * 10 ** (tone_db / 20)
