"""Cost and errors of audio that follows a drift curve."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from mcsyncd.conform.curve_resampler import CurveResampler
from mcsyncd.conform.grid import SAMPLE_RATE, Grid
from mcsyncd.model.drift_curve import DriftKnot
from mcsyncd.model.rate import Rate

_TONES_HZ = (997, 10_000, 15_000, 20_000, 21_000)
_SLOPES_PPM = (20, 200)
_TONE_S = 6
_BLOCK = 1024
"""Samples that are passed at once: about what a decoder yields."""
_EDGE = 64
"""Samples at both ends of a tone, which is mirrored there, that no error is read from."""


def run(minutes: float) -> None:
    """Print the CPU of an hour of stereo, from so many minutes of noise, and the errors of tones."""
    noise = np.random.default_rng(1).normal(0, 0.1, (round(minutes * 60 * SAMPLE_RATE), 2)).astype(np.float32)
    knots = tuple(DriftKnot(n * 60_000_000, n % 2 * 1000) for n in range(round(minutes) + 2))
    began = time.process_time()
    _resample(noise, knots)
    print(f"stereo, a knot a minute: {(time.process_time() - began) * 60 / minutes:.0f} CPU-s an hour")
    for slope_ppm in _SLOPES_PPM:
        errors = ", ".join(f"{_measure_error_db(hz, slope_ppm):.1f} dB at {hz} Hz" for hz in _TONES_HZ)
        print(f"errors of a tone along {slope_ppm} ppm: {errors}")


def _measure_error_db(hz: int, slope_ppm: int) -> float:
    """Return the power of the error over that of the tone, in decibels, away from knots and ends."""
    knots = (DriftKnot(0, 0), DriftKnot(_TONE_S * 1_000_000, _TONE_S * slope_ppm))
    own_s = np.arange(_TONE_S * SAMPLE_RATE) / SAMPLE_RATE
    heard = _resample(np.sin(2 * np.pi * hz * own_s)[:, None].astype(np.float32), knots)[:, 0]
    meant_s = np.arange(len(heard)) / SAMPLE_RATE / (1 + slope_ppm * 1e-6)
    wrong = (heard - np.sin(2 * np.pi * hz * meant_s))[_EDGE:-_EDGE]
    return float(10 * np.log10(2 * np.mean(np.square(wrong))))


def _resample(samples: NDArray[np.float32], knots: tuple[DriftKnot, ...]) -> NDArray[np.float32]:
    resampler = CurveResampler(Grid.from_drift(Rate(25), 0, 0.0, knots), 0)
    made = []
    for at in range(0, len(samples), _BLOCK):
        made += [block for _, block in resampler.resample_block(samples[at : at + _BLOCK])]
    return np.concatenate([*made, *(block for _, block in resampler.flush())])
