"""What a curve adds to a clip's line, and that a clip without one is the same job as ever."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.model.clip import Clip
from mcsyncd.model.drift_curve import (
    MAX_BEND_PPM,
    DriftKnot,
    check_curve,
    compute_shift_us,
    measure_bend_us,
)
from mcsyncd.model.jobs import Conform
from mcsyncd.model.rate import Rate
from shoots import TERMS

BEND = (DriftKnot(0, -2000), DriftKnot(60_000_000, 1000), DriftKnot(120_000_000, -500))


@st.composite
def curves(draw: st.DrawFn) -> tuple[DriftKnot, ...]:
    """Curves that `check_curve` accepts, of two to seven knots."""
    at_us, shift_us = draw(st.integers(-(10**6), 10**6)), draw(st.integers(-20_000, 20_000))
    knots = [DriftKnot(at_us, shift_us)]
    for _ in range(draw(st.integers(1, 6))):
        span_us = draw(st.integers(10**6, 10**10))
        most = span_us * MAX_BEND_PPM // 1_000_000
        at_us, shift_us = at_us + span_us, shift_us + draw(st.integers(-most, most))
        knots.append(DriftKnot(at_us, shift_us))
    return tuple(knots)


def test_a_line_has_no_shift():
    assert compute_shift_us((), Fraction(5)) == 0
    assert measure_bend_us(()) == 0


@pytest.mark.parametrize(
    ("clip_s", "shift_us"),
    [(-5, -2000), (0, -2000), (20, -1000), (60, 1000), (80, 500), (120, -500), (9000, -500)],
)
def test_a_shift_is_linear_from_knot_to_knot_and_stays_outside(clip_s: int, shift_us: int):
    assert compute_shift_us(BEND, Fraction(clip_s * 1_000_000)) == shift_us
    assert measure_bend_us(BEND) == 2000


@given(curves(), st.integers(-(10**7), 10**11), st.integers(1, 10**9))
def test_a_curve_never_turns_time_back(curve: tuple[DriftKnot, ...], clip_us: int, later_us: int):
    check_curve(curve)
    before, after = (compute_shift_us(curve, Fraction(time)) for time in (clip_us, clip_us + later_us))
    assert abs(after - before) * 1_000_000 <= later_us * MAX_BEND_PPM


@pytest.mark.parametrize(
    ("curve", "why"),
    [
        ((DriftKnot(5, 0), DriftKnot(5, 0)), "out of order"),
        ((DriftKnot(9, 0), DriftKnot(5, 0)), "out of order"),
        ((DriftKnot(0, 0), DriftKnot(1_000_000, 201)), "too steep"),
        ((DriftKnot(0, 201), DriftKnot(1_000_000, 0)), "too steep"),
    ],
)
def test_nonsense_is_refused(curve: tuple[DriftKnot, ...], why: str):
    with pytest.raises(ValueError, match=why):
        check_curve(curve)
    check_curve(BEND)


def test_a_clip_without_a_curve_is_the_same_job_as_ever():
    """Or an upgrade would encode everything again. The identity is that of the version before curves."""
    clip = Clip("cam_a", "a.mp4", 5, 7, "p/a.mp4")
    job = Conform("s", clip, Rate(25), 0, 0.0, TERMS.mezzanine, TERMS.proxy)
    assert job.id == "57f24dadb75ad26ba34f25d2"
    bent = replace(job, curve=BEND)
    assert bent.id != job.id != replace(bent, curve=BEND[:2]).id != bent.id
