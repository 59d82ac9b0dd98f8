from datetime import datetime, timedelta, timezone
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tui import scenes

from mcsyncd import api
from mcsyncd.tui import view

BERLIN = timezone(timedelta(hours=1))


@given(st.integers(0, 100))
def test_a_whole_percentage_is_shown_as_itself(whole):
    assert view.format_percent(whole / 100) == f"{whole}%"


@given(st.floats(0, 1))
def test_a_percentage_is_never_rounded_up(confidence):
    assert Fraction(view.format_percent(confidence).rstrip("%")) <= Fraction(repr(confidence)) * 100


@pytest.mark.parametrize("just_below", [0.8499, 0.84999999999, 0.8499999999999999])
def test_what_is_below_the_threshold_never_reads_as_the_threshold(just_below):
    assert view.format_percent(just_below) == "84%"


def test_no_confidence_is_a_dash():
    assert view.format_percent(None) == view.NO_VALUE


@pytest.mark.parametrize(
    ("ms", "shown"),
    [
        (0.0, "+0 ms"),
        (87.0, "+87 ms"),
        (-134.0, "−134 ms"),  # noqa: RUF001  # the sign that is meant
        (-0.4, "+0 ms"),
        (83_412.4, "+83.412 s"),
        (None, "not placed"),
    ],
)
def test_an_offset_has_its_sign_and_unit(ms, shown):
    assert view.format_offset(ms) == shown


def test_a_bar_is_full_only_at_one():
    assert view.format_bar(0.999, 10).count("█") == 9
    assert view.format_bar(1.0, 10) == "█" * 10
    assert len(view.format_bar(7.0, 10)) == len(view.format_bar(-1.0, 10)) == 10


@pytest.mark.parametrize(("seconds", "shown"), [(190, "03:10"), (3723, "1:02:03"), (0, "00:00"), (None, "–")])  # noqa: RUF001  # the dash that is meant
def test_a_length_of_time(seconds, shown):
    assert view.format_duration(seconds) == shown


def test_a_time_of_today_is_a_clock_and_of_another_day_a_date():
    now = datetime(2026, 11, 23, 15, 0, tzinfo=BERLIN)
    assert view.format_time("2026-11-23T13:02:00.000000+00:00", now) == "14:02"
    assert view.format_time("2026-11-21T13:02:00+00:00", now) == "21 Nov 14:02"


def test_a_time_that_is_none_is_shown_as_it_came_but_harmless():
    assert view.format_time("yester\x1bday", datetime.now(tz=BERLIN)) == "yester\\x1bday"


def test_progress_leaves_out_what_does_not_fit():
    step = api.ProgressBody(
        stage="publish",
        done=0.42,
        eta_s=93,
        count=4_100_000_000,
        total=9_800_000_000,
        unit="bytes",
        rate=62e6,
    )
    assert view.format_progress(step) == "42% · ETA 01:33 · 62.0 MB/s · 4.1 GB of 9.8 GB"
    assert view.format_progress(step, 16) == "42% · ETA 01:33"
    assert view.format_progress(step, 0) == "42%"


def test_every_state_has_a_glyph_and_a_word():
    states = "collecting working in_review approved publishing published failed rejected stale quarantined"
    looks = [view.label_state(scenes.session(state=state)) for state in states.split()]
    assert all(look.glyph and look.word for look in looks)
    assert len({look.word for look in looks}) == len(looks)


def test_the_button_is_the_daemons_call_to_action():
    assert view.label_button(scenes.session()) == "Looks Good"
    assert view.label_button(scenes.unsure()) == "Review Sync"
    assert view.label_button(scenes.working()) is None


def test_a_frame_of_29_97_is_33_367_microseconds():
    assert view.compute_frame_us("30000/1001") == 33_367
    assert view.format_rate("30000/1001") == "29.97 fps"
    assert view.compute_frame_us("nonsense") == view.compute_frame_us(None)


def test_the_reference_comes_first():
    assert view.order_angles(scenes.session(reference="cam_c"))[0] == "cam_c"
