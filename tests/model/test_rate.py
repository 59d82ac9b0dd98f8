from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.model.rate import PHASE_STEP_US, STANDARD_RATES, Rate, snap_rate, split_offset

rates = st.sampled_from(STANDARD_RATES)
offsets = st.integers(-(10**11), 10**11)


def test_a_rate_is_reduced_and_positive():
    assert Rate(60, 2) == Rate(30)
    with pytest.raises(ValueError, match="positive"):
        Rate(0)


@pytest.mark.parametrize(
    ("text", "rate"), [("25", Rate(25)), ("29.97", Rate(30000, 1001)), ("30000/1001", Rate(30000, 1001))]
)
def test_reads_what_people_write(text, rate):
    assert Rate.parse(text) == rate


@given(rates)
def test_writes_what_it_reads(rate):
    assert Rate.parse(str(rate)) == rate


@pytest.mark.parametrize(
    ("measured", "rate"),
    [
        (Fraction(29986, 1000), Rate(30)),  # an Android phone's average
        (Fraction(72000, 2401), Rate(30)),  # an iPhone 6: 29.988, nearer to 30 than to 29.97
        (Fraction(25), Rate(25)),
        (Fraction(5995, 100), Rate(60000, 1001)),
    ],
)
def test_snaps_to_the_nearest_standard_rate(measured, rate):
    assert snap_rate(measured) == rate


@given(offsets, rates)
def test_ticks_and_phase_make_up_the_offset(offset, rate):
    tick, phase = split_offset(offset, rate)
    assert abs(tick * rate.tick_us + phase - offset) <= Fraction(PHASE_STEP_US, 2)
    assert abs(phase) <= rate.tick_us / 2 + PHASE_STEP_US
    assert phase % PHASE_STEP_US == 0


@given(offsets, rates, st.integers(-1000, 1000))
def test_whole_ticks_move_the_tick_and_hardly_the_phase(offset, rate, ticks):
    """Offsets are whole microseconds, ticks are not: the rounding may tip the phase one step."""
    tick, phase = split_offset(offset, rate)
    moved_tick, moved_phase = split_offset(round(offset + ticks * rate.tick_us), rate)
    if moved_tick == tick + ticks:
        assert abs(moved_phase - phase) <= PHASE_STEP_US
    else:  # exactly half a tick may round either way
        assert abs(abs(phase) - rate.tick_us / 2) <= PHASE_STEP_US + 1
