"""Fourier transforms of real sound, in single precision.

numpy's, because importing scipy.fft costs 0.3 s of the second and a half that a short clip may
take from the start of the process to the answer. Both are pocketfft (Reinecke).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]
Spectrum = NDArray[np.complex64]


def spectrum_of(sound: NDArray[np.floating[Any]], size: int) -> Spectrum:
    """Return the transform of the last axis, padded with zeros to `size` samples.

    numpy goes through double precision, at twice the cost, where it has nothing to scale by: so it
    is made to scale, which is then undone.
    """
    spectrum = np.asarray(np.fft.rfft(sound, size, norm="forward"), np.complex64)
    spectrum *= np.float32(size)
    return spectrum


def sound_of(spectrum: Spectrum, size: int) -> Sound:
    """The inverse: `size` samples along the last axis."""
    return np.asarray(np.fft.irfft(spectrum, size), np.float32)


def fast_size(least: int) -> int:
    """Return the smallest size from `least` on with no prime factor above 5."""
    size = least
    while _rest(size) > 1:
        size += 1
    return size


def _rest(size: int) -> int:
    for prime in (2, 3, 5):
        while size % prime == 0:
            size //= prime
    return size
