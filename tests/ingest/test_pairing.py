from __future__ import annotations

import pytest

from mcsyncd.ingest.observation import Observation
from mcsyncd.ingest.pairing import is_seal_due, list_complete_files
from mcsyncd.ingest.settle import SettleRules, SettleState, settle_files
from mcsyncd.model.clip import DropFile

CAMERAS = ("cam_a", "cam_b")
WHOLE = (DropFile("cam_a", "A.MOV", 1, 1), DropFile("cam_b", "B.MOV", 1, 1))


def settled(*files: tuple[str, str]) -> SettleState:
    seen = [Observation(camera, name, 1, inode, 10, 5, 5) for inode, (camera, name) in enumerate(files)]
    rules = SettleRules(settle_s=1.0)
    return settle_files(settle_files(SettleState(), seen, 0.0, rules), seen, 2.0, rules)


def test_clips_come_with_their_sidecars_in_order():
    state = settled(("cam_b", "B.MOV"), ("cam_a", "A.XML"), ("cam_a", "A.MOV"), ("cam_a", "notes.txt"))
    assert list_complete_files(state) == (
        DropFile("cam_a", "A.MOV", 10, 5, "clip"),
        DropFile("cam_a", "A.XML", 10, 5, "sidecar"),
        DropFile("cam_b", "B.MOV", 10, 5, "clip"),
    )


def test_a_settled_sidecar_waits_for_its_clip():
    state = settled(("cam_a", "A.XML"))
    growing = [Observation("cam_a", "A.XML", 1, 0, 10, 5, 5), Observation("cam_a", "A.MOV", 1, 9, 1, 5, 5)]
    assert list_complete_files(settle_files(state, growing, 3.0, SettleRules(settle_s=1.0))) == ()


def test_sealed_when_whole_and_quiet():
    assert is_seal_due(WHOLE, CAMERAS, quiet_for_s=10.0, required_quiet_s=10.0, has_settling_files=False)


@pytest.mark.parametrize(
    ("files", "quiet_for", "settling"),
    [
        (WHOLE, 9.9, False),
        (WHOLE, 10.0, True),
        (WHOLE[:1], 10.0, False),
        ((WHOLE[0], DropFile("cam_b", "B.XML", 1, 1, "sidecar")), 10.0, False),
        ((), 10.0, False),
    ],
)
def test_not_sealed_before(files, quiet_for, settling):
    assert not is_seal_due(
        files, CAMERAS, quiet_for_s=quiet_for, required_quiet_s=10.0, has_settling_files=settling
    )
