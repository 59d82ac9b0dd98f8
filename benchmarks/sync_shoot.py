"""A long shoot of three cameras with clocks of their own: what sync costs, and how well it finds drift."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from math import ceil
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.sync_film import SAMPLE_RATE, STRETCH_S, Wave, write_film
from benchmarks.sync_session import Clip, Session
from mcsyncd.demo.scene import make_scene

_SEED = 1_000_000
_PLAYED_S, _GRAIN_S = 600, 3
_GRAIN = _GRAIN_S * SAMPLE_RATE
_FADE = SAMPLE_RATE // 100
_EARLIER_S = 30
"""The scene begins so long before the reference."""
_HOP, _BEFORE, _SIZE = 4000, 400, 5120
"""Samples of a hop, of what is heard before it, and of both with what comes after."""
_ECHOES, _LAST_ECHO_S = 6, 0.012
_HISS = np.float32(0.002)


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera and its clock: t_reference = offset + t_clip * (1 + drift * 1e-6)."""

    angle: str
    offset_s: float
    drift_ppm: float

    @property
    def speed(self) -> float:
        """Seconds of the reference's clock in one of this camera's."""
        return 1 + self.drift_ppm * 1e-6


CAMERAS = (Camera("cam_a", 0.0, 0.0), Camera("cam_b", -7.318281, 25.0), Camera("cam_c", 11.414214, -40.0))


def shoot(home: Path, minutes: float, channels: int) -> Session:
    """Return three clips of `minutes` each; film those that are not yet in `home`.

    In a process of its own, as sync_generated does and for its reason.
    """
    folder = home / f"{minutes:g}min-{channels}ch"
    folder.mkdir(parents=True, exist_ok=True)
    files = {camera: folder / f"{camera.angle}.mp4" for camera in CAMERAS}
    missing = {camera: file for camera, file in files.items() if not file.is_file()}
    if missing:
        with ProcessPoolExecutor(1, get_context("spawn")) as elsewhere:
            elsewhere.submit(_film, missing, minutes * 60, channels).result()
    clips = tuple(_clip(camera, file, minutes * 60) for camera, file in files.items())
    return Session(f"3 x {minutes:g} min, channels: {channels}", "long", clips, solvable=True)


def _clip(camera: Camera, file: Path, seconds: float) -> Clip:
    """Tell the truth of a clip; it shares sound with others from their first begin to their last end."""
    others = [other for other in CAMERAS if other is not camera]
    first_s = max(camera.offset_s, min(other.offset_s for other in others))
    last_s = min(_end_s(camera, seconds), max(_end_s(other, seconds) for other in others))
    judged_s = ((first_s - camera.offset_s) / camera.speed, (last_s - camera.offset_s) / camera.speed)
    return Clip(camera.angle, file, seconds, camera.offset_s * 1e3, camera.drift_ppm, judged_s)


def _end_s(camera: Camera, seconds: float) -> float:
    return camera.offset_s + seconds * camera.speed


def _film(files: dict[Camera, Path], seconds: float, channels: int) -> None:
    scene = _Scene(min(_PLAYED_S, ceil(seconds) + 2 * _EARLIER_S))
    for camera, file in files.items():
        part = file.with_name(f"part-{file.name}")
        write_film(part, seconds, channels, _heard(scene, camera, seconds, channels)).replace(file)


class _Scene:
    """What sounds: the demo's conversation and band.

    After ten minutes the same comes again in grains of three seconds, in random order, forwards,
    backwards and upside down: nothing in it fits at a second place for longer than a grain, and
    hours cost no more to make than minutes.
    """

    def __init__(self, seconds: int) -> None:
        scene = make_scene(_SEED, 0.0, seconds)
        starts = range(0, seconds * SAMPLE_RATE - _GRAIN + 1, _GRAIN)
        self._grains = [scene.speech.render(at, _GRAIN) + scene.music.render(at, _GRAIN) for at in starts]

    def sound(self, first: int, count: int) -> Wave:
        """Return `count` samples from `first` on, which counts from the scene's begin."""
        begin, end = first // _GRAIN, (first + count - 1) // _GRAIN + 1
        grains = np.concatenate([self._grain(number) for number in range(begin, end)])
        return grains[first - begin * _GRAIN :][:count]

    def _grain(self, number: int) -> Wave:
        if number < len(self._grains):
            return self._grains[number]
        random = np.random.default_rng((_SEED, number))
        again = self._grains[random.integers(len(self._grains))][:: random.choice((-1, 1))]
        ramp = np.interp(np.arange(_GRAIN), (0, _FADE, _GRAIN - _FADE, _GRAIN), (0, 1, 1, 0))
        return np.asarray(again * random.choice((-1, 1)) * ramp, np.float32)


def _heard(scene: _Scene, camera: Camera, seconds: float, channels: int) -> Iterator[Wave]:
    """Yield a camera's sound, shape (channels, samples), STRETCH_S at a time.

    Every hop of 4000 samples is moved by its own fraction of a sample in the frequency domain,
    together with the microphone's response: within 2 us of exact everywhere at 40 ppm.
    """
    random = np.random.default_rng([_SEED, *camera.angle.encode()])
    responses = [_response(random) for _ in range(channels)]
    bins = np.arange(_SIZE // 2 + 1)
    hops = STRETCH_S * SAMPLE_RATE // _HOP
    for stretch in range(ceil(seconds / STRETCH_S)):
        hop = np.arange(stretch * hops, (stretch + 1) * hops)
        middles_s = camera.offset_s + _EARLIER_S + (hop + 0.5) * _HOP / SAMPLE_RATE * camera.speed
        places = middles_s * SAMPLE_RATE - _HOP / 2
        first = np.floor(places).astype(np.int64)
        spectra = np.fft.rfft(_cut(scene, first - _BEFORE))
        spectra *= np.exp(2j * np.pi / _SIZE * np.outer(places - first, bins)).astype(np.complex64)
        sides = [np.fft.irfft(spectra * response)[:, _BEFORE : _BEFORE + _HOP] for response in responses]
        sound = np.stack(sides).reshape(channels, -1)
        yield sound + _HISS * random.standard_normal(sound.shape, np.float32)


def _cut(scene: _Scene, firsts: NDArray[np.int64]) -> Wave:
    """Return _SIZE samples of the scene from each of `firsts` on: a row each."""
    whole = scene.sound(int(firsts[0]), int(firsts[-1] - firsts[0]) + _SIZE)
    return np.stack([whole[first : first + _SIZE] for first in firsts - firsts[0]])


def _response(random: np.random.Generator) -> NDArray[np.complex64]:
    """Return a microphone in its place: a tone of some decibels, and echoes weaker than the direct sound."""
    hertz = np.fft.rfftfreq(_SIZE, 1 / SAMPLE_RATE)
    tone_db = np.interp(hertz, (0, 300, 1000, 3000, 8000, 24000), random.normal(0, 3, 6))
    delays_s = random.uniform(0.001, _LAST_ECHO_S, _ECHOES)
    gains = random.uniform(-0.3, 0.3, _ECHOES)
    echoes = 1 + np.exp(-2j * np.pi * np.outer(hertz, delays_s)) @ gains
    return np.asarray(10 ** (tone_db / 20) * echoes, np.complex64)
