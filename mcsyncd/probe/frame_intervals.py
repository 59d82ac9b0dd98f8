"""The true picture rate, from the times of the pictures. Pure.

What a file declares as its average is not the rate: phones write 29.986 where they mean 29.97,
and one long pause makes it anything. The steps between pictures tell what the camera did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median_low

TYPICAL_TOLERANCE = Fraction(1, 5)
"""A step within a fifth of the median is one the camera meant; a pause or a slow stretch is not."""

CONSTANT_RATE_TOLERANCE = Fraction(1, 50)
"""Steps that differ by more than this part (and by more than the clock's grain) are a variable rate."""

_CLOCK_GRAIN = Fraction(1)


@dataclass(frozen=True, slots=True)
class FrameIntervals:
    """What the steps say: pictures a second as measured, whether they vary, and the extremes in seconds."""

    rate: Fraction
    variable: bool
    shortest: Fraction
    longest: Fraction


def measure_frame_intervals(times: Sequence[int], time_base: Fraction) -> FrameIntervals | None:
    """Measure picture times (presentation, in order, in units of `time_base` seconds).

    Returns None for fewer than two different times. A step that is off by one unit is the
    grain of the clock (Matroska's millisecond, an iPhone's 1/600 s), not a variable rate.
    """
    steps = [later - earlier for earlier, later in pairwise(times) if later > earlier]
    if not steps:
        return None
    typical = median_low(steps)
    meant = [step for step in steps if abs(step - typical) <= max(_CLOCK_GRAIN, TYPICAL_TOLERANCE * typical)]
    variable = any(
        abs(step - typical) > max(_CLOCK_GRAIN, CONSTANT_RATE_TOLERANCE * typical) for step in steps
    )
    return FrameIntervals(
        rate=len(meant) / (sum(meant) * time_base),
        variable=variable,
        shortest=min(steps) * time_base,
        longest=max(steps) * time_base,
    )
