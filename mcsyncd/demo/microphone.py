"""What a camera's microphone makes of the scene: distance, room, tone, hiss, and a level control.

Every source reaches every microphone at the instant it happens, as if all stood at one spot, so
the truth is the clock of the camera and nothing else (in a room, a metre is 2.9 ms). What comes
later are the room's echoes, all weaker than the direct sound. Filters have no delay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsyncd.demo.scene import Scene
from mcsyncd.demo.sound_events import SCENE_RATE, Stem, Wave, compute_band_gain
from mcsyncd.demo.truth import CameraKind, Take

_SINC_TAPS = 32
_SINC_PHASES = 4096
_TONE_TAPS = 511
_ECHO_S = 0.09
"""The room's last echo."""
_BLOCK_S = 1
"""Sound is made a second at a time: a fixed step, so that it never depends on who asks."""


@dataclass(frozen=True, slots=True)
class MicrophoneChannel:
    """One channel: how loud it hears each source."""

    speech_gain: float
    music_gain: float


@dataclass(frozen=True, slots=True)
class Microphone:
    """A microphone on a camera.

    `band_hz` is what it passes, `wet` the energy of the echoes against the direct sound,
    `hiss` its own noise (RMS, 1 = full scale), `agc` how strongly the camera evens out the
    level (0 not at all, 1 wholly).
    """

    channels: tuple[MicrophoneChannel, ...]
    band_hz: tuple[float, float]
    wet: float
    hiss: float
    agc: float


MICROPHONES: dict[CameraKind, Microphone] = {
    # A lavalier and a stage microphone on two channels; a shotgun on the camera; a phone at the back.
    "cinema": Microphone(
        (MicrophoneChannel(1.5, 0.5), MicrophoneChannel(1.0, 1.0)), (60.0, 17000.0), 0.08, 0.0006, 0.0
    ),
    "mirrorless": Microphone(
        (MicrophoneChannel(0.9, 0.8), MicrophoneChannel(0.7, 0.9)), (110.0, 14000.0), 0.25, 0.002, 0.3
    ),
    "phone": Microphone((MicrophoneChannel(0.35, 0.5),), (220.0, 8500.0), 0.4, 0.002, 0.7),
}


def record_take(scene: Scene, take: Take, seed: int) -> Iterator[Wave]:
    """Yield the sound of one camera, a second at a time: float32, shape (samples, channels).

    Each sample is taken from the scene at its own instant on the camera's drifting clock, by a
    windowed sinc, so offset and drift hold to a microsecond and do not depend on whole samples.
    """
    microphone = MICROPHONES[take.camera_model.kind]
    rate, total = take.camera_model.audio_rate, round(take.duration_s * take.camera_model.audio_rate)
    places = [
        _RoomChannel(ear, microphone, (seed, 6, ord(take.label), n))
        for n, ear in enumerate(microphone.channels)
    ]
    control = _LevelControl(microphone.agc, rate)
    for block, first in enumerate(range(0, total, _BLOCK_S * rate)):
        clip_s = np.arange(first, min(first + _BLOCK_S * rate, total)) / rate
        at = (take.offset_us * 1e-6 + clip_s * take.clock_ratio) * SCENE_RATE
        sound = np.stack([place.render_samples(scene, at) for place in places], axis=1)
        hiss = np.random.default_rng((seed, 7, ord(take.label), block)).standard_normal(sound.shape)
        yield control.apply_gain(sound + np.float32(microphone.hiss) * hiss.astype(np.float32))


class _RoomChannel:
    """One channel's ear in the room: direct sound, echoes, tone."""

    def __init__(self, channel: MicrophoneChannel, microphone: Microphone, seed: tuple[int, ...]) -> None:
        self._channel = channel
        self._tone = _design_bandpass(microphone.band_hz)
        rng = np.random.default_rng(seed)
        self._echoes = [_draw_echoes(rng, microphone.wet) for _ in range(2)]

    def render_samples(self, scene: Scene, at: NDArray[np.float64]) -> Wave:
        """Return the sound at scene samples `at`, which rise and need not be whole."""
        reach = _SINC_TAPS // 2 + _TONE_TAPS // 2
        first = int(at[0]) - reach - 1
        count = int(at[-1]) + reach + 2 - first
        speech, music = self._channel.speech_gain, self._channel.music_gain
        dry = self._add_echoes(scene.speech, self._echoes[0], first, count) * np.float32(speech)
        dry += self._add_echoes(scene.music, self._echoes[1], first, count) * np.float32(music)
        dry += scene.slate.render(first, count) * np.float32((speech + music) / 2)
        toned = np.convolve(dry, self._tone, mode="valid")
        return _interpolate_samples(toned, at - (first + _TONE_TAPS // 2))

    @staticmethod
    def _add_echoes(stem: Stem, echoes: list[tuple[int, float]], first: int, count: int) -> Wave:
        before = int(_ECHO_S * SCENE_RATE)
        source = stem.render(first - before, count + before)
        heard = source[before:].copy()
        for delay, gain in echoes:
            heard += np.float32(gain) * source[before - delay : before - delay + count]
        return heard


class _LevelControl:
    """Evens out the level as a camera does: down at once, up slowly, in steps of 20 ms."""

    _TARGET = 0.12

    def __init__(self, strength: float, rate: int) -> None:
        self._strength = strength
        self._hop = rate // 50
        self._level = self._TARGET
        self._gain = 1.0

    def apply_gain(self, sound: Wave) -> Wave:
        """Return a block of sound with its level evened out, bent softly below full scale."""
        out = np.empty_like(sound)
        for first in range(0, len(sound), self._hop):
            hop = sound[first : first + self._hop]
            gain = self._compute_gain(float(np.sqrt(np.mean(hop**2))))
            ramp = np.linspace(self._gain, gain, len(hop), dtype=np.float32)
            out[first : first + len(hop)] = hop * ramp[:, None]
            self._gain = gain
        return np.tanh(out, out=out)

    def _compute_gain(self, loudness: float) -> float:
        follow = 0.3 if loudness > self._level else 0.02
        self._level += follow * (loudness - self._level)
        return float(np.clip((self._TARGET / max(self._level, 1e-4)) ** self._strength, 0.3, 6.0))


def _draw_echoes(rng: np.random.Generator, wet: float) -> list[tuple[int, float]]:
    """Return a dozen echoes as (delay in samples, gain), weaker the later, of energy `wet` in all."""
    delays = rng.uniform(0.004, _ECHO_S, 12)
    gains = rng.choice([-1.0, 1.0], 12) * np.exp(-delays / 0.03)
    gains *= np.sqrt(wet / np.sum(gains**2))
    return [(int(delay * SCENE_RATE), float(gain)) for delay, gain in zip(delays, gains, strict=True)]


def _design_bandpass(band_hz: tuple[float, float]) -> Wave:
    """Return a symmetric filter that passes a band: by frequency sampling, with a Hann window."""
    hertz = np.fft.rfftfreq(_TONE_TAPS + 1, 1 / SCENE_RATE)
    taps = np.fft.fftshift(np.fft.irfft(compute_band_gain(hertz, *band_hz)))[1:]
    return np.asarray(taps * np.hanning(_TONE_TAPS), dtype=np.float32)


def _build_sinc_table() -> Wave:
    """Return the taps of a Kaiser-windowed sinc for each of `_PHASES + 1` fractions of a sample."""
    fractions = np.arange(_SINC_PHASES + 1) / _SINC_PHASES
    away = np.arange(_SINC_TAPS) - (_SINC_TAPS // 2 - 1) - fractions[:, None]
    # Cut at 0.85 of the scene's own limit (20.4 kHz), below the limit of a 44.1 kHz camera too.
    window = np.i0(9.0 * np.sqrt(np.clip(1 - (away / (_SINC_TAPS / 2)) ** 2, 0, None))) / np.i0(9.0)
    table = 0.85 * np.sinc(0.85 * away) * window
    return np.asarray(table / table.sum(axis=1, keepdims=True), dtype=np.float32)


_SINC_TABLE = _build_sinc_table()


def _interpolate_samples(source: Wave, at: NDArray[np.float64]) -> Wave:
    """Return `source` at the positions `at` (in samples, not whole), float32.

    The nearest of 4096 fractions is taken: 2.5 ns, far below what the samples can show.
    """
    whole = np.floor(at).astype(np.int64)
    phase = np.rint((at - whole) * _SINC_PHASES).astype(np.int64)
    around = np.lib.stride_tricks.sliding_window_view(source, _SINC_TAPS)[whole - (_SINC_TAPS // 2 - 1)]
    return np.asarray(np.einsum("nt,nt->n", around, _SINC_TABLE[phase]), dtype=np.float32)
