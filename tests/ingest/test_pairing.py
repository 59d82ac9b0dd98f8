from __future__ import annotations

import pytest

from mcsyncd.ingest.observation import Observation
from mcsyncd.ingest.pairing import is_seal_due, list_complete_files, list_held_files
from mcsyncd.ingest.settle import SettleRules, SettleState, settle_files
from mcsyncd.model.clip import DropFile, HeldFile

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
        DropFile("cam_a", "A.XML", 10, 5, "sidecar", attached_to="A.MOV"),
        DropFile("cam_b", "B.MOV", 10, 5, "clip"),
    )


def test_a_settled_sidecar_waits_for_its_clip():
    state = settled(("cam_a", "A.XML"))
    growing = [Observation("cam_a", "A.XML", 1, 0, 10, 5, 5), Observation("cam_a", "A.MOV", 1, 9, 1, 5, 5)]
    assert list_complete_files(settle_files(state, growing, 3.0, SettleRules(settle_s=1.0))) == ()


def test_sealed_when_whole_and_quiet():
    assert is_seal_due(WHOLE, CAMERAS, quiet_for_s=10.0, required_quiet_s=10.0, held=())


@pytest.mark.parametrize(
    ("files", "quiet_for", "held"),
    [
        (WHOLE, 9.9, ()),
        (WHOLE, 10.0, (HeldFile("cam_b", "C.MOV", 1, "not readable"),)),
        (WHOLE[:1], 10.0, ()),
        ((WHOLE[0], DropFile("cam_b", "B.XML", 1, 1, "sidecar")), 10.0, ()),
        ((), 10.0, ()),
    ],
)
def test_not_sealed_before(files, quiet_for, held):
    assert not is_seal_due(files, CAMERAS, quiet_for_s=quiet_for, required_quiet_s=10.0, held=held)


def look_twice(*observations: Observation, later: float = 100.0) -> SettleState:
    rules = SettleRules(settle_s=1.0)
    return settle_files(settle_files(SettleState(), observations, 0.0, rules), observations, later, rules)


@pytest.mark.parametrize(
    "observation",
    [
        Observation("cam_a", "A.MOV", 1, 1, 10, 5, 5, "a link: put the file itself there"),
        Observation("cam_a", "DCIM", 1, 1, 10, 5, 5, "the folder cannot be read: Permission denied"),
        Observation("cam_a", ".A.MOV.Xk3d9", 1, 1, 10, 5, 5),
        Observation("cam_a", "A.MOV.part", 1, 1, 10, 5, 5),
        Observation("cam_a", "DCIM/A.mp4~", 1, 1, 10, 5, 5),
        Observation("cam_a", "A.MOV.!sync", 1, 1, 10, 5, 5),
    ],
    ids=lambda observation: observation.name,
)
def test_what_may_be_part_of_the_shoot_holds_the_seal_and_says_why(observation):
    (held,) = list_held_files(look_twice(observation))
    assert held.key == f"cam_a/{observation.name}"
    assert held.reason


@pytest.mark.parametrize("name", ["A.MOV", "notes.txt", ".nomedia", ".picasa.ini", "notes.txt.part"])
def test_what_is_complete_or_no_clip_holds_nothing(name):
    assert list_held_files(look_twice(Observation("cam_a", name, 1, 1, 10, 5, 5))) == ()


def test_what_is_still_settling_holds_the_seal():
    (held,) = list_held_files(look_twice(Observation("cam_a", "A.MOV", 1, 1, 10, 5, 5), later=0.5))
    assert held.key == "cam_a/A.MOV"
