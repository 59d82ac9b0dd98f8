"""The true frame rate, measured from the times of the frames. Pure.

The average rate that a file declares is not reliable: phones write 29.986 for 29.97, and a single
long pause changes it arbitrarily. The intervals between frames tell what the camera did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median_low

TYPICAL_TOLERANCE = Fraction(1, 5)
"""Relative deviation from the median up to which an interval counts towards the rate. Judgement: a phone's
jitter is within it, a pause or a slow-motion part is not. Higher, pauses falsify the rate."""

CONSTANT_RATE_TOLERANCE = Fraction(1, 50)
"""Relative deviation from the median above which the rate is variable. Judgement: lower, rounded times
count as variable; higher, a phone's variable rate is treated as constant and its frames drift."""

_CLOCK_GRAIN = Fraction(1)
"""Deviation in units of the time base that is always allowed: the rounding of Matroska's milliseconds or an
iPhone's 1/600 s."""


@dataclass(frozen=True, slots=True)
class FrameIntervals:
    """Measured frames per second, whether the intervals vary, and the extreme intervals in seconds.

    `uncertainty` is that of the rate, relative: what the clock's grain makes of so many frames.
    """

    rate: Fraction
    variable: bool
    shortest: Fraction
    longest: Fraction
    uncertainty: Fraction


def measure_frame_intervals(times: Sequence[int], time_base: Fraction) -> FrameIntervals | None:
    """Measure the intervals between frames.

    `times` are presentation times in ascending order, in units of `time_base` seconds. Returns None
    if there are fewer than two different times.
    """
    intervals = [later - earlier for earlier, later in pairwise(times) if later > earlier]
    if not intervals:
        return None
    median = median_low(intervals)
    regular = [
        interval
        for interval in intervals
        if abs(interval - median) <= max(_CLOCK_GRAIN, TYPICAL_TOLERANCE * median)
    ]
    variable = any(
        abs(interval - median) > max(_CLOCK_GRAIN, CONSTANT_RATE_TOLERANCE * median) for interval in intervals
    )
    return FrameIntervals(
        rate=len(regular) / (sum(regular) * time_base),
        variable=variable,
        shortest=min(intervals) * time_base,
        longest=max(intervals) * time_base,
        uncertainty=_CLOCK_GRAIN / sum(regular),
    )
