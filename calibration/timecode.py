"""Linear timecode as a sync box feeds it into a camera: SMPTE ST 12-1 at 25 frames a second."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calibration.signals import RATE, Wave

_FRAMES_PER_S = 25
_SYNC_BITS = (0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1)
_PLACES = ((0, 1), (16, _FRAMES_PER_S), (32, 60 * _FRAMES_PER_S), (48, 3600 * _FRAMES_PER_S))
"""Where a number begins in a word of 80 bits, and how many frames one of it lasts."""


def generate_ltc(count: int, label_s: float) -> Wave:
    """Return `count` samples at a level of 1 whose first frame has the time of day `label_s` as its label."""
    words = count * _FRAMES_PER_S // RATE + 2
    bits = np.concatenate([_encode_word(round(label_s * _FRAMES_PER_S) + word) for word in range(words)])
    halves = np.repeat(bits, 2)
    # The level changes where a bit begins, and in the middle of a one.
    halves[::2] = 1
    level = 1 - 2 * (np.cumsum(halves) % 2)
    places = np.arange(count) * (160 * _FRAMES_PER_S) // RATE
    return level[places].astype(np.float32)


def _encode_word(frame: int) -> NDArray[np.int64]:
    word = np.zeros(80, np.int64)
    word[64:] = _SYNC_BITS
    for (at, frames), limit in zip(_PLACES, (_FRAMES_PER_S, 60, 60, 24), strict=True):
        tens, units = divmod(frame // frames % limit, 10)
        word[at : at + 4] = [units >> bit & 1 for bit in range(4)]
        word[at + 8 : at + 11] = [tens >> bit & 1 for bit in range(3)]
    word[59] = word.sum() % 2
    return word
