"""A clip's clock and back again, with a line and with a curve."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from model.test_drift_curve import curves

from mcsyncd.model.clip_clock import ClipClock
from mcsyncd.model.drift_curve import DriftKnot

drifts_ppm = st.floats(-1000, 1000, allow_nan=False)
clocks = st.builds(
    ClipClock.from_drift, st.integers(-(10**10), 10**10), drifts_ppm, st.one_of(st.just(()), curves())
)
times = st.fractions(-10, 50_000, max_denominator=90_000)


@given(clocks, times)
def test_there_and_back_is_exact_from_either_side(clock, time):
    assert clock.convert_to_clip(clock.convert_from_clip(time)) == time
    assert clock.convert_from_clip(clock.convert_to_clip(time)) == time


@given(clocks, times, times)
def test_a_clock_never_runs_backwards(clock, one, other):
    early, late = sorted((one, other))
    assert (clock.convert_from_clip(early) < clock.convert_from_clip(late)) == (early < late)
    assert (clock.convert_to_clip(early) < clock.convert_to_clip(late)) == (early < late)


@given(st.integers(-(10**10), 10**10), drifts_ppm, curves())
def test_at_each_knot_the_clock_is_its_shift_off_the_line(zero_us, drift_ppm, curve):
    line, bent = (ClipClock.from_drift(zero_us, drift_ppm, part) for part in ((), curve))
    for knot in curve:
        at = Fraction(knot.clip_us, 10**6)
        assert bent.convert_from_clip(at) - line.convert_from_clip(at) == Fraction(knot.shift_us, 10**6)


def test_before_the_first_knot_and_after_the_last_the_shift_stays():
    clock = ClipClock(curve=(DriftKnot(1_000_000, 100), DriftKnot(2_000_000, -50)))
    assert clock.convert_from_clip(Fraction(0)) == Fraction(100, 10**6)
    assert clock.convert_from_clip(Fraction(3)) == 3 - Fraction(50, 10**6)
    assert clock.convert_from_clip(Fraction(3, 2)) == Fraction(3, 2) + Fraction(25, 10**6)
