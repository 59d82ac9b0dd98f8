"""A late reel joins a session that was sealed without it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from model.test_decide import THRESHOLD, driven, sealed

from mcsyncd.model import facts as fa
from mcsyncd.model.clip import DropFile, HeldFile
from mcsyncd.model.decide import DecisionContext, decide
from mcsyncd.model.due import list_open_jobs
from mcsyncd.model.evolve import apply_event
from mcsyncd.model.jobs import Align, Offload, Probe
from mcsyncd.model.objection import find_objection
from mcsyncd.model.session import State
from shoots import AT, OKAFOR

REEL = (DropFile("cam_b", "B002.MOV", 700, 9), DropFile("cam_b", "B002.XML", 7, 9, "sidecar"))


def tell(session, fact):
    for event in decide(session, fact, DecisionContext(THRESHOLD)):
        session = apply_event(session, event)
    return session


def join(session, files=REEL, held=()):
    return fa.JoinReel(AT, OKAFOR, session.revision, files, held)


def test_a_late_reel_is_taken_in_and_everything_is_synced_again():
    before = driven(sealed())
    session = tell(before, join(before))
    assert session.state is State.WORKING
    assert session.revision == before.revision + 1
    (offload,) = list_open_jobs(session, THRESHOLD)
    assert isinstance(offload, Offload)
    assert offload.files == REEL
    paths = (("cam_b/B002.MOV", "sessions/x/original/cam_b/B002.MOV"),)
    session = tell(session, fa.JobFinished(AT, offload.id, fa.OffloadResult(paths)))
    probes = [job for job in list_open_jobs(session, THRESHOLD) if isinstance(job, Probe)]
    assert [job.subject for job in probes] == ["cam_b/B002.MOV"], "what is known of the others is kept"
    assert not any(isinstance(job, Align) for job in list_open_jobs(session, THRESHOLD))


def test_the_second_half_of_a_card_brings_its_own_index():
    before = driven(sealed())
    session = tell(before, join(before))
    session = replace(session, state=State.IN_REVIEW, incoming=())
    index = replace(REEL[1], bytes=9, mtime_ns=20)
    after = tell(session, join(session, (DropFile("cam_b", "B003.MOV", 800, 20), index)))
    assert [file for file in after.drop_files if file.key == index.key] == [index]


@pytest.mark.parametrize("state", [State.APPROVED, State.PUBLISHED])
def test_an_approval_is_void_when_a_reel_joins(state):
    session = replace(driven(sealed()), state=state)
    after = tell(session, join(session))
    assert after.approval is None
    assert after.publishing is None


def test_a_reel_does_not_join_twice():
    session = driven(sealed())
    after = tell(session, join(session))
    after = replace(after, state=State.IN_REVIEW)
    assert "already" in find_objection(after, join(after), frozenset()).message


@pytest.mark.parametrize(
    ("files", "held"),
    [
        ((), ()),
        (REEL[1:], ()),
        ((DropFile("cam_x", "X001.MOV", 7, 9),), ()),
        (REEL, (HeldFile("cam_b", "B003.MOV", 7, "its copy is not complete"),)),
    ],
    ids=["nothing", "no clip", "another camera", "half a copy"],
)
def test_what_cannot_join_is_refused_with_a_next_step(files, held):
    session = driven(sealed())
    objection = find_objection(session, join(session, files, held), frozenset())
    assert objection.kind == "invalid"
    assert objection.hint


@pytest.mark.parametrize("state", [State.WORKING, State.PUBLISHING, State.REJECTED, State.FAILED])
def test_a_session_that_is_busy_or_halted_takes_no_reel(state):
    session = replace(driven(sealed()), state=state)
    assert find_objection(session, join(session), frozenset()).kind == "wrong_state"
