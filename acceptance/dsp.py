"""Small signal tools that the rooms, the microphones and the clocks share. All sound is mono float32."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Sound = npt.NDArray[np.float32]

RATE = 48_000
"""Samples a second of all sound until it is written."""

_TAPS = 24
_PHASES = 1024
_CHUNK = 1 << 17


def from_db(level: float) -> float:
    """Return the factor of a level in decibels."""
    return float(10 ** (level / 20))


def scale_to(sound: Sound, level_db: float) -> Sound:
    """Return the sound with this RMS level against full scale; pauses do not count."""
    power = np.square(sound[: sound.size // 480 * 480].reshape(-1, 480), dtype=np.float64).mean(1)
    loud = power[power > power.max(initial=0.0) * 1e-3]
    rms = float(np.sqrt(loud.mean())) if loud.size else 0.0
    return sound if rms == 0 else (sound * np.float32(from_db(level_db) / rms)).astype(np.float32)


def convolve(sound: Sound, response: Sound) -> Sound:
    """Return the sound through a causal response, cut to the sound's length."""
    size = 1 << int(np.ceil(np.log2(max(4 * response.size, _CHUNK))))
    step = size - response.size + 1
    spectrum = np.fft.rfft(response, size)
    out = np.zeros(sound.size + size, np.float32)
    for at in range(0, sound.size, step):
        part = np.fft.irfft(np.fft.rfft(sound[at : at + step], size) * spectrum, size)
        out[at : at + size] += part.astype(np.float32)
    return out[: sound.size]


def shape(frequencies: npt.ArrayLike, gains_db: npt.ArrayLike, size: int = 4096, rate: int = RATE) -> Sound:
    """Return the minimum-phase response of half `size` taps that has these gains at these frequencies."""
    grid = np.fft.rfftfreq(size, 1 / rate)
    log = np.interp(np.log(grid + 1.0), np.log(np.asarray(frequencies) + 1.0), np.asarray(gains_db))
    cepstrum = np.fft.irfft(log * (np.log(10) / 20), size)
    fold = np.zeros(size)
    fold[0] = fold[size // 2] = 1.0
    fold[1 : size // 2] = 2.0
    response = np.fft.irfft(np.exp(np.fft.rfft(cepstrum * fold)), size)
    return response[: size // 2].astype(np.float32)


def band(low_hz: float, high_hz: float, slope_db: float = 24.0) -> Sound:
    """Return a band-pass with a slope in decibels an octave on both sides."""
    octaves = slope_db * np.log2(8)
    return shape([low_hz / 8, low_hz, high_hz, high_hz * 8], [-octaves, 0, 0, -octaves])


def read_at(sound: Sound, positions: npt.NDArray[np.float64]) -> Sound:
    """Return the sound at fractional sample positions by a windowed sinc; outside of it is silence."""
    reach = np.arange(_TAPS) - (_TAPS // 2 - 1)
    steps = np.arange(_PHASES + 1)[:, None] / _PHASES
    kernel = (np.sinc(reach - steps)).astype(np.float64)
    kernel *= np.cos(np.pi * np.clip((reach - steps) / _TAPS, -0.5, 0.5)) ** 2
    kernel32 = kernel.astype(np.float32)
    padded = np.pad(sound, _TAPS)
    out = np.zeros(positions.size, np.float32)
    for begin in range(0, positions.size, _CHUNK):
        place = positions[begin : begin + _CHUNK]
        whole = np.floor(place)
        phase = np.rint((place - whole) * _PHASES).astype(np.int64)
        first = np.clip(whole, -_TAPS // 2, sound.size + _TAPS // 2 - 1).astype(np.int64) + _TAPS
        total = np.zeros(place.size, np.float32)
        for tap, shift in enumerate(reach):
            total += padded[np.clip(first + shift, 0, padded.size - 1)] * kernel32[phase, tap]
        out[begin : begin + _CHUNK] = total
    return out


def stretch(sound: Sound, speed: float) -> Sound:
    """Return the sound played `speed` times as fast, with its pitch, as a tape does."""
    return read_at(sound, np.arange(int(sound.size / speed), dtype=np.float64) * np.float64(speed))


def add_at(total: Sound, sound: Sound, begin: int) -> None:
    """Add a sound to `total` from sample `begin` on, as far as it lies inside."""
    first, last = max(begin, 0), min(begin + sound.size, total.size)
    if first < last:
        total[first:last] += sound[first - begin : last - begin]


def fade(sound: Sound, seconds: float = 0.01) -> Sound:
    """Return the sound with short fades at both ends."""
    count = min(int(seconds * RATE), sound.size // 2)
    ramp = np.linspace(0, 1, count, dtype=np.float32)
    faded = sound.copy()
    faded[:count] *= ramp
    faded[faded.size - count :] *= ramp[::-1]
    return faded


def hiss(rng: np.random.Generator, seconds: float, tilt_db: float = -3.0) -> Sound:
    """Return noise that falls by `tilt_db` an octave, with an RMS of about -20 dB."""
    count = round(seconds * RATE)
    white = rng.standard_normal(count, dtype=np.float32)
    edges = np.geomspace(20, 20_000, 32)
    coloured = convolve(white, shape(edges, tilt_db * np.log2(edges / 1000)))
    return scale_to(coloured, -20.0)
