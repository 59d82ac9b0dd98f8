"""A clip's clock on another clock, in exact seconds: the line of its drift, and its curve. Pure."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction

from mcsyncd.model.drift_curve import DriftCurve, DriftKnot, compute_shift_us

_US = 1_000_000
"""Microseconds in a second."""


@dataclass(frozen=True, slots=True)
class ClipClock:
    """`other = zero_s + ratio * clip + shift(clip)`, in exact seconds. The default is the clip's own clock.

    `curve` is one that `drift_curve.check_curve` accepts, so that the clock never runs backwards.
    """

    zero_s: Fraction = Fraction(0)
    ratio: Fraction = Fraction(1)
    curve: DriftCurve = ()

    @classmethod
    def from_drift(cls, zero_us: int, drift_ppm: float, curve: DriftCurve = ()) -> ClipClock:
        """Build a clock from the values in an alignment or a rendition."""
        return cls(Fraction(zero_us, _US), compute_clock_ratio(drift_ppm), curve)

    def convert_from_clip(self, clip_s: Fraction) -> Fraction:
        """Return the other clock's time at a clip time."""
        on_line = self.zero_s + clip_s * self.ratio
        return on_line + compute_shift_us(self.curve, clip_s * _US) / _US if self.curve else on_line

    def convert_to_clip(self, other_s: Fraction) -> Fraction:
        """Return the clip time at a time of the other clock."""
        shift_us = 0
        if self.curve:
            after = bisect_right(self.curve, other_s, key=self._convert_knot)
            if 0 < after < len(self.curve):
                return self._interpolate_clip_time(self.curve[after - 1], self.curve[after], other_s)
            shift_us = self.curve[min(after, len(self.curve) - 1)].shift_us
        return (other_s - self.zero_s - Fraction(shift_us, _US)) / self.ratio

    def _interpolate_clip_time(self, before: DriftKnot, after: DriftKnot, other_s: Fraction) -> Fraction:
        begin_s, end_s = self._convert_knot(before), self._convert_knot(after)
        share = (other_s - begin_s) / (end_s - begin_s)
        return (before.clip_us + share * (after.clip_us - before.clip_us)) / _US

    def _convert_knot(self, knot: DriftKnot) -> Fraction:
        return self.zero_s + Fraction(knot.clip_us, _US) * self.ratio + Fraction(knot.shift_us, _US)


def compute_clock_ratio(drift_ppm: float) -> Fraction:
    """Return the other clock's time over the clip's.

    The drift is rounded to a millionth of a ppm (4 ns per hour). Anything finer is noise, and would make
    the fractions long.
    """
    return 1 + Fraction(round(drift_ppm * 1_000_000), 1_000_000_000_000)
