"""A camera's clock: the scene sampled where the camera's own samples fall."""

from __future__ import annotations

import numpy as np

from calibration.signals import Wave

_TAPS = 32
"""Samples of the interpolating sinc; flat to 7 kHz, above the band that is analysed."""
_FILTER_SHARED_SAMPLES = 128
"""Samples that share a filter. At 1000 ppm the clock runs 8 us in 128 samples."""


def sample_at_clock(wave: Wave, start: float, slope: float, count: int) -> Wave:
    """Return `count` samples at the places `start + n * (1 + slope)` of `wave`; silence outside it.

    Interpolated by a windowed sinc of 32 taps, flat to 7 kHz. The place is exact at the middle of
    every 128 samples, which is within 4 us of exact everywhere at 1000 ppm.
    """
    # Without drift every sample lies at the same fraction, and one filter does.
    step = _FILTER_SHARED_SAMPLES if slope else count
    steps = -(-count // step)
    middles = start + (np.arange(steps) * step + (step - 1) / 2) * (1 + slope) - (step - 1) / 2
    whole = np.floor(middles).astype(np.int64)
    taps = np.arange(1 - _TAPS // 2, _TAPS // 2 + 1)
    apart = taps - (middles - whole)[:, None]
    window = np.cos(np.pi / 2 * np.clip(apart / (_TAPS / 2), -1, 1)) ** 2
    filters = (np.sinc(apart) * window).astype(np.float32)
    firsts = whole + taps[0]
    padded = _cut_padded(wave, int(firsts[0]), int(whole[-1]) + step + int(taps[-1]))
    firsts -= firsts[0]
    pieces = [
        np.correlate(padded[first : first + step + _TAPS - 1], taper)
        for first, taper in zip(firsts, filters, strict=True)
    ]
    return np.concatenate(pieces)[:count]


def _cut_padded(wave: Wave, first: int, last: int) -> Wave:
    """Return samples `first` to `last`, with silence where there is no wave."""
    inside = wave[max(0, first) : max(0, last)]
    before = max(0, min(-first, last - first))
    return np.pad(inside, (before, last - first - before - inside.size))
