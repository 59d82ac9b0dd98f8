"""Which frame is asked for next, and which answers count."""

import base64

import pytest

from mcsyncd.api import FrameBody
from mcsyncd.errors import McsyncError
from mcsyncd.present.numbers import MINUS
from mcsyncd.tui.review.frame_answers import FrameAnswers, FrameRequest
from mcsyncd.tui.review.frame_labels import choose_shown_angles, describe_frame, explain_absence

A, B = FrameRequest("cam_a", 1_000_000, 8, 4), FrameRequest("cam_b", 1_134_000, 8, 4)
LATER = FrameRequest("cam_a", 1_050_000, 8, 4)


def body(request, *, length_us=40_000, **change):
    begin_us = request.at_us // length_us * length_us
    given = {
        "camera": request.camera,
        "source": "original",
        "begin_ms": begin_us / 1000,
        "end_ms": (begin_us + length_us) / 1000,
        "width": 4,
        "height": 2,
        "pixels": base64.b64encode(bytes(range(24))).decode(),
    }
    return FrameBody(**{**given, **change})


def test_the_first_that_is_wanted_is_asked_for_first_and_each_only_once():
    answers = FrameAnswers()
    answers.want({"cam_a": A, "cam_b": B})
    assert answers.choose_next() == A
    answers.accept(A, body(A))
    assert answers.choose_next() == B
    answers.refuse(B, "the disk hangs")
    assert (answers.choose_next(), answers.explain_failure("cam_b")) == (None, "the disk hangs")
    assert answers.get("cam_a").pixels.tobytes() == bytes(range(24))


def test_an_answer_to_an_earlier_cursor_is_dropped():
    answers = FrameAnswers()
    answers.want({"cam_a": A})
    answers.want({"cam_a": LATER})
    answers.accept(A, body(A))
    assert answers.get("cam_a") is None
    assert answers.choose_next() == LATER


def test_within_the_frame_that_is_shown_nothing_is_asked_for():
    answers = FrameAnswers()
    answers.want({"cam_a": A})
    answers.accept(A, body(A))
    answers.want({"cam_a": FrameRequest("cam_a", 1_039_999, 8, 4)})
    assert answers.choose_next() is None
    for other in (FrameRequest("cam_a", 1_040_000, 8, 4), FrameRequest("cam_a", 1_000_000, 16, 8)):
        answers.want({"cam_a": other})
        assert answers.choose_next() == other


def test_the_end_of_one_clip_is_not_taken_for_the_end_of_the_camera():
    answers = FrameAnswers()
    answers.want({"cam_a": A})
    answers.accept(A, body(A, absence="after", end_ms=None, pixels=""))
    assert answers.choose_next() is None
    answers.want({"cam_a": LATER})
    assert answers.choose_next() == LATER


@pytest.mark.parametrize(
    "change", [{"pixels": "AAAA"}, {"pixels": "not base64"}, {"width": 400}, {"height": 0}, {"end_ms": None}]
)
def test_what_a_daemon_claims_of_its_pixels_is_checked(change):
    answers = FrameAnswers()
    answers.want({"cam_a": A})
    with pytest.raises(McsyncError, match="frame"):
        answers.accept(A, body(A, **change))
    assert answers.get("cam_a") is None


def test_a_label_says_as_much_as_fits():
    answers = FrameAnswers()
    answers.want({"cam_a": LATER})
    answers.accept(LATER, body(LATER, timecode="10:00:01:01"))
    shown = answers.get("cam_a")
    told = [describe_frame(shown, 0, 1_050_000, width) for width in (60, 32, 18)]
    moment = f"0:01.040 {MINUS}0.25 f"
    assert told == [f"{moment}  10:00:01:01  original", f"{moment}  10:00:01:01", moment]
    assert describe_frame(shown, -134_000, 1_050_000, 18) == f"0:00.906 {MINUS}3.60 f"


def test_words_say_how_far_it_is_to_the_clip_where_the_draft_has_it():
    before = FrameBody(camera="cam_b", absence="before", end_ms=2500.0)
    after = FrameBody(camera="cam_b", absence="after", begin_ms=2500.0)
    assert explain_absence(before, 500_000, 1_000_000) == "before the clip starts, in 2.0 s"
    assert explain_absence(after, 500_000, 4_300_000) == "after the clip ends, by 1.3 s"


@pytest.mark.parametrize(
    ("current", "width", "shown"),
    [
        ("cam_b", 80, ["cam_a", "cam_b", "cam_c", "cam_d"]),
        ("cam_e", 60, ["cam_a", "cam_b", "cam_e"]),
        ("cam_c", 60, ["cam_a", "cam_c", "cam_d"]),
        ("cam_a", 20, ["cam_a", "cam_b"]),
    ],
)
def test_where_not_all_fit_it_is_the_reference_and_the_current_angle_with_its_neighbours(
    current, width, shown
):
    angles = [f"cam_{letter}" for letter in "abcde"]
    assert choose_shown_angles(angles, "cam_a", current, width) == shown
