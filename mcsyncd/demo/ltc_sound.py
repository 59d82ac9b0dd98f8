"""Linear timecode as sound, after the tables of SMPTE ST 12-1: any rate, speed and direction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mcsyncd.model.rate import Rate
from mcsyncd.model.timecode import Timecode

Samples = NDArray[np.float64]
_SYNC = [0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1]
_PLACES = {0: "frames", 16: "seconds", 32: "minutes", 48: "hours"}


def encode_word(label: Timecode, rate: Rate, user_bits: int = 0) -> list[int]:
    """Return the 80 bits of a frame's word, with the polarity bit that evens the ones."""
    bits = [0] * 64 + _SYNC
    for at, name in _PLACES.items():
        tens, units = divmod(getattr(label, name), 10)
        for bit in range(4):
            bits[at + bit] = units >> bit & 1
        for bit in range(3 if at in {16, 32} else 2):
            bits[at + 8 + bit] = tens >> bit & 1
    bits[10] = int(label.drop_frame)
    for group in range(8):
        for bit in range(4):
            bits[4 + 8 * group + bit] = user_bits >> (4 * group + bit) & 1
    bits[59 if rate.fraction == 25 else 27] = sum(bits) % 2
    return bits


def synthesize_ltc(
    first: Timecode,
    rate: Rate,
    seconds: float,
    *,
    sample_rate: int = 48_000,
    speed: float = 1.0,
    reverse: bool = False,
    lead_s: float = 0.0,
    user_bits: int = 0,
    jump_s: Sequence[tuple[float, int]] = (),
) -> Samples:
    """Return LTC at a level of ±1; the frame `first` begins at `lead_s`, before it there is silence.

    `jump_s` are times after the lead, and by how many frames the label jumps there. Backwards, the
    labels fall from `first` on.
    """
    bit_samples = sample_rate / (float(rate.fraction) * 80 * speed)
    words = int(np.ceil(seconds * float(rate.fraction) * speed)) + 1
    number, bits = first.to_frame_number(rate), []
    jumps = sorted(jump_s)
    for word in range(words):
        time_s = word / (float(rate.fraction) * speed)
        while jumps and time_s >= jumps[0][0]:
            number += jumps.pop(0)[1]
        label = Timecode.from_frame_number(number, rate, drop_frame=first.drop_frame)
        encoded = encode_word(label, rate, user_bits)
        bits += encoded[::-1] if reverse else encoded
        number += -1 if reverse else 1
    flips = np.array([[1, bit] for bit in bits]).ravel()
    level = np.where(np.cumsum(flips) % 2, 1.0, -1.0)
    # Sample the halves exactly: the mean over each sample, so that edges keep their time between samples.
    edges = np.arange(flips.size + 1) * bit_samples / 2 + lead_s * sample_rate
    total = np.concatenate([[0.0], np.cumsum(level * np.diff(edges))])
    count = int(seconds * sample_rate)
    return np.diff(np.interp(np.arange(count + 1), edges, total))
