"""What every part of the generator needs of signals: a type, a rate, spectra, loudness.

Everything is mono float32 at 16 kHz, full scale 1.0. The engine hears up to 4 kHz; twice that rate
leaves room for filters, clipping and codecs to do what they do above it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import oaconvolve

Wave = NDArray[np.float32]

RATE = 16_000
"""Samples a second of scenes and of cameras before they are listened to."""

_FILTER_TAPS = 2048
"""Samples of a filter, 128 ms. Judgement: gains are then right down to about 30 Hz; more costs time."""


def convolve(wave: Wave, response: Wave) -> Wave:
    """Return the full linear convolution, `wave.size + response.size - 1` samples.

    By overlap-add: blocks that fit the processor's cache are several times as fast as one transform
    of minutes.
    """
    return np.asarray(oaconvolve(wave, response), np.float32)


def shape_spectrum(wave: Wave, hertz: list[float], levels_db: list[float]) -> Wave:
    """Return `wave` with a gain that is straight in decibels between points of rising frequency.

    No delay: a gain without phase is a symmetric filter, and the truth stays where it is.
    """
    axis = np.maximum(np.fft.rfftfreq(_FILTER_TAPS, 1 / RATE), 1.0)
    gain = 10 ** (np.interp(np.log(axis), np.log(hertz), levels_db) / 20)
    taps = (
        np.roll(np.fft.irfft(gain, _FILTER_TAPS), _FILTER_TAPS // 2)
        * np.hanning(_FILTER_TAPS + 1)[:_FILTER_TAPS]
    )
    return convolve(wave, taps.astype(np.float32))[_FILTER_TAPS // 2 :][: wave.size]


def band_pass(wave: Wave, low_hz: float, high_hz: float) -> Wave:
    """Return `wave` between two frequencies, 30 dB an octave down beyond them."""
    return shape_spectrum(
        wave, [low_hz / 4, low_hz / 2, low_hz, high_hz, 2 * high_hz, 4 * high_hz], [-60, -30, 0, 0, -30, -60]
    )


def measure_loudness(wave: Wave) -> float:
    """Return the RMS of what is not pause: of the blocks of 100 ms within 30 dB of the loudest."""
    blocks = wave[: wave.size // 1600 * 1600].reshape(-1, 1600)
    if blocks.size == 0:
        return float(np.sqrt(np.mean(np.square(wave)))) if wave.size else 0.0
    power = np.mean(np.square(blocks), axis=1)
    return float(np.sqrt(power[power >= 1e-3 * power.max()].mean()))


def set_loudness(wave: Wave, rms: float) -> Wave:
    """Return `wave` at a loudness; silence stays silence."""
    now = measure_loudness(wave)
    return wave * np.float32(rms / now) if now > 1e-7 else wave


def fit_length(wave: Wave, count: int) -> Wave:
    """Return exactly `count` samples: cut, or with silence behind."""
    return wave[:count] if wave.size >= count else np.pad(wave, (0, count - wave.size))


def fade_ends(wave: Wave, seconds: float = 0.01) -> Wave:
    """Return `wave` with soft ends, so that joins do not click."""
    count = min(int(seconds * RATE), wave.size // 2)
    out = wave.copy()
    if count:
        ramp = np.linspace(0, 1, count, dtype=np.float32)
        out[:count] *= ramp
        out[-count:] *= ramp[::-1]
    return out


def amplitude_from_db(level: float) -> float:
    """Return the factor of amplitude that a level in dB stands for."""
    return float(10 ** (level / 20))
