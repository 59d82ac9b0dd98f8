from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.model.rate import STANDARD_RATES, Rate, recognise_rate
from mcsyncd.probe.frame_intervals import measure_frame_intervals

CLOCKS = [Fraction(1, 90_000), Fraction(1, 1000), Fraction(1, 600), Fraction(1, 15_360)]


@given(st.sampled_from([rate for rate in STANDARD_RATES if rate.fraction <= 60]), st.sampled_from(CLOCKS))
def test_a_steady_rate_is_found_on_every_clock(rate, clock):
    times = [round(n / rate.fraction / clock) for n in range(300)]
    found = measure_frame_intervals(times, clock)
    assert recognise_rate(found.rate) == rate
    assert not found.variable


def test_pauses_do_not_slow_the_rate_but_make_it_variable():
    steps = [3003] * 50 + [45_000] + [3003] * 50
    found = measure_frame_intervals(list(accumulate(steps, initial=0)), Fraction(1, 90_000))
    assert recognise_rate(found.rate) == Rate(30000, 1001)
    assert found.variable
    assert found.longest == Fraction(1, 2)


@pytest.mark.parametrize("times", [[], [5], [5, 5]])
def test_one_picture_has_no_rate(times):
    assert measure_frame_intervals(times, Fraction(1, 90_000)) is None
