from pathlib import Path

import pytest

from mcsyncd.api import SessionBody
from mcsyncd.demo.truth import Shoot
from mcsyncd.demo.verdict import judge_session

SHOOT = Shoot(
    files={key: Path(key) for key in ("cam_a", "cam_b", "cam_c")},
    offsets_us={"cam_a": 0, "cam_b": -134_000, "cam_c": 87_000},
    drift_ppm={"cam_a": 0.0, "cam_b": 18.0, "cam_c": -31.0},
    flashes_us=(),
    takes=(),
)


def session(**changed):
    told = {
        "id": "20261123-091502-k7q",
        "state": "in_review",
        "revision": 1,
        "rate": "30000/1001",
        "sync_confidence": 0.9199,
        "sync_method": "audio-corr",
        "call_to_action": "looks_good",
        "offsets_ms": {"cam_a": 0.0, "cam_b": -134.02, "cam_c": 87.0},
    }
    return SessionBody.model_validate(told | changed)


def test_right_offsets_are_shown_beside_the_truth_with_a_floored_confidence():
    verdict = judge_session(session(), SHOOT)
    assert verdict.failures == ()
    assert verdict.table[0].startswith("Sync Confidence: 91% · Looks Good")
    row = next(line for line in verdict.table if line.startswith("cam_b"))
    assert "-134.020 ms" in row
    assert "-0.020 ms" in row
    assert "-0.001" in row, "the error in frames"


# Half a picture of 29.97 is 16.683 ms.
@pytest.mark.parametrize(("error_ms", "right"), [(16.6, True), (-16.6, True), (16.8, False), (-16.8, False)])
def test_half_a_frame_is_the_limit_either_way(error_ms, right):
    verdict = judge_session(
        session(offsets_ms={"cam_a": 0.0, "cam_b": -134.0, "cam_c": 87 + error_ms}), SHOOT
    )
    assert (verdict.failures == ()) is right
    assert right or "cam_c" in verdict.failures[0]


@pytest.mark.parametrize(
    ("changed", "about"),
    [
        ({"offsets_ms": {"cam_a": 0.0, "cam_b": None, "cam_c": 87.0}}, "cam_b"),
        ({"offsets_ms": {"cam_a": 0.0, "cam_b": -134.0}}, "cam_c"),
        ({"sync_confidence": None}, "confidence"),
    ],
)
def test_what_is_missing_is_wrong(changed, about):
    assert about in judge_session(session(**changed), SHOOT).failures[0]
