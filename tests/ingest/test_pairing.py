from __future__ import annotations

import pytest

from mcsyncd.ingest.observation import Observation
from mcsyncd.ingest.pairing import dropped, seal_due
from mcsyncd.ingest.settle import SettleRules, SettleState, settle
from mcsyncd.model.clip import DropFile

CAMERAS = ("cam_a", "cam_b")
WHOLE = (DropFile("cam_a", "A.MOV", 1, 1), DropFile("cam_b", "B.MOV", 1, 1))


def settled(*files: tuple[str, str]) -> SettleState:
    seen = [Observation(camera, name, 1, inode, 10, 5, 5) for inode, (camera, name) in enumerate(files)]
    rules = SettleRules(settle=1.0)
    return settle(settle(SettleState(), seen, 0.0, rules), seen, 2.0, rules)


def test_clips_come_with_their_sidecars_in_order():
    state = settled(("cam_b", "B.MOV"), ("cam_a", "A.XML"), ("cam_a", "A.MOV"), ("cam_a", "notes.txt"))
    assert dropped(state) == (
        DropFile("cam_a", "A.MOV", 10, 5, "clip"),
        DropFile("cam_a", "A.XML", 10, 5, "sidecar"),
        DropFile("cam_b", "B.MOV", 10, 5, "clip"),
    )


def test_a_settled_sidecar_waits_for_its_clip():
    state = settled(("cam_a", "A.XML"))
    growing = [Observation("cam_a", "A.XML", 1, 0, 10, 5, 5), Observation("cam_a", "A.MOV", 1, 9, 1, 5, 5)]
    assert dropped(settle(state, growing, 3.0, SettleRules(settle=1.0))) == ()


def test_sealed_when_whole_and_quiet():
    assert seal_due(WHOLE, CAMERAS, quiet_for=10.0, quiet=10.0, anything_settling=False)


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
    assert not seal_due(files, CAMERAS, quiet_for=quiet_for, quiet=10.0, anything_settling=settling)
