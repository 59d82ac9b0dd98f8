"""Steps by frames: exact where the daemon has said where frames begin, and never two frames at once."""

from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.api import FrameBody
from mcsyncd.tui.review.frame_answers import FrameAnswer, FrameRequest
from mcsyncd.tui.review.frame_steps import step_cursor_us

PIXELS = np.zeros((2, 2, 3), np.uint8)


def answer(begin_us, end_us, previous_us=None, *, pixels=PIXELS):
    ms = [None if one is None else one / 1000 for one in (begin_us, end_us, previous_us)]
    body = FrameBody(camera="cam_a", begin_ms=ms[0], end_ms=ms[1], previous_ms=ms[2])
    return FrameAnswer(FrameRequest("cam_a", begin_us or 0, 2, 2), body, pixels)


def test_a_step_goes_to_the_edge_that_the_daemon_named_whatever_the_rate():
    phone = answer(1_000_000, 1_131_000, 958_417)
    assert step_cursor_us(1_050_000, 1, phone, 33_367) == 1_131_000
    assert step_cursor_us(1_050_000, -1, phone, 33_367) == 958_417


@pytest.mark.parametrize("rate", [Fraction(30000, 1001), Fraction(24000, 1001), Fraction(25), Fraction(120)])
@given(st.integers(0, 5000), st.integers(1, 10))
def test_big_steps_and_steps_before_the_answer_end_in_the_frame_that_is_meant(rate, number, by):
    edges = [ceil(one / rate * 1_000_000) for one in (number - 1, number, number + 1)]
    shown = answer(edges[1], edges[2], edges[0])

    def frame_at(at_us):
        return floor(Fraction(at_us, 1_000_000) * rate)

    for sign in (1, -1):
        cursor_us = edges[1]
        assert frame_at(step_cursor_us(cursor_us, sign * by, shown, 1)) == number + sign * by
        for steps in range(1, by + 1):  # keys that come faster than answers
            cursor_us = step_cursor_us(cursor_us, sign, shown, 1)
            assert frame_at(cursor_us) == number + sign * steps


def test_without_a_frame_of_the_reference_a_step_is_a_frame_of_the_session():
    for shown in (None, answer(None, 5_000_000, pixels=None)):
        assert step_cursor_us(1_000_000, 2, shown, 40_000) == pytest.approx(1_080_000, abs=2)
        assert step_cursor_us(1_000_000, -2, shown, 40_000) == pytest.approx(920_000, abs=2)


def test_from_the_first_frame_a_step_leads_out_of_the_clip():
    assert step_cursor_us(0, -1, answer(0, 40_000), 40_000) < 0
