"""A decoded frame as numbers: float32, a row for each channel, and nothing that is not a number."""

from __future__ import annotations

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

_FULL_SCALE = {"u1": 128.0, "i2": 32768.0, "i4": 2147483648.0}

_MAX_PLANES = 8
"""PyAV (18.1) finds the planes of a frame by looking for the empty pointer after them, and a frame
of eight planes or more has none: it reads on into whatever lies behind, and crashes (AAC 7.1)."""

_UNSUPPORTED_FORMATS = {"s64", "s64p"}
"""Sample formats that PyAV makes no array of."""

_MAX_LEVEL = 1000.0
"""60 dB over full scale. A float recorder does go over; what claims more is broken, and its square
would not fit into a float."""


def floats_from_frame(frame: AudioFrame) -> NDArray[np.float32]:
    """Return a frame's samples as float32 (channels, samples), full scale 1.0.

    What is not a number, or beyond all loudness, stays as it is in the file: see `mended`.
    """
    raw = _array_from_frame(frame)
    kind = raw.dtype.str[1:]
    if kind in _FULL_SCALE:
        scale = np.float32(_FULL_SCALE[kind])
        return (raw.astype(np.float32) - (scale if kind == "u1" else np.float32(0.0))) / scale
    with np.errstate(over="ignore"):  # beyond float32 it becomes infinite, which `mended` sees
        return raw.astype(np.float32, copy=False)


def zero_invalid_samples(samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
    """Return `sound` with 0 for every sample that is not a usable number, and how many there were.

    A broken float track carries NaN, infinities and numbers of any size. One of them would spoil
    a whole block of the transform.
    """
    # A comparison with NaN is false, so that one look finds all three.
    if float(np.abs(samples).max(initial=0.0)) <= _MAX_LEVEL:
        return samples, 0
    usable = np.abs(samples) <= _MAX_LEVEL
    return np.where(usable, samples, np.float32(0.0)), int(samples.size - np.count_nonzero(usable))


def _array_from_frame(frame: AudioFrame) -> NDArray[np.generic]:
    channels = frame.layout.nb_channels
    if (frame.format.is_planar and channels >= _MAX_PLANES) or frame.format.name in _UNSUPPORTED_FORMATS:
        frame.pts = None
        (frame,) = AudioResampler(format="flt").resample(frame)
    raw = frame.to_ndarray()
    return raw if frame.format.is_planar else raw.reshape(-1, channels).T
