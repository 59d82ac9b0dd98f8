"""Whose an offset is, after nudges, places, and moves back."""

from __future__ import annotations

from dataclasses import replace

from model.answered import dispose, place, reviewed, tell

from mcsyncd.model import facts as fa
from mcsyncd.model.alignment import Disposition
from mcsyncd.model.hand_set import list_hand_set_offsets
from mcsyncd.model.session import Actor
from shoots import OKAFOR

LATER = "2026-11-26T10:00:00.000000+00:00"
KIM = Actor("kim", 1002)


def nudge(session, camera, offset_us, by=OKAFOR, at="2026-11-26T09:30:00.000000+00:00"):
    return tell(session, fa.Nudge(at, by, session.revision, camera, offset_us, ""))


def test_the_machines_answer_is_nobodys():
    assert list_hand_set_offsets(reviewed()) == ()


def test_a_clip_says_who_set_it_and_what_the_machine_had():
    (found,) = list_hand_set_offsets(place(reviewed(), "cam_b/B2", 50_100_000))
    assert (found.camera, found.clip, found.offset_us) == ("cam_b", "B2", 50_100_000)
    assert (found.solved_us, found.solved_confidence) == (50_000_000, 0.95)
    assert found.move.by == OKAFOR


def test_a_clip_without_a_place_had_none():
    (found,) = list_hand_set_offsets(place(reviewed(), "cam_b/B0", 30_000_000))
    assert (found.solved_us, found.solved_confidence) == (None, None)


def test_a_camera_that_moved_as_a_whole_is_said_once():
    (found,) = list_hand_set_offsets(nudge(reviewed(), "cam_b", 10_040_000))
    assert (found.camera, found.clip) == ("cam_b", "")
    assert (found.offset_us, found.solved_us) == (10_040_000, 10_000_000)


def test_what_somebody_else_set_before_stays_theirs():
    session = nudge(place(reviewed(), "cam_b/B2", 50_100_000), "cam_c", 0, KIM, LATER)
    assert {(one.camera, one.move.by.name) for one in list_hand_set_offsets(session)} == {
        ("cam_b", OKAFOR.name),
        ("cam_c", "kim"),
    }


def test_a_clip_that_is_moved_back_is_the_machines_again():
    session = nudge(reviewed(), "cam_c", 100_000)
    assert list_hand_set_offsets(session)
    assert list_hand_set_offsets(nudge(session, "cam_c", 87_000)) == ()
    off = dispose(place(reviewed(), "cam_b/B2", 50_100_000), "cam_b/B2", Disposition.SET_ASIDE)
    assert list_hand_set_offsets(off) == ()


def test_an_offset_that_is_typed_back_as_it_is_shown_is_the_machines_again():
    """The machine had 87.000 ms and a few microseconds; who typed 87 set it by hand, 0.0 frames away."""
    session = nudge(reviewed(), "cam_c", 100_000)
    back = nudge(session, "cam_c", 87_021)
    assert list_hand_set_offsets(back) == ()
    assert back.alignment == reviewed().alignment
    assert list_hand_set_offsets(nudge(session, "cam_c", 88_000))


def test_a_reopened_session_says_why_until_it_is_decided():
    session = reviewed()
    approved = tell(session, fa.Approve(LATER, OKAFOR, session.revision))
    again = tell(approved, fa.Reopen(LATER, KIM, approved.revision, "cam_b lags"))
    assert (again.reopening.by, again.reopening.reason) == (KIM, "cam_b lags")
    nudged = nudge(again, "cam_c", 90_000)
    assert nudged.reopening == again.reopening
    assert tell(nudged, fa.Approve(LATER, KIM, nudged.revision)).reopening is None
    assert tell(nudged, fa.Reject(LATER, KIM, nudged.revision, "no")).reopening is None


def test_the_machine_may_not_have_kept_its_answer():
    """A ledger of a version that did not: the offset is still a person's."""
    session = replace(place(reviewed(), "cam_b/B2", 50_100_000), solved=None)
    (found,) = list_hand_set_offsets(session)
    assert (found.clip, found.solved_us) == ("B2", None)
