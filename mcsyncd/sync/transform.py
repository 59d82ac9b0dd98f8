"""Fourier transforms of real sound, in single precision.

numpy's, because importing scipy.fft costs 0.3 s of the second and a half that a short clip may
take from the start of the process to the answer. Both are pocketfft (Reinecke).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float32]
Spectrum = NDArray[np.complex64]


def compute_spectrum(sound: NDArray[np.floating[Any]], size: int) -> Spectrum:
    """Return the transform of the last axis, padded with zeros to `size` samples.

    numpy goes through double precision, at twice the cost, where it has nothing to scale by: so it
    is made to scale, which is then undone.
    """
    spectrum = np.asarray(np.fft.rfft(sound, size, norm="forward"), np.complex64)
    spectrum *= np.float32(size)
    return spectrum


def invert_spectrum(spectrum: Spectrum, size: int) -> Signal:
    """The inverse: `size` samples along the last axis."""
    return np.asarray(np.fft.irfft(spectrum, size), np.float32)


def choose_fft_size(min_size: int) -> int:
    """Return the smallest size from `least` on that is a power of two, or three or five times one.

    More threes and fives would come nearer, at twice the cost: 262 440 samples take 4.7 ms (four
    together) where 245 760 take 2.6.
    """
    return min(factor << _count_doublings(min_size, factor) for factor in (1, 3, 5))


def _count_doublings(min_size: int, factor: int) -> int:
    return (-(-min_size // factor) - 1).bit_length()
