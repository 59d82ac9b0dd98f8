"""Linear timecode as sound, written from SMPTE ST 12-1: 80 bits a frame, in biphase mark.

Every bit begins with a change of level; a one has another change in its middle. The first edge of bit 0
falls on the frame it names. The sync word closes the frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from acceptance.dsp import Sound, from_db

_BITS = 80
_SYNC = (0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1)
_DROP_FLAG, _PARITY_25, _PARITY_OTHER = 10, 59, 27
_TENS = ((0, 4, 8, 2), (16, 4, 24, 3), (32, 4, 40, 3), (48, 4, 56, 2))
"""Frames, seconds, minutes, hours: the bit and width of the units, the bit and width of the tens."""


@dataclass(frozen=True, slots=True)
class Timecode:
    """How a clock counts: frames a second, the frames it counts to, and whether it drops labels."""

    rate: Fraction
    nominal: int
    drop: bool = False

    def label(self, frame: int) -> tuple[int, int, int, int]:
        """Return hours, minutes, seconds and frames of a count since midnight."""
        if self.drop:
            tens, rest = divmod(frame, 17_982)  # frames in ten minutes
            frame += 18 * tens + (2 * ((rest - 2) // 1798) if rest >= 2 else 0)
        seconds, frames = divmod(frame, self.nominal)
        return seconds // 3600 % 24, seconds // 60 % 60, seconds % 60, frames

    def text(self, frame: int) -> str:
        """Return a label as it is written, with a semicolon where labels are dropped."""
        hours, minutes, seconds, frames = self.label(frame)
        return f"{hours:02}:{minutes:02}:{seconds:02}{';' if self.drop else ':'}{frames:02}"


TC24 = Timecode(Fraction(24), 24)
TC25 = Timecode(Fraction(25), 25)
TC2997 = Timecode(Fraction(30_000, 1001), 30, drop=True)
TC30 = Timecode(Fraction(30), 30)
TIMECODES = (TC24, TC25, TC2997, TC30)


def write_word(timecode: Timecode, frame: int) -> list[int]:
    """Return the 80 bits of one frame."""
    bits = [0] * 64 + list(_SYNC)
    for value, (units, wide, tens, narrow) in zip(reversed(timecode.label(frame)), _TENS, strict=True):
        bits[units : units + wide] = [value % 10 >> place & 1 for place in range(wide)]
        bits[tens : tens + narrow] = [value // 10 >> place & 1 for place in range(narrow)]
    bits[_DROP_FLAG] = int(timecode.drop)
    if bits.count(0) % 2:  # an even number of zeros lets every word begin with the same edge
        bits[_PARITY_25 if timecode.nominal == 25 else _PARITY_OTHER] = 1
    return bits


def write_sound(timecode: Timecode, clock_s: npt.NDArray[np.float64], level_db: float = -12.0) -> Sound:
    """Return the level of timecode at these instants of its clock, in rising seconds since midnight."""
    halves = clock_s * float(timecode.rate) * _BITS * 2
    first = int(halves[0] // (2 * _BITS))
    last = int(halves[-1] // (2 * _BITS))
    bits = np.array([write_word(timecode, frame) for frame in range(first, last + 1)]).reshape(-1)
    changes = np.ones((bits.size, 2), np.int64)
    changes[:, 1] = bits
    levels = 1.0 - 2.0 * (np.cumsum(changes.reshape(-1)) % 2)
    square = levels[np.clip(np.floor(halves).astype(np.int64) - first * 2 * _BITS, 0, levels.size - 1)]
    rounded = np.convolve(square, np.array([0.25, 0.5, 0.25]), "same")
    return (rounded * from_db(level_db)).astype(np.float32)
