"""The document of `align --json`, and what it shares with the daemon's API."""

from __future__ import annotations

from dataclasses import replace

from mcsyncd.align.answer import build_answer
from mcsyncd.api import AngleBody
from mcsyncd.model.alignment import Alignment, AngleMatch, Candidate, Piece, Placement, SyncMethod
from mcsyncd.model.angle_document import build_angle_document
from mcsyncd.model.reason import ReasonCode, build_reason

REFERENCE = AngleMatch("cam_a", (Placement("a.mov", 0),), 1.0)
ANGLE = AngleMatch(
    "cam_b",
    (Placement("b.mov", -134_002, 11.8),),
    0.849999,
    reasons=(build_reason(ReasonCode.SPREAD, "cam_b", "cam_a"),),
    candidates=(Candidate(-134_002, 9.5),),
    overlap_s=12.5,
    residual_ms=0.02,
    pieces=(Piece("b.mov", 0, 2_000_000, -134_002, 11.8),),
)


def build(*angles):
    alignment = Alignment("cam_a", angles, min(angle.confidence for angle in angles), SyncMethod.AUDIO_CORR)
    return build_answer(alignment)


def test_the_api_reads_every_field_of_an_angle():
    document = build_angle_document(ANGLE, {})
    assert set(document) <= set(AngleBody.model_fields)
    assert AngleBody.model_validate(document).model_dump(include=set(document)) == document


def test_confidence_is_rounded_down():
    answer = build(REFERENCE, ANGLE)
    assert answer["confidence"] == answer["angles"]["cam_b"]["confidence"] == 0.8499


def test_offsets_are_milliseconds_and_none_where_a_clip_is_not_placed():
    lost = AngleMatch("cam_c", (Placement("c.mov", None),), 0.0)
    answer = build(REFERENCE, ANGLE, lost)
    assert answer["offsets_ms"] == {"cam_a": 0.0, "cam_b": -134.002, "cam_c": None}
    assert answer["drift_ppm"] == {"cam_a": 0.0, "cam_b": 11.8}
    assert answer["drift_curve"] == {"cam_a": [], "cam_b": []}


def test_pieces_are_there_only_where_a_clip_was_cut():
    assert build(REFERENCE, ANGLE)["angles"]["cam_b"]["pieces"][0]["end_s"] == 2.0
    assert "pieces" not in build(REFERENCE, replace(ANGLE, pieces=()))["angles"]["cam_b"]
