"""Decoded audio frames as float32 arrays, one row per channel, free of NaN and infinities."""

from __future__ import annotations

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

_FULL_SCALE = {"u1": 128.0, "i2": 32768.0, "i4": 2147483648.0}
"""Full scale of FFmpeg's integer sample formats, by numpy type: half of the type's range."""

_MAX_PLANES = 8
"""Planes from which on a planar frame must be converted first. PyAV (18.1) finds the planes of a frame by
the null pointer after them, and a frame of eight or more has none: PyAV reads past the end and
crashes (AAC 7.1)."""

_UNSUPPORTED_FORMATS = {"s64", "s64p"}
"""Sample formats that PyAV (18.1) cannot convert to an array."""

_MAX_LEVEL = 1000.0
"""60 dB over full scale. Judgement: float recorders do exceed full scale, but a larger value is a broken
sample. Much higher, its square overflows float32 and spoils a whole block of the transform."""


def floats_from_frame(frame: AudioFrame) -> NDArray[np.float32]:
    """Return a frame's samples as float32 (channels, samples), full scale 1.0.

    Values that are not finite or too large are returned as they are: see `zero_invalid_samples`.
    """
    array = _array_from_frame(frame)
    dtype = array.dtype.str[1:]
    if dtype in _FULL_SCALE:
        scale = np.float32(_FULL_SCALE[dtype])
        return (array.astype(np.float32) - (scale if dtype == "u1" else np.float32(0.0))) / scale
    with np.errstate(over="ignore"):  # doubles beyond float32 become infinite, and are zeroed later
        return array.astype(np.float32, copy=False)


def zero_invalid_samples(samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
    """Return `samples` with 0 for every invalid sample, and the number of invalid samples.

    A broken float track has NaN, infinities and values of any size. A single one of them would
    spoil a whole block of the transform.
    """
    # A comparison with NaN is false, so one comparison finds all three.
    if float(np.abs(samples).max(initial=0.0)) <= _MAX_LEVEL:
        return samples, 0
    usable = np.abs(samples) <= _MAX_LEVEL
    return np.where(usable, samples, np.float32(0.0)), int(samples.size - np.count_nonzero(usable))


def _array_from_frame(frame: AudioFrame) -> NDArray[np.generic]:
    channels = frame.layout.nb_channels
    if (frame.format.is_planar and channels >= _MAX_PLANES) or frame.format.name in _UNSUPPORTED_FORMATS:
        frame.pts = None
        (frame,) = AudioResampler(format="flt").resample(frame)
    array = frame.to_ndarray()
    return array if frame.format.is_planar else array.reshape(-1, channels).T
