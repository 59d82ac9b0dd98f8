from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.model.timetable import MINUTES_PER_DAY, parse_timetable

MINUTES = st.integers(0, MINUTES_PER_DAY - 1)
OFFICE = parse_timetable(["07:00-19:00 4Mbit", "19:00-07:00 full"])


def at(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


@pytest.mark.parametrize(
    ("time", "rate"),
    [("06:59", math.inf), ("07:00", 500_000), ("18:59", 500_000), ("19:00", math.inf), ("00:00", math.inf)],
)
def test_a_span_begins_with_its_first_minute_and_ends_before_its_last(time, rate):
    assert OFFICE.choose_rate(at(time)) == rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [("full", math.inf), ("0", 0), ("20Mbit", 2.5e6), ("512kbit", 64_000), ("1.5 Gbit", 187.5e6)],
)
@given(minute=MINUTES)
def test_one_rate_holds_all_day(text, rate, minute):
    assert parse_timetable([text]).choose_rate(minute) == rate


@given(MINUTES)
def test_without_an_entry_the_line_is_free(minute):
    assert parse_timetable([]).choose_rate(minute) == math.inf


@given(MINUTES, MINUTES)
def test_a_day_is_cut_in_two_without_a_gap(start, end):
    if start != end:
        one, other = f"{start // 60:02}:{start % 60:02}", f"{end // 60:02}:{end % 60:02}"
        table = parse_timetable([f"{one}-{other} 0", f"{other}-{one} 1Mbit"])
        closed = sum(table.choose_rate(minute) == 0 for minute in range(MINUTES_PER_DAY))
        assert closed == (end - start) % MINUTES_PER_DAY
        assert table.find_opening(start) == end


def test_what_never_opens_says_so():
    assert parse_timetable(["0"]).find_opening(5) is None
    assert OFFICE.find_opening(at("12:00")) == at("12:00")


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "fast",
        "20",
        "20MB",
        "7:00-19:00 full",
        "07:00 full",
        "24:00-07:00 0",
        "07:60-08:00 0",
        "-1Mbit",
        "07:00-19:00",
    ],
)
def test_what_is_no_entry_is_refused_with_an_example(entry):
    with pytest.raises(ValueError, match=r"write a rate|no time of day"):
        parse_timetable([entry])


@pytest.mark.parametrize(
    "entries",
    [
        ["07:00-19:00 0", "18:59-20:00 full"],
        ["22:00-06:00 0", "05:00-07:00 full"],
        ["20Mbit", "07:00-08:00 0"],
        ["07:00-08:00 0", "07:00-08:00 0"],
        ["01:00-23:00 0", "02:00-03:00 full"],
    ],
)
def test_entries_that_overlap_are_refused(entries):
    with pytest.raises(ValueError, match="overlaps"):
        parse_timetable(entries)
