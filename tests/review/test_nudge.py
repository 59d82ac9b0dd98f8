"""Offsets as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.errors import UsageError
from mcsyncd.model.rate import Rate
from mcsyncd.model.timecode import Timecode
from mcsyncd.review.nudge import parse_nudge, parse_offset

NTSC, PAL = Rate(30_000, 1001), Rate(25, 1)


@pytest.mark.parametrize(
    ("typed", "offset_us"),
    [
        ("-134", -134_000),
        ("-134 ms", -134_000),
        ("\N{MINUS SIGN}134 ms", -134_000),
        ("=+87ms", 87_000),
        ("1.5 s", 1_500_000),
        ("4f", 160_000),
        ("00:00:12:05", 12_200_000),
        ("-00:01:00:00", -60_000_000),
        ("250us", 250),
    ],
)
def test_an_offset_is_read_in_every_unit(typed, offset_us):
    assert parse_offset(typed, PAL) == offset_us


@pytest.mark.parametrize(
    "typed", ["", "far", "12 parsecs", "00:00:12:25", "99:00:00:00", "90000 s", "1e3", "--3", "00:12:05"]
)
def test_what_cannot_be_read_says_how_to_write_it(typed):
    with pytest.raises(UsageError) as caught:
        parse_offset(typed, PAL)
    assert caught.value.hint


@given(st.integers(0, 30 * 3600 * 2))
def test_a_timecode_is_the_time_of_its_frame(number):
    label = str(Timecode.from_frame_number(number, NTSC, drop_frame=True))
    assert parse_offset(label, NTSC) == round(number * NTSC.tick_us)


@given(st.integers(-10_000_000, 10_000_000))
def test_an_offset_reads_as_the_nudge_to_it_does(offset_us):
    text = f"={offset_us / 1000:.3f}ms"
    assert parse_offset(text, PAL) == parse_nudge(text, None, PAL) == offset_us
