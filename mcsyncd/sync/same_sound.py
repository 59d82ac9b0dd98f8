"""Tell when two clips hold one recording: a card in two cameras' folders, or a proxy beside its original."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from mcsyncd.sync.coarse_search import Line
from mcsyncd.sync.line_scoring import PEAK_REACH_SAMPLES
from mcsyncd.sync.match import Match
from mcsyncd.sync.recording import Recording
from mcsyncd.sync.whitening import WhitenedChannel
from mcsyncd.sync.window_correlation import (
    correlate_windows,
    slice_lags,
    spread_windows,
    transform_windows,
)

_MAX_DURATION_MISS_US = 200_000
"""Microseconds by which the clips' lengths may differ. Judgement: a proxy loses a few frames; two cameras are
started and stopped apart by a person."""
_MAX_OFFSET_S = 0.1
"""Seconds between the clips' beginnings. Judgement: codecs delay a proxy's sound by up to 50 ms."""
_MAX_SLOPE = 0.5e-6
"""Relative. One clock made both, so nothing drifts; two crystals are parts per million apart."""
_MIN_LIKENESS = 0.6
"""Median over windows of the share of whitened energy in common. Measured on eight sessions: proxies in AAC
have 0.66 to 0.78 at 32 kbit/s and 0.87 to 0.93 at 64; two cameras in a room have 0.1, with 10 dB of noise of
their own 0.5 to 0.6, on one clean feed 0.9 and more: those are told by length, place and clock. Higher misses
proxies."""

_MAX_ROUGH_MISS_S = 0.1
"""Seconds by which a place may err that comes by way of other recordings. Judgement: as far as links may miss
(`pair_choice.py`)."""
_LIKENESS_WINDOWS = 8
"""Windows. Judgement: enough to tell 0.3 from 0.6; a pair that passes is measured with all."""


def is_same_sound(one: Recording, other: Recording, match: Match) -> bool:
    """Whether both clips are one recording, by length, place, clock and sound; whatever was encoded anew."""
    if abs(one.duration_us - other.duration_us) > _MAX_DURATION_MISS_US:
        return False
    start_s = (one.start_us - other.start_us) / 1e6 + match.line.offset_s
    if abs(start_s) > _MAX_OFFSET_S or abs(match.line.slope) > _MAX_SLOPE:
        return False
    near = np.abs(match.correlations.coefficient[:, slice_lags(PEAK_REACH_SAMPLES)]).max(axis=1)
    return float(np.median(near)) > _MIN_LIKENESS


def could_be_same_sound(one: Recording, other: Recording, line: Line) -> bool:
    """Whether the lengths and about the places of two clips are those of one recording."""
    if abs(one.duration_us - other.duration_us) > _MAX_DURATION_MISS_US:
        return False
    return abs((one.start_us - other.start_us) / 1e6 + line.offset_s) <= _MAX_OFFSET_S + _MAX_ROUGH_MISS_S


def measure_likeness(x: Sequence[WhitenedChannel], y: Sequence[WhitenedChannel], line: Line) -> float:
    """Return the share of whitened energy in common near a line: the median of a few windows, 0..1.

    Of the two channels that have most in common.
    """
    return max(_measure_channel_likeness(one, other, line) for one, other in product(x, y))


def _measure_channel_likeness(x: WhitenedChannel, y: WhitenedChannel, line: Line) -> float:
    windows = spread_windows(line, x.samples, y.samples, _LIKENESS_WINDOWS)
    if windows.starts.size == 0:
        return 0.0
    coefficient = correlate_windows(x, line, transform_windows(y, windows)).coefficient
    return float(np.median(np.abs(coefficient).max(axis=1)))
