"""What becomes of single clips: a person takes them off the timeline, places them, gives them back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from model.answered import ASIDE, THRESHOLD, answer, dispose, place, reviewed, sealed, tell

from mcsyncd.model import events as ev
from mcsyncd.model import facts as fa
from mcsyncd.model.alignment import Alignment, Disposition, Placement, SyncMethod
from mcsyncd.model.clip import DropFile
from mcsyncd.model.due import is_confident, list_conform_jobs, list_open_jobs
from mcsyncd.model.evolve import apply_event
from mcsyncd.model.jobs import Align, Conform, Listen, Probe
from mcsyncd.model.objection import find_objection
from mcsyncd.model.session import Session, State
from mcsyncd.review.policy import choose_call_to_action
from shoots import AT, NTSC, OKAFOR, TERMS


def places(session: Session) -> dict[str, int | None]:
    return {one.clip: one.offset_us for angle in session.alignment.angles for one in angle.placements}


def object_to(session: Session, fact: fa.Fact):
    return find_objection(session, fact, frozenset())


def test_a_clip_that_is_set_aside_blocks_nothing_and_lowers_nothing():
    session = reviewed()
    assert session.alignment.confidence == 0.95
    assert object_to(session, fa.Approve(AT, OKAFOR, session.revision)) is None
    assert "cam_b/B0" in {job.clip.key for job in list_conform_jobs(session)}


def test_a_clip_that_may_belong_on_the_timeline_asks_for_a_person_until_one_decides():
    session = reviewed()
    assert choose_call_to_action(session, THRESHOLD) == "review_sync"
    assert not is_confident(session, THRESHOLD)
    decided = dispose(session, "cam_b/B0", Disposition.SET_ASIDE)
    assert choose_call_to_action(decided, THRESHOLD) == "looks_good"
    assert ASIDE not in decided.alignment.reasons
    again = dispose(decided, "cam_b/B0", None)
    assert choose_call_to_action(again, THRESHOLD) == "review_sync"
    assert again.alignment == session.alignment
    assert again.revision == 3


def test_placing_one_clip_moves_no_other():
    """The hint of the refused approval moved the clips that were exact."""
    session, before = reviewed(), places(reviewed())
    moved = place(session, "cam_b/B0", 30_000_000)
    assert places(moved) == before | {"B0": 30_000_000}
    assert moved.alignment.find_disposition("cam_b", "B0") is Disposition.MANUAL
    assert moved.alignment.method is SyncMethod.MANUAL
    # The machine has no number for it, and the number of the others is theirs.
    assert moved.alignment.confidence == 0.95
    assert choose_call_to_action(moved, THRESHOLD) == "review_sync"


def test_what_was_recorded_at_once_moves_along_and_keeps_its_tie():
    session = reviewed()
    angles = tuple(
        replace(
            angle,
            placements=(
                replace(angle.placements[0], clip="B1"),
                replace(angle.placements[1], parallel_to="B1", offset_us=angle.placements[0].offset_us),
                angle.placements[2],
            ),
        )
        if angle.camera == "cam_b"
        else angle
        for angle in session.alignment.angles
    )
    session = replace(session, alignment=replace(session.alignment, angles=angles))
    for named in ("B1", "B2"):
        after = place(session, f"cam_b/{named}", 7_000_000).alignment
        assert {after.find_placement("cam_b", name).offset_us for name in ("B1", "B2")} == {7_000_000}
        assert after.find_placement("cam_b", "B0").offset_us is None
    aside = dispose(session, "cam_b/B2", Disposition.SET_ASIDE).alignment
    assert aside.find_placement("cam_b", "B2").parallel_to == "B1"
    moved = place(replace(session, alignment=aside), "cam_b/B1", 7_000_000).alignment
    assert moved.find_placement("cam_b", "B2").offset_us is None, "what a person took off stays off"


def test_a_clip_that_is_moved_back_is_the_machines_again():
    session = reviewed()
    moved = place(session, "cam_b/B1", 10_500_000)
    assert moved.alignment.find_disposition("cam_b", "B1") is Disposition.MANUAL
    back = place(moved, "cam_b/B1", 10_000_000)
    assert back.alignment == session.alignment
    assert back.revision == 3


def test_a_whole_camera_moves_its_placed_clips_only():
    session = reviewed()
    moved = tell(session, fa.Nudge(AT, OKAFOR, 1, "cam_b", 9_000_000))
    assert places(moved) == places(session) | {"B1": 9_000_000, "B2": 49_000_000}


@pytest.mark.parametrize("fault", ["", "moov is missing"])
def test_a_whole_camera_brings_no_clip_back_that_is_left_out_or_cannot_be_read(fault):
    """It came onto the timeline as if it were there: nothing else of the session knew of it."""
    session = dispose(reviewed(), "cam_c/C1", Disposition.LEFT_OUT, "lens cap")
    if fault:
        clips = (replace(one, fault=fault) if one.key == "cam_c/C1" else one for one in session.clips)
        session = replace(session, clips=tuple(clips), rulings=())
    objection = object_to(session, fa.Nudge(AT, OKAFOR, session.revision, "cam_c", 9_000_000))
    assert objection is not None
    assert objection.message == f"cam_c/C1 {'cannot be read (moov is missing)' if fault else 'is left out'}"


def test_a_whole_camera_takes_its_only_clip_back_that_was_set_aside():
    session = dispose(reviewed(), "cam_c/C1", Disposition.SET_ASIDE)
    moved = tell(session, fa.Nudge(AT, OKAFOR, session.revision, "cam_c", 9_000_000))
    assert places(moved) == places(reviewed()) | {"C1": 9_000_000}
    assert moved.find_ruling("cam_c/C1") is None, "the next sync compares it again"


def test_a_clip_that_is_left_out_is_neither_conformed_nor_waited_for():
    session = dispose(reviewed(), "cam_b/B2", Disposition.LEFT_OUT, "lens cap")
    assert session.alignment.find_disposition("cam_b", "B2") is Disposition.LEFT_OUT
    assert "cam_b/B2" not in {job.clip.key for job in list_conform_jobs(session)}
    assert session.find_ruling("cam_b/B2").reason == "lens cap"


def test_a_new_sync_keeps_what_a_person_decided():
    session = dispose(reviewed(), "cam_b/B2", Disposition.SET_ASIDE)
    session = tell(session, fa.Resync(AT, OKAFOR, session.revision, TERMS))
    (job,) = [job for job in list_open_jobs(session, THRESHOLD) if isinstance(job, Align)]
    assert "cam_b/B2" not in {clip.key for clip in job.clips}
    solved = answer()
    fewer = tuple(
        replace(angle, placements=tuple(one for one in angle.placements if one.clip != "B2"))
        for angle in solved.angles
    )
    session = tell(session, fa.JobFinished(AT, job.id, replace(solved, angles=fewer)))
    assert session.alignment.find_disposition("cam_b", "B2") is Disposition.SET_ASIDE
    # It was not compared: to come back, the offsets have to be found again.
    session = dispose(session, "cam_b/B2", None)
    assert session.state is State.WORKING
    assert any(isinstance(job, Align) for job in list_open_jobs(session, THRESHOLD))


def test_without_the_clip_that_gives_the_clock_the_offsets_are_found_again():
    session = dispose(reviewed(), "cam_a/A1", Disposition.SET_ASIDE)
    assert session.alignment is None
    (job,) = [job for job in list_open_jobs(session, THRESHOLD) if isinstance(job, Align)]
    assert job.reference == "cam_b"
    assert {clip.key for clip in job.clips} == {"cam_b/B0", "cam_b/B1", "cam_b/B2", "cam_c/C1"}


def unprobed() -> Session:
    session = sealed()
    clips = tuple(replace(clip, media=None) if clip.name == "B2" else clip for clip in session.clips)
    return replace(session, clips=clips)


def fail_probe(session: Session) -> Session:
    (job,) = [job for job in list_open_jobs(session, THRESHOLD) if isinstance(job, Probe)]
    return tell(session, fa.JobFailed(AT, job.id, "final", "B2 is empty", "copy it again"))


def test_one_clip_that_cannot_be_read_does_not_stop_the_others():
    session = fail_probe(unprobed())
    assert session.state is State.WORKING
    (job,) = [job for job in list_open_jobs(session, THRESHOLD) if isinstance(job, Align)]
    assert "cam_b/B2" not in {clip.key for clip in job.clips}
    assert not any(isinstance(job, Probe | Listen) for job in list_open_jobs(session, THRESHOLD))
    session = tell(session, fa.JobFinished(AT, job.id, answer()))
    session = apply_event(session, ev.SessionAligned(AT, 2, replace_b2(session.alignment), NTSC))
    objection = object_to(session, fa.Approve(AT, OKAFOR, session.revision))
    assert "cam_b/B2 cannot be read" in objection.message
    assert "leave-out" in objection.hint
    assert choose_call_to_action(session, THRESHOLD) == "review_sync"
    aside = fa.SetDisposition(AT, OKAFOR, session.revision, "cam_b/B2", Disposition.SET_ASIDE)
    assert object_to(session, aside) is not None
    session = dispose(session, "cam_b/B2", Disposition.LEFT_OUT, "empty on the card, too")
    assert object_to(session, fa.Approve(AT, OKAFOR, session.revision)) is None


def replace_b2(found: Alignment) -> Alignment:
    angles = tuple(
        replace(
            angle,
            placements=tuple(Placement("B2", None) if one.clip == "B2" else one for one in angle.placements),
        )
        for angle in found.angles
    )
    return replace(found, angles=angles)


def test_the_only_clip_of_a_camera_stops_the_session_until_it_is_left_out():
    session = sealed()
    clips = tuple(replace(clip, media=None) if clip.name == "C1" else clip for clip in session.clips)
    session = fail_probe(replace(session, clips=clips))
    assert session.state is State.FAILED
    other = fa.SetDisposition(AT, OKAFOR, 0, "cam_b/B2", Disposition.SET_ASIDE, "no")
    assert object_to(session, other).kind == "wrong_state"
    session = dispose(session, "cam_c/C1", Disposition.LEFT_OUT, "the card is broken")
    assert session.state is State.WORKING
    assert session.error is None
    (job,) = [job for job in list_open_jobs(session, THRESHOLD) if isinstance(job, Align)]
    assert {clip.camera for clip in job.clips} == {"cam_a", "cam_b"}


def test_a_clip_that_cannot_be_read_any_more_stops_a_session_that_has_its_answer():
    """Approved as it was, it could never be published: nobody had been asked about the clip."""
    session = reviewed()
    clips = tuple(replace(clip, media=None) if clip.name == "B2" else clip for clip in session.clips)
    session = fail_probe(replace(session, clips=clips))
    assert session.state is State.FAILED
    assert session.error.clip == "cam_b/B2"
    session = dispose(session, "cam_b/B2", Disposition.LEFT_OUT, "the disk is broken")
    assert session.state is State.IN_REVIEW
    assert object_to(session, fa.Approve(AT, OKAFOR, session.revision)) is None


def test_a_retry_reads_a_clip_again_that_could_not_be_read():
    session = tell(fail_probe(unprobed()), fa.Retry(AT, OKAFOR))
    assert any(isinstance(job, Probe) for job in list_open_jobs(session, THRESHOLD))


def test_another_copy_takes_the_place_of_a_clip_that_cannot_be_read():
    session = fail_probe(unprobed())
    file = DropFile("cam_b", "B2", 500, 3)
    after = tell(session, fa.ClipDroppedAgain(AT, "cam_b/B2", file, "replacement"))
    assert after.find_clip("cam_b/B2").bytes == 500
    assert after.find_clip("cam_b/B2").fault == ""


def test_the_last_clips_cannot_be_taken_away():
    session = reviewed()
    for clip in ("cam_b/B0", "cam_b/B1", "cam_b/B2", "cam_c/C1"):
        session = dispose(session, clip, Disposition.SET_ASIDE)
    assert session.alignment.confidence == 0.0, "nothing was compared with the reference"
    last = fa.SetDisposition(AT, OKAFOR, session.revision, "cam_a/A1", Disposition.SET_ASIDE)
    assert "nothing is left" in object_to(session, last).message


@pytest.mark.parametrize(
    "fact",
    [
        fa.SetDisposition(AT, OKAFOR, 1, "cam_b/B9", Disposition.SET_ASIDE),
        fa.Nudge(AT, OKAFOR, 1, "cam_b", 0, "B9"),
        fa.Nudge(AT, OKAFOR, 1, "cam_a", 5, "A1"),
        fa.SetDisposition(AT, OKAFOR, 7, "cam_b/B2", Disposition.SET_ASIDE),
    ],
    ids=["no such clip", "no such clip to place", "the clock", "another revision"],
)
def test_what_makes_no_sense_is_refused(fact):
    assert object_to(reviewed(), fact) is not None


def test_a_set_aside_clip_keeps_its_own_clock():
    jobs = {job.clip.name: job for job in list_conform_jobs(reviewed())}
    assert isinstance(jobs["B0"], Conform)
    assert (jobs["B0"].phase_us, jobs["B0"].drift_ppm) == (0, 0.0)


def test_an_old_alignment_keeps_its_numbers_and_gets_its_methods_disposition():
    session = reviewed()
    old = tuple(
        replace(
            angle,
            confidence=0.7,
            placements=tuple(
                Placement(p.clip, p.offset_us) for p in angle.placements if p.offset_us is not None
            ),
        )
        for angle in session.alignment.angles
    )
    session = replace(session, alignment=replace(session.alignment, angles=old, confidence=0.7), solved=None)
    assert session.alignment.find_disposition("cam_b", "B1") is Disposition.SYNCED
    moved = place(session, "cam_b/B1", 11_000_000)
    assert moved.alignment.confidence == 0.7
    assert moved.alignment.find_disposition("cam_b", "B1") is Disposition.MANUAL


def test_a_clip_that_is_left_out_after_a_failed_conform_voids_the_approval():
    """The approval stood although what it was for had changed."""
    session = reviewed()
    session = tell(session, fa.Approve(AT, OKAFOR, session.revision))
    (job,) = [job for job in list_conform_jobs(session) if job.clip.name == "B2"]
    session = tell(session, fa.JobFailed(AT, job.id, "final", "B2 breaks off", "leave it out"))
    assert session.state is State.FAILED
    assert session.approval is not None
    session = dispose(session, "cam_b/B2", Disposition.LEFT_OUT, "the card is broken")
    assert session.state is State.IN_REVIEW
    assert session.approval is None
