import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.tui.review.window import (
    REVIEW_ZOOM_MS,
    ZOOM_STEPS_MS,
    ViewWindow,
    fit_window,
    format_axis,
    format_moment,
)

starts = st.floats(-1e6, 1e7)
windows = st.builds(ViewWindow, starts, st.sampled_from(ZOOM_STEPS_MS), st.integers(20, 400))


@given(windows, st.integers(-20, 20), st.floats(0, 1))
def test_zooming_keeps_the_moment_where_it_is_on_screen(window, steps, across):
    at = window.start_ms + across * window.span_ms
    after = window.zoom(steps, at)
    assert (at - after.start_ms) / after.span_ms == pytest.approx(across, abs=1e-6)
    assert after.dot_ms in ZOOM_STEPS_MS


@given(windows, starts)
def test_following_keeps_the_moment_on_screen(window, at):
    after = window.follow(at)
    assert 0 <= after.cell_from_ms(at) < max(1, after.dots // 2 + 1)
    assert after.dot_ms == window.dot_ms


@given(windows)
def test_the_axis_is_as_wide_as_the_lanes_and_its_ticks_are_where_they_say(window):
    line = format_axis(window)
    assert len(line) == window.dots // 2


def test_a_tick_is_at_its_time():
    line = format_axis(ViewWindow(12_000.0, REVIEW_ZOOM_MS, 160))
    assert line.index("╵0:12.20") == ViewWindow(12_000.0, REVIEW_ZOOM_MS, 160).cell_from_ms(12_200.0)


def test_the_whole_session_fits():
    window = fit_window(601_000.0, 318)
    assert window.start_ms == 0.0
    assert 601_000.0 <= window.span_ms < 601_001.0


def test_a_moment_reads_as_a_clock():
    assert format_moment(12_400) == "0:12.40"
    assert format_moment(3_732_000, fine=False) == "1:02:12"
    assert format_moment(59_999) == "1:00.00"
