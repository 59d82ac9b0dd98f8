"""Find the 80-bit words of linear timecode in a stream of bits and read them (SMPTE ST 12-1)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mcsyncd.listen.ltc.demodulate import BitStream

WORD_BITS = 80
"""Bits of a word: one frame."""
_SYNC = np.array([0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1], np.uint8)
"""The last 16 bits of a word. Backwards they differ, which tells the direction."""
_UNITS = ((0, 4), (8, 2), (16, 4), (24, 3), (32, 4), (40, 3), (48, 4), (56, 2))
"""First bit and width of the digits: frames, seconds, minutes, hours, each its units and then its tens."""
_DROP_FRAME_BIT = 10
_USER_BITS = (4, 12, 20, 28, 36, 44, 52, 60)
"""First bits of the eight user groups, of four bits each."""


@dataclass(frozen=True, slots=True)
class LtcWord:
    """One word: the label of a frame, and where it lies.

    `begin` is where its first bit begins, in samples at 8 kHz; played backwards, where that bit ends.
    It lasts `samples`. `user_bits` are 32 bits, the first group lowest. `boundary_share` is that of its
    stream.
    """

    hours: int
    minutes: int
    seconds: int
    frames: int
    drop_frame: bool
    user_bits: int
    begin: float
    samples: float
    reverse: bool
    boundary_share: float

    def shift(self, by: float) -> LtcWord:
        """Return the word `by` samples later."""
        return replace(self, begin=self.begin + by)


def find_words(stream: BitStream) -> list[LtcWord]:
    """Return the words in `stream`, in order of time. A word whose label cannot exist is left out."""
    words = []
    for reverse, pattern in ((False, _SYNC), (True, _SYNC[::-1])):
        for at in _find_pattern(stream.values, pattern):
            begin = at if reverse else at + _SYNC.size - WORD_BITS
            if begin < 0 or begin + WORD_BITS > stream.values.size:
                continue
            bits = stream.values[begin : begin + WORD_BITS]
            edge = stream.first + stream.period * (begin + (WORD_BITS if reverse else 0))
            word = _read_word(bits[::-1] if reverse else bits, stream, edge, reverse=reverse)
            if word is not None:
                words.append(word)
    return sorted(words, key=lambda word: word.begin)


def _find_pattern(bits: NDArray[np.uint8], pattern: NDArray[np.uint8]) -> list[int]:
    if bits.size < pattern.size:
        return []
    views = np.lib.stride_tricks.sliding_window_view(bits, pattern.size)
    return np.flatnonzero((views == pattern).all(axis=1)).tolist()


def _read_word(bits: NDArray[np.uint8], stream: BitStream, begin: float, *, reverse: bool) -> LtcWord | None:
    digits = [_read_number(bits, at, width) for at, width in _UNITS]
    frames, seconds, minutes, hours = (
        units + 10 * tens for units, tens in zip(digits[::2], digits[1::2], strict=True)
    )
    if max(digits[::2]) > 9 or hours > 23 or minutes > 59 or seconds > 59 or frames > 29:
        return None
    return LtcWord(
        hours,
        minutes,
        seconds,
        frames,
        drop_frame=bool(bits[_DROP_FRAME_BIT]),
        user_bits=sum(_read_number(bits, at, 4) << (4 * group) for group, at in enumerate(_USER_BITS)),
        begin=begin,
        samples=stream.period * WORD_BITS,
        reverse=reverse,
        boundary_share=stream.boundary_share,
    )


def _read_number(bits: NDArray[np.uint8], at: int, width: int) -> int:
    return int(np.dot(bits[at : at + width], 1 << np.arange(width)))
