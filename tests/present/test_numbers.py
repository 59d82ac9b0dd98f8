"""The one format for values that the CLI and the terminal app share."""

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.present import numbers

# ruff: noqa: RUF001  # the minus sign is meant

BERLIN = timezone(timedelta(hours=1))
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=BERLIN)


@given(st.integers(0, 100))
def test_a_whole_percentage_is_shown_as_itself(whole):
    assert numbers.format_percent(whole / 100) == f"{whole}%"


@given(st.floats(0, 1))
def test_a_percentage_is_never_rounded_up(confidence):
    assert Fraction(numbers.format_percent(confidence).rstrip("%")) <= Fraction(repr(confidence)) * 100


@pytest.mark.parametrize("just_below", [0.8499, 0.84999999999, 0.8499999999999999])
def test_what_is_below_the_threshold_never_reads_as_the_threshold(just_below):
    assert numbers.format_percent(just_below) == "84%"


def test_no_confidence_is_a_dash():
    assert numbers.format_percent(None) == numbers.NO_VALUE


@pytest.mark.parametrize(
    ("ms", "shown"),
    [
        (0.0, "+0 ms"),
        (87.0, "+87 ms"),
        (-134.0, "−134 ms"),
        (-167.4, "−167 ms"),
        (-0.4, "+0 ms"),
        (83_412.4, "+83.412 s"),
        (-9_999.9, "−10.000 s"),
        (None, "not placed"),
    ],
)
def test_an_offset_has_its_sign_and_unit(ms, shown):
    assert numbers.format_offset(ms) == shown


@given(st.floats(-1e8, 1e8))
def test_an_offset_is_within_half_of_its_last_digit(ms):
    number, unit = numbers.format_offset(ms).replace(numbers.MINUS, "-").split()
    assert abs(float(number) * (1000 if unit == "s" else 1) - ms) <= 0.5 + 1e-6


@pytest.mark.parametrize(
    ("ms", "shown"),
    [
        (0.5, "+0.5 ms"),
        (-0.5, "−0.5 ms"),
        (4.0, "+4 ms"),
        (33.367, "+33 ms"),
        (-40.0, "−40 ms"),
        (0.04, "+0 ms"),
    ],
)
def test_a_small_change_of_an_offset_keeps_its_tenth(ms, shown):
    assert numbers.format_offset_change(ms) == shown


def test_frames_and_drift_have_the_same_signs_as_offsets():
    assert numbers.format_frames(-134_000, 30000 / 1001) == f"{numbers.MINUS}4.02"
    assert numbers.format_frames(87_000, 25) == "+2.17"
    assert numbers.format_drift(11.82) == "+11.8 ppm"
    assert numbers.format_drift(-3.0) == f"{numbers.MINUS}3.0 ppm"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.4, "0:00"), (42, "0:42"), (190, "3:10"), (3723, "1:02:03"), (-1, "0:00")]
)
def test_durations_read_as_in_a_media_player(seconds, shown):
    assert numbers.format_duration(seconds) == shown


def test_an_unknown_duration_is_a_dash():
    assert numbers.format_duration(None) == numbers.NO_VALUE


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (999.6, "1.0 kB"),
        (1500, "1.5 kB"),
        (99_950, "100 kB"),
        (128_400_000, "128 MB"),
        (999_960_000, "1.0 GB"),
        (9_800_000_000, "9.8 GB"),
        (123_400_000_000_000, "123 TB"),
    ],
)
def test_sizes_are_decimal_and_short(count, shown):
    assert numbers.format_size(count) == shown


@given(st.floats(0, 1e15))
def test_sizes_are_right_and_short(count):
    number, unit = numbers.format_size(count).split()
    scale = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}[unit]
    assert float(number) < 1000 or unit == "TB"
    assert abs(float(number) * scale - count) <= max(0.5, 0.05 * scale, 0.005 * count) * (1 + 1e-9)


def test_a_time_is_no_longer_than_needed():
    assert numbers.format_time("2026-11-23T13:02:00.000000+00:00", NOW) == "14:02"
    assert numbers.format_time("2026-11-21T13:02:00+00:00", NOW) == "21 Nov 14:02"
    assert numbers.format_time("2025-11-21T13:02:00+00:00", NOW) == "21 Nov 2025 14:02"


@pytest.mark.parametrize(
    ("ago", "shown"),
    [
        (timedelta(seconds=-5), "0 min old"),
        (timedelta(minutes=59, seconds=59), "59 min old"),
        (timedelta(minutes=60), "1 h old"),
        (timedelta(hours=47, minutes=59), "47 h old"),
        (timedelta(hours=48), "2 days old"),
    ],
)
def test_an_age_has_one_unit(ago, shown):
    assert numbers.format_age((NOW - ago).astimezone(UTC).isoformat(), NOW) == shown


def test_an_unknown_age_is_nothing():
    assert numbers.format_age(None, NOW) == numbers.format_age("yesterday", NOW) == ""


def test_a_log_has_full_local_times():
    assert numbers.format_timestamp("2026-11-23T13:02:11.5+00:00", NOW) == "2026-11-23 14:02:11"


def test_text_that_is_not_a_time_is_shown_as_it_came_but_harmless():
    assert numbers.format_time("yester\x1bday", NOW) == "yester\\x1bday"
    assert numbers.format_timestamp(None, NOW) == ""


def test_frame_rates_have_the_names_people_use():
    assert numbers.format_frame_rate("30000/1001") == "29.97 fps"
    assert numbers.format_frame_rate("25") == "25 fps"
    assert numbers.format_frame_rate("nonsense") == numbers.format_frame_rate(None) == ""
