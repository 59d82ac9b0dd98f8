"""Which doubts ask for a person however high the number is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from model.answered import THRESHOLD, dispose, reviewed

from mcsyncd.model.alignment import Disposition
from mcsyncd.model.named_doubts import list_named_doubts
from mcsyncd.model.reason import ReasonCode, build_reason
from mcsyncd.review.policy import choose_call_to_action

RIVAL = {"lead": 0.15, "apart_ms": 120.0}


def sure_session(*reasons):
    """A session with nothing against it, and these reasons at camera c."""
    session = dispose(reviewed(), "cam_b/B0", Disposition.SET_ASIDE)
    angles = tuple(
        replace(angle, reasons=(*angle.reasons, *reasons)) if angle.camera == "cam_c" else angle
        for angle in session.alignment.angles
    )
    return replace(session, alignment=replace(session.alignment, angles=angles))


def test_without_a_doubt_it_looks_good():
    assert choose_call_to_action(sure_session(), THRESHOLD) == "looks_good"


@pytest.mark.parametrize(
    "reason",
    [
        build_reason(ReasonCode.RIVAL, "cam_c", "cam_a", **RIVAL),
        build_reason(ReasonCode.PAIRS_DISAGREE, "cam_c", "cam_b", miss_ms=12_000.0),
        build_reason(ReasonCode.CHANNELS_DISAGREE, "cam_c", "cam_a", apart_ms=330.0),
        build_reason(ReasonCode.CLOCKS_DISAGREE, "cam_c"),
    ],
    ids=lambda reason: str(reason.code),
)
def test_a_named_doubt_asks_for_a_person_at_any_confidence(reason):
    """At 91 % and more the reason was not shown, and the answer was wrong."""
    session = sure_session(reason)
    assert session.alignment.confidence == 0.95
    assert choose_call_to_action(session, THRESHOLD) == "review_sync"
    assert list_named_doubts(session.alignment) == (reason,)


@pytest.mark.parametrize(
    "reason",
    [
        build_reason(ReasonCode.RIVAL, "cam_c", "cam_a", **{**RIVAL, "lead": 0.29}),
        build_reason(ReasonCode.DRIFT, "cam_c", ppm=282.3),
        build_reason(ReasonCode.TIMECODE_AGREES, "cam_c", "cam_a"),
        build_reason(ReasonCode.RECORDING_TIME_CONTRADICTS, "cam_c", "cam_a"),
    ],
    ids=lambda reason: str(reason.code),
)
def test_what_is_only_said_does_not_cost_automation(reason):
    assert choose_call_to_action(sure_session(reason), THRESHOLD) == "looks_good"
