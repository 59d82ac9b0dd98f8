"""Fourier transforms of real audio in single precision.

numpy's, not scipy's: both are pocketfft (Reinecke), and for hours of audio the solver takes the same
time with either. Importing `scipy.fft` would add 18 % to a short run (ADR 13).
"""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float32]
Spectrum = NDArray[np.complex64]


def compute_spectrum(signal: NDArray[np.floating[Any]], size: int) -> Spectrum:
    """Return the transform of the last axis, zero-padded to `size` samples: shape (..., size // 2 + 1).

    numpy computes float32 in double precision, at twice the cost, unless it has to scale the result.
    So it is asked to scale, and the scaling is undone.
    """
    spectrum = np.asarray(np.fft.rfft(signal, size, norm="forward"), np.complex64)
    spectrum *= np.float32(size)
    return spectrum


def invert_spectrum(spectrum: Spectrum, size: int) -> Signal:
    """Return the inverse transform: `size` samples along the last axis."""
    return np.asarray(np.fft.irfft(spectrum, size), np.float32)


def build_phase_ramps(fractions: NDArray[np.float64], size: int) -> Spectrum:
    """Return the factors that move windows of `size` samples to earlier by `fractions` of a sample.

    Shape (fractions, size // 2 + 1). exp(i(a + b)) = exp(ia) exp(ib), so a root of the bins' number of
    exponentials is enough for each: 129 for 4097 bins.
    """
    bins = size // 2 + 1
    stride = isqrt(bins)
    turn = 2j * np.pi / size * fractions[:, None]
    high = np.exp(turn * np.arange(0, bins, stride)).astype(np.complex64)
    low = np.exp(turn * np.arange(stride)).astype(np.complex64)
    ramps: Spectrum = (high[:, :, None] * low[:, None, :]).reshape(fractions.size, -1)
    return ramps[:, :bins]


def choose_fft_size(min_size: int) -> int:
    """Return the smallest size >= `min_size` that is a power of two, or three or five times one.

    Sizes with more factors of three and five come closer to `min_size` and cost more: 262 440
    samples take 4.7 ms (four transforms together), 245 760 take 2.6 ms.
    """
    return min(factor << _count_doublings(min_size, factor) for factor in (1, 3, 5))


def _count_doublings(min_size: int, factor: int) -> int:
    return (-(-min_size // factor) - 1).bit_length()
