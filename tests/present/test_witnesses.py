"""What each witness says of an angle, in words."""

from __future__ import annotations

from tui import scenes

from mcsyncd import api
from mcsyncd.model.alignment import AngleMatch, Stance, Vote, Witness
from mcsyncd.model.angle_document import build_angle_document
from mcsyncd.present.session import format_witnesses

VOTES = (
    Vote("B001.MOV", "cam_a", Witness.SOUND, -134_000, 100, Stance.AGREES),
    Vote("B001.MOV", "cam_a", Witness.RECORDING_TIME, 7_000_000, 85_000_000, Stance.CONTRADICTS),
)


def test_every_witness_is_named_with_its_offset_its_error_and_its_stance():
    document = build_angle_document(AngleMatch("cam_b", (), 0.9, votes=VOTES), {})
    body = scenes.session(angles={"cam_b": api.AngleBody.model_validate(document)})
    sound, clock = format_witnesses(body, "cam_b")
    assert sound == "✔ sound with Cam A: −134 ms ± 0.1 ms"  # noqa: RUF001  # the sign that is shown
    assert clock == "✖ recording time with Cam A: +7000 ms ± 85 s"


def test_every_kind_of_witness_and_stance_has_a_word():
    votes = tuple(Vote("B001.MOV", "cam_a", kind, 0, 1, stance) for kind in Witness for stance in Stance)
    document = build_angle_document(AngleMatch("cam_b", (), 0.9, votes=votes), {})
    said = format_witnesses(scenes.session(angles={"cam_b": api.AngleBody.model_validate(document)}), "cam_b")
    assert len(set(said)) == len(Witness) * len(Stance)
    assert not any("_" in line for line in said)
