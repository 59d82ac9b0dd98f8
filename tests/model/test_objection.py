"""What stands against each fact, state by state: the guard on its own, without a walk through the states."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcsyncd.model import facts as fa
from mcsyncd.model.alignment import Disposition
from mcsyncd.model.clip import Clip
from mcsyncd.model.objection import find_objection
from mcsyncd.model.session import HALTED, Approval, Attempt, Ruling, Session, State
from shoots import AT, DROPPED, NTSC, OFFSETS, OKAFOR, TERMS, alignment

CLIPS = tuple(Clip(one.camera, one.name, one.bytes, one.mtime_ns) for one in DROPPED if one.kind == "clip")
REVIEWED = Session(
    "20261123-091502-k7q", AT, State.IN_REVIEW, 3, DROPPED, TERMS, True, CLIPS, NTSC, alignment()
)
NOBODY_WAITS = frozenset()


def kind_of(session: Session, fact: fa.Fact, awaited: frozenset[str] = NOBODY_WAITS) -> str | None:
    objection = find_objection(session, fact, awaited)
    assert objection is None or (objection.message and objection.hint)
    return objection.kind if objection else None


def in_state(state: State, **changes) -> Session:
    return replace(REVIEWED, state=state, **changes)


@pytest.mark.parametrize("state", list(State))
def test_files_settle_and_a_seal_applies_only_while_a_session_collects(state):
    expected = None if state is State.COLLECTING else "wrong_state"
    assert kind_of(in_state(state), fa.FilesSettled(AT, DROPPED)) == expected
    assert kind_of(in_state(state), fa.Seal(AT, TERMS)) == expected


def test_there_is_nothing_to_seal_without_a_clip():
    sidecars = tuple(file for file in DROPPED if file.kind == "sidecar")
    assert sidecars
    for files in ((), sidecars):
        assert kind_of(in_state(State.COLLECTING, drop_files=files), fa.Seal(AT, TERMS)) == "invalid"


@pytest.mark.parametrize("state", list(State))
def test_each_decision_applies_in_its_states_alone(state):
    review = None if state is State.IN_REVIEW else "wrong_state"
    assert kind_of(in_state(state), fa.Approve(AT, OKAFOR, 3)) == review
    assert kind_of(in_state(state), fa.Nudge(AT, OKAFOR, 3, "cam_b", 0)) == review
    rejectable = {State.WORKING, State.IN_REVIEW, State.FAILED, State.STALE, State.QUARANTINED}
    assert (kind_of(in_state(state), fa.Reject(AT, OKAFOR, 3, "no")) is None) == (state in rejectable)
    reopenable = {State.APPROVED, State.PUBLISHING, State.PUBLISHED, State.REJECTED}
    assert (kind_of(in_state(state), fa.Reopen(AT, OKAFOR, 3, "why")) is None) == (state in reopenable)
    resyncable = set(State) - {State.COLLECTING, State.WORKING, State.REJECTED}
    assert (kind_of(in_state(state), fa.Resync(AT, OKAFOR, 3, TERMS)) is None) == (state in resyncable)
    retryable = {State.FAILED, State.STALE, State.QUARANTINED}
    assert (kind_of(in_state(state), fa.Retry(AT, OKAFOR)) is None) == (state in retryable)


@pytest.mark.parametrize("state", sorted(HALTED))
def test_a_session_that_halted_before_its_originals_were_in_is_retried_not_resynced(state):
    halted = in_state(state, offloaded=False)
    objection = find_objection(halted, fa.Resync(AT, OKAFOR, 3, TERMS), NOBODY_WAITS)
    assert objection is not None
    assert "mcsyncd retry" in objection.hint


def test_an_approval_needs_an_alignment_with_every_clip_on_it():
    approve = fa.Approve(AT, OKAFOR, 3)
    assert kind_of(replace(REVIEWED, alignment=None), approve) == "invalid"
    assert (
        kind_of(replace(REVIEWED, alignment=alignment(offsets=OFFSETS | {"cam_c": None})), approve)
        == "invalid"
    )
    unknown = Clip("cam_b", "B002.MOV", 1, 1)
    assert kind_of(replace(REVIEWED, clips=(*CLIPS, unknown)), approve) == "invalid"


def test_a_nudge_needs_an_alignment_with_that_camera_which_is_not_the_reference():
    assert kind_of(replace(REVIEWED, alignment=None), fa.Nudge(AT, OKAFOR, 3, "cam_b", 0)) == "invalid"
    assert kind_of(REVIEWED, fa.Nudge(AT, OKAFOR, 3, "cam_x", 0)) == "invalid"
    assert kind_of(REVIEWED, fa.Nudge(AT, OKAFOR, 3, "cam_a", 0)) == "invalid"
    assert kind_of(REVIEWED, fa.Nudge(AT, OKAFOR, 3, "cam_b", 0)) is None


@pytest.mark.parametrize("state", list(State))
def test_a_result_counts_only_while_somebody_waits_for_it(state):
    finished = fa.JobFinished(AT, "job", fa.OffloadResult(()))
    failed = fa.JobFailed(AT, "job", "transient", "full", "make room")
    awaited = frozenset({"job"})
    assert kind_of(in_state(state), finished, awaited) is None
    assert kind_of(in_state(state), failed, awaited) == ("not_awaited" if state in HALTED else None)
    assert kind_of(in_state(state), finished) == "not_awaited"
    assert kind_of(in_state(state), failed) == "not_awaited"


def test_a_job_that_waits_for_its_next_attempt_can_be_retried_at_once():
    waiting = in_state(State.WORKING, attempts=(Attempt("job", 1, 0, 60.0),))
    assert kind_of(waiting, fa.Retry(AT, OKAFOR), frozenset({"job"})) is None
    assert kind_of(waiting, fa.Retry(AT, OKAFOR), frozenset({"another"})) == "invalid"


@pytest.mark.parametrize(
    "build_fact",
    [
        lambda now, missing: fa.Retry(AT, OKAFOR, missing=missing),
        lambda now, missing: fa.Resync(AT, OKAFOR, now.revision, TERMS, missing=missing),
    ],
    ids=["retry", "resync"],
)
def test_no_new_answer_is_sought_without_an_original(build_fact):
    stale = in_state(State.STALE)
    clip, other = CLIPS[1], CLIPS[2]
    fact = build_fact(stale, (clip.key, other.key))
    objection = find_objection(stale, fact, NOBODY_WAITS)
    assert objection.kind == "invalid"
    assert f"{clip.key} is missing, and 1 more" in objection.message
    assert "drop it again" in objection.hint
    assert f"mcsyncd clip {stale.id} {clip.key} leave-out" in objection.hint
    rulings = tuple(
        Ruling(one.key, Disposition.LEFT_OUT, "its card is lost", OKAFOR, AT) for one in (clip, other)
    )
    assert kind_of(replace(stale, rulings=rulings), fact) is None
    assert kind_of(replace(stale, rulings=rulings[:1]), fact) == "invalid"
    coming = tuple(file for file in DROPPED if file.key in {clip.key, other.key})
    assert kind_of(replace(stale, incoming=coming), fact) is None


def test_what_was_approved_may_be_tried_again_without_an_original():
    """All of it may be in the store already, and only the pointer failed."""
    clip = CLIPS[1]
    failed = in_state(State.FAILED, approval=Approval(OKAFOR, AT, 3))
    same = tuple(fa.FileIdentity(one.key, one.bytes, one.mtime_ns) for one in CLIPS if one != clip)
    assert kind_of(failed, fa.Retry(AT, OKAFOR, same, (clip.key,))) is None
    written_to = (replace(same[0], mtime_ns=7), *same[1:])
    assert kind_of(failed, fa.Retry(AT, OKAFOR, written_to, (clip.key,))) == "invalid"


@pytest.mark.parametrize("state", sorted(HALTED))
def test_a_halted_session_goes_on_without_any_clip_that_was_taken_in(state):
    halted, clip = in_state(state), CLIPS[1]

    def set_to(disposition: Disposition) -> fa.SetDisposition:
        return fa.SetDisposition(AT, OKAFOR, halted.revision, clip.key, disposition, "its card is lost")

    assert kind_of(halted, set_to(Disposition.LEFT_OUT)) is None
    assert kind_of(halted, set_to(Disposition.SET_ASIDE)) == "wrong_state"
    assert kind_of(replace(halted, offloaded=False), set_to(Disposition.LEFT_OUT)) == "wrong_state"
    approved = replace(halted, approval=Approval(OKAFOR, AT, 3))
    assert kind_of(approved, set_to(Disposition.LEFT_OUT)) == "wrong_state"


@pytest.mark.parametrize(("state", "may_leave_out"), [(State.IN_REVIEW, True), (State.PUBLISHED, False)])
def test_what_is_dropped_takes_no_place_before_the_session_halts(state, may_leave_out):
    session, clip = in_state(state), CLIPS[1]
    fact = fa.Resync(AT, OKAFOR, session.revision, TERMS, missing=(clip.key,))
    objection = find_objection(session, fact, NOBODY_WAITS)
    assert "drop" not in objection.hint
    assert ("leave-out" in objection.hint) is may_leave_out
