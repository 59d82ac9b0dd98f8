from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.model.rate import Rate
from mcsyncd.model.timecode import Timecode

NTSC = Rate(30000, 1001)
FULL = [Rate(24000, 1001), Rate(24), Rate(25), NTSC, Rate(30), Rate(50), Rate(60000, 1001), Rate(60)]
DROPPING = [NTSC, Rate(60000, 1001)]


@pytest.mark.parametrize(
    ("number", "label"),
    [
        (0, "00:00:00;00"),
        (1799, "00:00:59;29"),
        (1800, "00:01:00;02"),  # 00 and 01 are left out at the first minute
        (17981, "00:09:59;29"),
        (17982, "00:10:00;00"),  # but not at the tenth
        (107892, "01:00:00;00"),  # an hour of 29.97 has 107 892 pictures
    ],
)
def test_the_known_points_of_drop_frame(number, label):
    assert str(Timecode.from_frame_number(number, NTSC, drop_frame=True)) == label
    assert Timecode.parse(label).to_frame_number(NTSC) == number


@given(st.integers(0, 10_000_000), st.sampled_from(DROPPING))
def test_drop_frame_labels_are_each_used_once_in_order(number, rate):
    a_day = 24 * 6 * (10 * 60 * round(rate.fraction) - 9 * round(rate.fraction) // 15)
    label = Timecode.from_frame_number(number, rate, drop_frame=True)
    assert label.to_frame_number(rate) == number % a_day


@given(st.integers(0, 10_000_000), st.sampled_from(FULL))
def test_labels_without_drop_frame_are_each_used_once_in_order(number, rate):
    a_day = 24 * 3600 * round(rate.fraction)
    assert Timecode.from_frame_number(number, rate).to_frame_number(rate) == number % a_day


@given(st.integers(0, 107_892 * 24 - 1))
def test_drop_frame_keeps_up_with_the_clock(number):
    label = Timecode.from_frame_number(number, NTSC, drop_frame=True)
    on_the_label = label.hours * 3600 + label.minutes * 60 + label.seconds + Fraction(label.frames, 30)
    # Two labels are dropped at a time, and 2.592 frames a day remain (ST 12-1: 108 for 107.892 an hour).
    remainder = Fraction(2592, 1000) * on_the_label / 86_400
    assert abs(on_the_label - label.to_seconds(NTSC)) <= (2 + remainder) / 30


@given(st.integers(0, 2_000_000), st.booleans())
def test_a_label_is_read_as_it_is_written(number, drop):
    label = Timecode.from_frame_number(number, NTSC, drop_frame=drop)
    assert Timecode.parse(str(label)) == label


@pytest.mark.parametrize("text", ["", "1:2:3:4", "25:00:00:00", "00:60:00:00", "00:00:61:00", "00:00:00:0x"])
def test_nonsense_is_refused(text):
    with pytest.raises(ValueError):
        Timecode.parse(text)


def test_labels_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="leaves out"):
        Timecode.parse("00:01:00;00").to_frame_number(NTSC)
    with pytest.raises(ValueError, match="does not exist"):
        Timecode.parse("00:00:00:25").to_frame_number(Rate(25))


@pytest.mark.parametrize("rate", [Rate(25), Rate(30), Rate(24000, 1001)])
def test_drop_frame_is_refused_where_it_is_not_defined(rate):
    with pytest.raises(ValueError, match="not defined"):
        Timecode.from_frame_number(0, rate, drop_frame=True)
