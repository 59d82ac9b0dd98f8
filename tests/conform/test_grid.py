from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model.test_drift_curve import curves

from mcsyncd.conform.grid import SAMPLE_RATE, Grid, TickMap, TickMapSummary
from mcsyncd.model.drift_curve import DriftKnot, compute_shift_us
from mcsyncd.model.rate import STANDARD_RATES, Rate, split_offset

rates = st.sampled_from(STANDARD_RATES)
phases_us = st.integers(-20_000, 20_000)
drifts_ppm = st.floats(-1000, 1000, allow_nan=False)
# Half of them bend, and by more than any clock does: where frames lie close, the order is at stake.
grids = st.builds(Grid.from_drift, rates, phases_us, drifts_ppm, st.one_of(st.just(()), curves()))
times = st.lists(st.fractions(0, 1, max_denominator=90_000), min_size=1, max_size=20, unique=True).map(sorted)


def choose(grid: Grid, pictures: list[Fraction], ticks: int) -> tuple[list[int], TickMapSummary]:
    """Run the map as the renderer does; return the picture of each tick."""
    mapped = TickMap(grid)
    shown: list[int] = []
    for index, time in enumerate(pictures):
        shown += [index - 1] * mapped.add_frame(time)
    shown += [len(pictures) - 1] * mapped.finish(ticks)
    assert mapped.ticks == len(shown)
    summary = TickMapSummary()
    for frame in mapped.frames:
        summary.add_frame(frame)
    return shown, summary


@settings(deadline=None)  # the long way round, in fractions, is slow and not what is measured
@given(grids, times)
def test_each_tick_shows_the_nearest_picture_and_of_two_the_earlier(grid, pictures):
    pictures = [time - pictures[0] for time in pictures]
    ticks = grid.count_ticks(pictures[-1])
    shown, _ = choose(grid, pictures, ticks)
    assert shown[:ticks] == [
        min(range(len(pictures)), key=lambda index: (abs(pictures[index] - time), index))
        for time in map(grid.compute_clip_time, range(ticks))
    ]


@given(grids, times)
def test_every_picture_is_shown_or_counted(grid, pictures):
    shown, mapped = choose(grid, pictures, grid.count_ticks(pictures[-1]))
    assert mapped.dropped == len(pictures) - len(set(shown))
    assert mapped.duplicated == len(shown) - len(set(shown))


@given(rates, st.integers(1, 200))
def test_a_clip_on_its_own_grid_stays_as_it_is(rate, count):
    grid = Grid(rate)
    pictures = [n / rate.fraction for n in range(count)]
    shown, mapped = choose(grid, pictures, grid.count_ticks(count / rate.fraction))
    assert shown == list(range(count))
    assert (mapped.duplicated, mapped.dropped) == (0, 0)


@given(grids, st.integers(0, 100_000))
def test_a_tick_lies_where_its_clip_time_is_laid(grid, tick):
    assert grid.compute_session_time(grid.compute_clip_time(tick)) == tick / grid.rate.fraction
    assert grid.count_ticks_through(grid.compute_clip_time(tick)) == tick + 1


@given(rates, st.integers(-10_000_000_000, 10_000_000_000), drifts_ppm, st.integers(0, 1_000_000))
def test_start_tick_and_grid_together_put_a_tick_on_the_session_clock(rate, offset_us, drift_ppm, tick):
    start, phase_us = split_offset(offset_us, rate)
    grid = Grid.from_drift(rate, phase_us, drift_ppm)
    # t_reference = offset + t_clip * (1 + drift), in exact numbers
    session = Fraction(offset_us, 10**6) + grid.compute_clip_time(tick) * grid.clock_ratio
    on_clock = (start + tick) / rate.fraction
    assert abs(session - on_clock) <= Fraction(10, 10**6)  # a phase is told in steps of 20 µs


@given(grids, st.integers(0, 100_000))
def test_a_tick_shows_the_clip_time_that_line_and_curve_lead_to(grid, tick):
    time = grid.compute_clip_time(tick)
    shift = compute_shift_us(grid.curve, time * 10**6) / 10**6
    assert grid.phase + time * grid.clock_ratio + shift == tick / grid.rate.fraction


@given(grids, times)
def test_a_sample_is_numbered_by_its_session_time(grid, moments):
    for time in moments:
        on_line = grid.line.compute_session_time(time)
        shift = compute_shift_us(grid.curve, time * 10**6) / 10**6
        assert abs(grid.compute_sample(time) - (on_line + shift) * SAMPLE_RATE) <= Fraction(1, 2)


def test_a_curve_that_bends_too_far_makes_no_grid():
    with pytest.raises(ValueError, match="too steep"):
        Grid.from_drift(Rate(30), 0, 0.0, (DriftKnot(0, 0), DriftKnot(1_000_000, 300)))


@given(rates, st.integers(0, 1_000_000))
def test_sound_is_as_long_as_the_picture_to_half_a_sample(rate, ticks):
    assert abs(Grid(rate).count_samples(ticks) - ticks / rate.fraction * SAMPLE_RATE) <= Fraction(1, 2)


def test_25_in_30_repeats_every_fifth_picture():
    pictures = [Fraction(n, 25) for n in range(10)]
    shown, mapped = choose(Grid(Rate(30)), pictures, 12)
    assert shown == [0, 1, 2, 2, 3, 4, 5, 6, 7, 7, 8, 9]
    assert (mapped.duplicated, mapped.dropped) == (2, 0)
