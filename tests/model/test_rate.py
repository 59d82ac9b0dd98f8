from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.model.rate import (
    PHASE_STEP_US,
    STANDARD_RATES,
    Rate,
    choose_standard_rate,
    recognise_rate,
    split_offset,
)

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
        (Fraction(240), Rate(240)),
        (Fraction(240000, 1001), Rate(240000, 1001)),
        (Fraction(25, 2), Rate(25, 2)),
        (Fraction(10), Rate(10)),
        (Fraction(20), Rate(20)),
        (Fraction(15001, 1000), Rate(15)),
        (Fraction(1000, 3), Rate(1000, 3)),
        (Fraction(27), Rate(27)),
        (Fraction(1, 60), Rate(1, 60)),
    ],
)
def test_a_rate_is_simple_or_as_measured(measured, rate):
    assert recognise_rate(measured) == rate


def test_a_measured_rate_between_two_is_what_the_file_declares():
    measured = Fraction(29986, 1000)
    assert recognise_rate(measured, Fraction(30000, 1001)) == Rate(30000, 1001)
    assert recognise_rate(measured, Fraction(30)) == Rate(30)
    assert recognise_rate(measured, Fraction(29)) == Rate(30)
    assert recognise_rate(Fraction(30000, 1001), Fraction(30)) == Rate(30000, 1001)  # measured to 0.02 %
    coarse = Fraction(1, 368)  # eleven intervals on a clock of milliseconds
    assert recognise_rate(Fraction(11000, 368), Fraction(30000, 1001), coarse) == Rate(30000, 1001)


@given(st.fractions(Fraction(1, 100), 1000))
def test_no_rate_is_bent_by_more_than_the_tolerance(measured):
    found = recognise_rate(measured)
    assert abs(found.fraction / measured - 1) <= max(Fraction(21, 10_000), Fraction(1, 1001) / measured)


@pytest.mark.parametrize(
    ("own", "grid"),
    [
        (Rate(240), Rate(120)),
        (Rate(240000, 1001), Rate(120000, 1001)),
        (Rate(200), Rate(100)),
        (Rate(150), Rate(50)),
        (Rate(25, 2), Rate(25)),
        (Rate(15), Rate(30)),
        (Rate(10), Rate(30)),
        (Rate(20), Rate(60)),
        (Rate(15000, 1001), Rate(30000, 1001)),
        (Rate(27), Rate(25)),
    ],
)
def test_a_grid_is_standard_and_shows_frames_evenly_where_it_can(own, grid):
    assert choose_standard_rate(own) == grid


@given(rates)
def test_a_standard_rate_is_its_own_grid(rate):
    assert choose_standard_rate(rate) == rate


@given(offsets, rates)
def test_ticks_and_phase_make_up_the_offset(offset, rate):
    tick, phase = split_offset(offset, rate)
    assert abs(tick * rate.tick_us + phase - offset) <= Fraction(PHASE_STEP_US, 2)
    assert abs(phase) <= rate.tick_us / 2 + PHASE_STEP_US
    assert phase % PHASE_STEP_US == 0


@given(offsets, rates)
def test_ticks_and_phase_are_rounded_as_exact_fractions_are(offset, rate):
    tick = round(offset / rate.tick_us)
    phase = round((offset - tick * rate.tick_us) / PHASE_STEP_US) * PHASE_STEP_US
    assert split_offset(offset, rate) == (tick, phase)


@pytest.mark.parametrize("ticks", [-1.5, -0.5, 0.5, 1.5, 2.5])
def test_half_a_tick_goes_to_the_even_one(ticks):
    assert split_offset(int(ticks * 40_000), Rate(25))[0] == round(ticks)


@given(offsets, rates, st.integers(-1000, 1000))
def test_whole_ticks_move_the_tick_and_hardly_the_phase(offset, rate, ticks):
    """Offsets are whole microseconds, ticks are not: the rounding may tip the phase one step."""
    tick, phase = split_offset(offset, rate)
    moved_tick, moved_phase = split_offset(round(offset + ticks * rate.tick_us), rate)
    if moved_tick == tick + ticks:
        assert abs(moved_phase - phase) <= PHASE_STEP_US
    else:  # exactly half a tick may round either way
        assert abs(abs(phase) - rate.tick_us / 2) <= PHASE_STEP_US + 1
