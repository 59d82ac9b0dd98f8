"""A clock that changes its rate, as the samples of analysis audio see it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsyncd.model.drift_curve import DriftCurve
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ClockBend:
    """By how many samples an even clock is ahead: `shifts` at its sample numbers `places`, linear between.

    Both have shape (knots,).
    """

    places: Values
    shifts: Values

    def locate_samples(self, numbers: Values) -> Values:
        """Return where in the recording the samples `numbers` of an even clock are; fractions count."""
        return np.asarray(numbers - np.interp(numbers, self.places, self.shifts), np.float64)


def bend_from_curve(curve: DriftCurve, start_us: int) -> ClockBend:
    """Return a clip's curve on the scale of its analysis audio, whose sample 0 is at `start_us`."""
    per_us = ANALYSIS_RATE_HZ / 1e6
    shifts = np.array([knot.shift_us for knot in curve]) * per_us
    recorded = np.array([knot.clip_us - start_us for knot in curve]) * per_us
    return ClockBend(recorded + shifts, shifts)
