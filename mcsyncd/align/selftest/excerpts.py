"""Excerpts of a file's analysis audio, as another clock and another microphone would have recorded them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcsyncd.align.selftest.material import Material
from mcsyncd.listen.samples import map_samples
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ, Recording
from mcsyncd.sync.speed import resample_at_speed

_EQ_KNOTS_HZ = (50, 100, 200, 400, 800, 1600, 3200)
"""Where the response of a microphone bends. Judgement: an octave apart, as its own resonances, its body and
its foam shape it. Fewer is a tone control, more is a room."""
_LOW_CUT_SLOPE_DB, _HIGH_CUT_SLOPE_DB = 12.0, 18.0
"""dB per octave. Textbook values of a wind filter and of a capsule behind foam; steeper removes more of what
two microphones share."""
_PINK_FROM_HZ = 20.0
"""Hz below which the noise of a microphone does not rise any more, or its mean would be all of it."""

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MicrophoneChange:
    """How another microphone hears the same. `eq_db` are its gains at the knots of its response.

    `snr_db` is the level of the sound above the pink noise that it adds.
    """

    snr_db: float
    noise_seed: int
    gain_db: float = 0.0
    eq_db: tuple[float, ...] = ()
    low_cut_hz: float = 0.0
    high_cut_hz: float = 0.0
    is_inverted: bool = False


@dataclass(frozen=True, slots=True)
class SoundExcerpt:
    """A stretch of a material on a clock of its own, which runs `drift_ppm` off that of the file.

    `first` and `samples` count samples of that clock, `first` from the beginning of the file's sound.
    """

    material: Material
    first: int
    samples: int
    microphone: MicrophoneChange
    drift_ppm: float = 0.0

    @property
    def speed(self) -> float:
        """Seconds of the file that pass in a second of the excerpt."""
        return 1.0 + self.drift_ppm * 1e-6

    @property
    def begin_s(self) -> float:
        """Clip time of the file at which it begins, in seconds."""
        return self.material.begin_s + self.first * self.speed / ANALYSIS_RATE_HZ

    @property
    def seconds(self) -> float:
        """Its length on its own clock."""
        return self.samples / ANALYSIS_RATE_HZ


def read_excerpt(excerpt: SoundExcerpt, angle: str) -> Recording:
    """Return an excerpt as the solver sees a clip that begins and ends there. Reads only that stretch."""
    begin, end = excerpt.first, excerpt.first + excerpt.samples
    channels = tuple(
        change_microphone(
            resample_at_speed(map_samples(path), excerpt.speed, begin, end).astype(np.float64),
            excerpt.microphone,
            number,
        )
        for number, path in enumerate(excerpt.material.channels)
    )
    return Recording(
        angle, excerpt.material.name, ANALYSIS_RATE_HZ, 0, channels, round(excerpt.seconds * 1e6)
    )


def change_microphone(sound: Values, change: MicrophoneChange, channel: int = 0) -> NDArray[np.int16]:
    """Return `sound` (int16 scale) as another microphone hears it: response, own noise, gain, polarity.

    `channel` makes the noise of each channel its own. Digital silence stays silent.
    """
    spectrum = np.fft.rfft(sound)
    frequencies = np.fft.rfftfreq(sound.size, 1.0 / ANALYSIS_RATE_HZ)
    heard = np.fft.irfft(spectrum * 10.0 ** (_compute_response_db(frequencies, change) / 20.0), sound.size)
    random = np.random.default_rng((change.noise_seed, channel))
    white = np.fft.rfft(random.standard_normal(sound.size))
    noise = np.fft.irfft(white / np.sqrt(np.maximum(frequencies, _PINK_FROM_HZ)), sound.size)
    heard += noise * (_compute_rms(heard) / max(_compute_rms(noise), 1e-12)) * 10.0 ** (-change.snr_db / 20.0)
    heard *= 10.0 ** (change.gain_db / 20.0) * (-1.0 if change.is_inverted else 1.0)
    return np.clip(np.rint(heard), -32768, 32767).astype(np.int16)


def _compute_response_db(frequencies: NDArray[Any], change: MicrophoneChange) -> Values:
    audible = np.maximum(frequencies, 1.0)
    response = np.zeros(frequencies.size)
    if change.eq_db:
        response += np.interp(np.log(audible), np.log(_EQ_KNOTS_HZ), change.eq_db)
    if change.low_cut_hz:
        response -= _LOW_CUT_SLOPE_DB * np.maximum(0.0, np.log2(change.low_cut_hz / audible))
    if change.high_cut_hz:
        response -= _HIGH_CUT_SLOPE_DB * np.maximum(0.0, np.log2(audible / change.high_cut_hz))
    return response


def _compute_rms(sound: Values) -> float:
    return float(np.sqrt(np.mean(sound**2))) if sound.size else 0.0
