"""Record the scene with a camera's microphone: distance, echoes, frequency response, noise, level control.

Every source reaches every microphone at the instant it happens, as if all were at the same point. So
the true offset depends on the camera's clock only (in a room, one metre adds 2.9 ms). Echoes follow,
each weaker than the direct sound. The filters have no delay.
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
"""Taps of the interpolating sinc. Judgement: more cost time, fewer lose the highest frequencies."""
_SINC_PHASES = 4096
"""Steps between two samples: 5 ns at 48 kHz, so the error of a position is at most 2.5 ns."""
_TONE_TAPS = 511
"""Taps of the frequency response. Judgement: resolves about 100 Hz, enough for the lowest band edge."""
_ECHO_S = 0.09
"""Delay of the room's last echo, in seconds. Judgement: a small hall."""
_BLOCK_S = 1
"""Seconds of audio per block. It is fixed so that the samples do not depend on how they are requested."""


@dataclass(frozen=True, slots=True)
class MicrophoneChannel:
    """One channel of a microphone: its gain for each source."""

    speech_gain: float
    music_gain: float


@dataclass(frozen=True, slots=True)
class Microphone:
    """A microphone on a camera.

    `band_hz` is its passband, `wet` the energy of the echoes relative to the direct sound, `hiss` its noise
    (RMS, 1 = full scale), `agc` the strength of the camera's automatic gain control (0 off, 1 full).
    """

    channels: tuple[MicrophoneChannel, ...]
    band_hz: tuple[float, float]
    wet: float
    hiss: float
    agc: float


MICROPHONES: dict[CameraKind, Microphone] = {
    # A lavalier and a stage microphone on two channels; a shotgun on the camera; a phone at the back.
    # Judgement: typical values of such microphones. Harsher ones make the demo's sync less certain.
    "cinema": Microphone(
        (MicrophoneChannel(1.5, 0.5), MicrophoneChannel(1.0, 1.0)), (60.0, 17000.0), 0.08, 0.0006, 0.0
    ),
    "mirrorless": Microphone(
        (MicrophoneChannel(0.9, 0.8), MicrophoneChannel(0.7, 0.9)), (110.0, 14000.0), 0.25, 0.002, 0.3
    ),
    "phone": Microphone((MicrophoneChannel(0.35, 0.5),), (220.0, 8500.0), 0.4, 0.002, 0.7),
}


def record_take(scene: Scene, take: Take, seed: int) -> Iterator[Wave]:
    """Yield the audio of one camera in blocks of a second: float32, shape (samples, channels).

    Each sample is interpolated from the scene at its own instant on the camera's drifting clock, by a
    windowed sinc. So offset and drift are exact to a microsecond, not only to whole samples.
    """
    microphone = MICROPHONES[take.camera_model.kind]
    rate, total = take.camera_model.audio_rate, round(take.duration_s * take.camera_model.audio_rate)
    channels = [
        _RoomChannel(channel, microphone, (seed, 6, ord(take.label), n))
        for n, channel in enumerate(microphone.channels)
    ]
    control = _LevelControl(microphone.agc, rate)
    for block, first in enumerate(range(0, total, _BLOCK_S * rate)):
        clip_s = np.arange(first, min(first + _BLOCK_S * rate, total)) / rate
        positions = (take.offset_us * 1e-6 + clip_s * take.clock_ratio) * SCENE_RATE
        clean = np.stack([channel.render_samples(scene, positions) for channel in channels], axis=1)
        hiss = np.random.default_rng((seed, 7, ord(take.label), block)).standard_normal(clean.shape)
        yield control.apply_gain(clean + np.float32(microphone.hiss) * hiss.astype(np.float32))


class _RoomChannel:
    """One channel in the room: direct sound, echoes, frequency response."""

    def __init__(self, channel: MicrophoneChannel, microphone: Microphone, seed: tuple[int, ...]) -> None:
        self._channel = channel
        self._tone = _design_bandpass(microphone.band_hz)
        rng = np.random.default_rng(seed)
        self._echoes = [_draw_echoes(rng, microphone.wet) for _ in range(2)]

    def render_samples(self, scene: Scene, positions: NDArray[np.float64]) -> Wave:
        """Return the samples at `positions`, in samples of the scene, rising and not necessarily integers."""
        reach = _SINC_TAPS // 2 + _TONE_TAPS // 2
        first = int(positions[0]) - reach - 1
        count = int(positions[-1]) + reach + 2 - first
        speech, music = self._channel.speech_gain, self._channel.music_gain
        mix = self._add_echoes(scene.speech, self._echoes[0], first, count) * np.float32(speech)
        mix += self._add_echoes(scene.music, self._echoes[1], first, count) * np.float32(music)
        mix += scene.slate.render(first, count) * np.float32((speech + music) / 2)
        filtered = np.convolve(mix, self._tone, mode="valid")
        return _interpolate_samples(filtered, positions - (first + _TONE_TAPS // 2))

    @staticmethod
    def _add_echoes(stem: Stem, echoes: list[tuple[int, float]], first: int, count: int) -> Wave:
        lead = int(_ECHO_S * SCENE_RATE)
        source = stem.render(first - lead, count + lead)
        mix = source[lead:].copy()
        for delay, gain in echoes:
            mix += np.float32(gain) * source[lead - delay : lead - delay + count]
        return mix


class _LevelControl:
    """Automatic gain control as in a camera: fast attack, slow release, in steps of 20 ms."""

    _TARGET = 0.12
    """RMS level that the control aims at (1 = full scale). Judgement: leaves 18 dB of headroom."""

    def __init__(self, strength: float, rate: int) -> None:
        self._strength = strength
        self._hop = rate // 50
        self._level = self._TARGET
        self._gain = 1.0

    def apply_gain(self, samples: Wave) -> Wave:
        """Return a block of samples with the gain applied, softly limited to full scale."""
        out = np.empty_like(samples)
        for first in range(0, len(samples), self._hop):
            hop = samples[first : first + self._hop]
            gain = self._compute_gain(float(np.sqrt(np.mean(hop**2))))
            ramp = np.linspace(self._gain, gain, len(hop), dtype=np.float32)
            out[first : first + len(hop)] = hop * ramp[:, None]
            self._gain = gain
        return np.tanh(out, out=out)

    def _compute_gain(self, loudness: float) -> float:
        speed = 0.3 if loudness > self._level else 0.02
        self._level += speed * (loudness - self._level)
        return float(np.clip((self._TARGET / max(self._level, 1e-4)) ** self._strength, 0.3, 6.0))


def _draw_echoes(rng: np.random.Generator, wet: float) -> list[tuple[int, float]]:
    """Return a dozen echoes as (delay in samples, gain), decaying with the delay, of total energy `wet`."""
    delays = rng.uniform(0.004, _ECHO_S, 12)
    gains = rng.choice([-1.0, 1.0], 12) * np.exp(-delays / 0.03)
    gains *= np.sqrt(wet / np.sum(gains**2))
    return [(int(delay * SCENE_RATE), float(gain)) for delay, gain in zip(delays, gains, strict=True)]


def _design_bandpass(band_hz: tuple[float, float]) -> Wave:
    """Return a symmetric (zero-phase) band-pass filter, by frequency sampling with a Hann window."""
    hertz = np.fft.rfftfreq(_TONE_TAPS + 1, 1 / SCENE_RATE)
    taps = np.fft.fftshift(np.fft.irfft(compute_band_gain(hertz, *band_hz)))[1:]
    return np.asarray(taps * np.hanning(_TONE_TAPS), dtype=np.float32)


def _build_sinc_table() -> Wave:
    """Return the taps of a Kaiser-windowed sinc, shape (`_SINC_PHASES` + 1, `_SINC_TAPS`)."""
    fractions = np.arange(_SINC_PHASES + 1) / _SINC_PHASES
    distance = np.arange(_SINC_TAPS) - (_SINC_TAPS // 2 - 1) - fractions[:, None]
    # Cut-off at 0.85 of the scene's Nyquist frequency: 20.4 kHz, also below that of a 44.1 kHz camera.
    window = np.i0(9.0 * np.sqrt(np.clip(1 - (distance / (_SINC_TAPS / 2)) ** 2, 0, None))) / np.i0(9.0)
    table = 0.85 * np.sinc(0.85 * distance) * window
    return np.asarray(table / table.sum(axis=1, keepdims=True), dtype=np.float32)


_SINC_TABLE = _build_sinc_table()


def _interpolate_samples(source: Wave, positions: NDArray[np.float64]) -> Wave:
    """Return `source`, float32, at fractional `positions` in samples, rounded to 1/4096 of a sample."""
    whole = np.floor(positions).astype(np.int64)
    phase = np.rint((positions - whole) * _SINC_PHASES).astype(np.int64)
    around = np.lib.stride_tricks.sliding_window_view(source, _SINC_TAPS)[whole - (_SINC_TAPS // 2 - 1)]
    return np.asarray(np.einsum("nt,nt->n", around, _SINC_TABLE[phase]), dtype=np.float32)
