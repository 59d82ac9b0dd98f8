"""Take out of a sound channel what leaks into it from a channel of timecode beside it.

A cable, a plug or a preamplifier passes a little of each channel to its neighbour. In pauses that is all
there is, and two cameras' timecodes correlate wherever their labels agree. A leak is what a short filter
makes of the timecode. The filter is fitted by least squares (Wiener), block after block, since an
automatic gain changes it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcsyncd.listen.resample import ANALYSIS_RATE

LEAK_BLOCK_SAMPLES = 8 * ANALYSIS_RATE
"""Samples that one filter is fitted to, 8 s. Shorter follows a gain faster and takes more of the sound: by
chance, the fit explains the number of taps over that of samples."""
_REACH_SAMPLES = 12
"""Samples that the filter reaches either way, 1.5 ms. Judgement: crosstalk is immediate, but an equaliser or
a converter may follow it. More fits more of the sound by chance."""
_MIN_SHARE = 1e-3
"""Share of the sound's power, -30 dB, from which a leak is one. Measured: of speech without a leak, the fit
explains 5e-4. Less is below the noise of most pauses."""
_MAX_BLOCKS_TRIED = 12
"""Blocks by which a channel is judged. Judgement: a leak is there all the time; more cost time."""
_REGULARISATION = 1e-3
"""Share of the timecode's power added to all frequencies: it has little below a kilohertz, where the filter
would otherwise be free. Judgement: lower lets the filter grow there, higher leaves a rest of the leak."""

Samples = NDArray[np.int16]
Sound = NDArray[np.float32]


def has_leak(channel: Samples, timecode: Samples) -> bool:
    """Whether `timecode` leaks into a channel; both at 8 kHz, from the same sample on."""
    blocks = max(1, channel.size // LEAK_BLOCK_SAMPLES)
    tried = np.unique(np.linspace(0, blocks - 1, min(blocks, _MAX_BLOCKS_TRIED)).astype(int))
    for begin in (tried * LEAK_BLOCK_SAMPLES).tolist():
        sound = channel[begin : begin + LEAK_BLOCK_SAMPLES].astype(np.float32)
        leak = _fit_leak(sound, timecode, begin)
        if float(leak @ leak) > _MIN_SHARE * float(sound @ sound) > 0.0:
            return True
    return False


def subtract_leak(sound: Sound, timecode: Samples, begin: int) -> Sound:
    """Return `sound`, which begins at sample `begin` of its channel, without the leak of `timecode`."""
    return sound - _fit_leak(sound, timecode, begin)


def _fit_leak(sound: Sound, timecode: Samples, begin: int) -> Sound:
    """Return what of `sound` a short filter can make of the timecode."""
    near = np.zeros(sound.size, np.float32)
    inside = timecode[begin : begin + sound.size]
    near[: inside.size] = inside
    size = 1 << (sound.size + 2 * _REACH_SAMPLES).bit_length()
    spectrum = np.fft.rfft(near, size)
    own = np.fft.irfft(np.abs(spectrum) ** 2, size)[: 2 * _REACH_SAMPLES + 1]
    if own[0] <= 0.0:
        return np.zeros_like(sound)
    shared = np.fft.irfft(np.fft.rfft(sound, size) * np.conj(spectrum), size)
    lags = np.arange(-_REACH_SAMPLES, _REACH_SAMPLES + 1)
    normal = own[np.abs(lags[:, None] - lags)] + _REGULARISATION * own[0] * np.eye(lags.size)
    taps = np.zeros(size)
    taps[lags] = np.linalg.solve(normal, shared[lags])
    leak: Sound = np.fft.irfft(np.fft.rfft(taps) * spectrum, size)[: sound.size].astype(np.float32)
    return leak
