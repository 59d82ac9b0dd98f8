"""Originals are removed only when nothing stands against it; each rule is broken once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcsyncd.model import facts as fa
from mcsyncd.model.clip import DropFile
from mcsyncd.model.decide import DecisionContext, decide
from mcsyncd.model.due import list_due_jobs
from mcsyncd.model.evolve import apply_event
from mcsyncd.model.holding import Evidence
from mcsyncd.model.jobs import (
    Conform,
    EmptyTrash,
    Job,
    ReadBack,
    TrashOriginals,
    Upload,
    find_store_name,
)
from mcsyncd.model.objection import find_objection
from mcsyncd.model.publishing import HeadState
from mcsyncd.model.retention import RetentionTerms
from mcsyncd.model.retention_steps import find_obstacle
from mcsyncd.model.session import Session, State
from mcsyncd.model.store_jobs import list_published_keys
from shoots import AT, DROPPED, OKAFOR, RUIZ, TERMS, result_of

CONTEXT = DecisionContext(0.85, further=("nas",), reads_back=True)
LONG_AFTER = "2027-06-01T00:00:00.000000Z"
MAY_GO = RetentionTerms(2, LONG_AFTER, LONG_AFTER, LONG_AFTER, LONG_AFTER)


def tell(session: Session, *facts: fa.Fact) -> Session:
    for fact in facts:
        for event in decide(session, fact, CONTEXT):
            session = apply_event(session, event)
    return session


def work_off(session: Session, *, without: tuple[type, ...] = ()) -> Session:
    while jobs := [job for job in list_due_jobs(session, 0.85) if not isinstance(job, without)]:
        session = tell(session, fa.JobFinished(AT, jobs[0].id, result_of(jobs[0])))
    return session


@pytest.fixture
def safe() -> Session:
    """Published, and read back from two stores."""
    reviewed = work_off(tell(Session("s", AT), fa.FilesSettled(AT, DROPPED), fa.Seal(AT, TERMS)))
    return work_off(tell(reviewed, fa.Approve(AT, OKAFOR, reviewed.revision)))


def look(session: Session, terms: RetentionTerms = MAY_GO) -> Session:
    return tell(session, fa.LookAfterOriginals(AT, terms))


def removals(session: Session) -> list[TrashOriginals | EmptyTrash]:
    return [job for job in list_due_jobs(session, 0.85) if isinstance(job, TrashOriginals | EmptyTrash)]


def trash(session: Session) -> Session:
    (job,) = removals(look(session))
    paths = tuple((clip.key, f"sessions/s/trash/{clip.key}") for clip in job.clips)
    return tell(look(session), fa.JobFinished(AT, job.id, fa.Removal(paths)))


def test_nothing_goes_without_a_look(safe):
    assert safe.is_finished
    assert removals(safe) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"min_copies": 3}, "stores"),
        ({"approved_before": AT}, "approved too recently"),
        ({"proven_before": AT}, "less than a day"),
    ],
)
def test_each_term_holds_them_here(safe, change, why):
    terms = replace(MAY_GO, **change)
    assert why in find_obstacle(safe, terms)
    assert look(safe, terms) == safe


@pytest.mark.parametrize("store", ["", "nas"])
def test_one_damaged_object_holds_them_here(safe, store):
    holding = safe.find_holding(store)
    wrong = Evidence(list_published_keys(safe)[-1], AT, is_right=False, is_due=False)
    others = tuple(one for one in holding.evidence if one.key != wrong.key)
    damaged = safe.put_holding(replace(holding, evidence=(*others, wrong)))
    assert find_obstacle(damaged, MAY_GO)
    assert removals(look(safe)), "or this would prove nothing"
    assert removals(look(safe).put_holding(replace(holding, evidence=(*others, wrong)))) == [], "it was due"


def test_a_store_whose_readers_are_told_something_else_does_not_count(safe):
    told = replace(safe.find_holding("nas").head, state=HeadState.UNDER_REVIEW)
    behind = safe.put_holding(replace(safe.find_holding("nas"), head=told))
    assert find_obstacle(behind, MAY_GO)
    assert removals(look(safe).put_holding(behind.find_holding("nas"))) == []


def test_a_session_under_review_keeps_them(safe):
    reopened = tell(safe, fa.Reopen(AT, RUIZ, safe.revision, "look"))
    assert find_obstacle(reopened, MAY_GO)
    assert removals(tell(look(safe), fa.Reopen(AT, RUIZ, safe.revision, "look"))) == []


def test_what_was_due_is_judged_anew_after_another_approval(safe):
    reopened = work_off(
        tell(look(safe), fa.Reopen(AT, RUIZ, safe.revision, "look")), without=(TrashOriginals,)
    )
    again = work_off(tell(reopened, fa.Approve(AT, OKAFOR, reopened.revision)), without=(ReadBack,))
    assert again.state is State.PUBLISHED
    assert removals(again) == []


def test_they_go_to_the_trash_and_are_deleted_later(safe):
    (job,) = removals(look(safe))
    assert {clip.key for clip in job.clips} == {clip.key for clip in safe.clips}
    assert job.stores == ("", "nas")
    trashed = trash(safe)
    assert trashed.is_finished
    assert all("/trash/" in clip.place for clip in trashed.clips)
    assert list_due_jobs(trashed, 0.85) == (), "nothing is encoded again because a file was moved"
    assert removals(look(trashed, replace(MAY_GO, trashed_before=AT))) == [], "not before its days are over"
    expired = look(trashed)
    (empty,) = removals(expired)
    assert isinstance(empty, EmptyTrash)
    gone = tuple((clip.key, "") for clip in empty.clips)
    deleted = tell(expired, fa.JobFinished(AT, empty.id, fa.Removal(gone)))
    assert deleted.is_finished
    assert look(deleted) == deleted
    assert list_due_jobs(deleted, 0.85) == ()
    objection = find_objection(deleted, fa.Reopen(AT, RUIZ, deleted.revision, "look"), frozenset())
    assert "mcsyncd restore" in objection.hint


def delete(session: Session) -> Session:
    expired = look(trash(session))
    (job,) = removals(expired)
    return tell(expired, fa.JobFinished(AT, job.id, fa.Removal(tuple((clip.key, "") for clip in job.clips))))


@pytest.mark.parametrize(
    "build_fact",
    [
        lambda session: fa.Resync(AT, RUIZ, session.revision, TERMS),
        lambda session: fa.JoinReel(AT, RUIZ, session.revision, (DropFile("cam_b", "B002.MOV", 7, 7),)),
        *(
            lambda session, relation=relation: fa.ClipDroppedAgain(
                AT, "cam_b/B001.MOV", DropFile("cam_b", "B001.MOV", 250, 9), relation
            )
            for relation in ("fuller", "continued", "differing")
        ),
    ],
    ids=["resync", "join", "fuller", "continued", "differing"],
)
def test_what_needs_the_originals_is_refused_once_they_are_deleted(safe, build_fact):
    """Nothing could be analysed or encoded again: the session would never be published again."""
    fact = build_fact(safe)
    assert find_objection(safe, fact, frozenset()) is None
    deleted = delete(safe)
    assert "mcsyncd restore" in find_objection(deleted, fact, frozenset()).hint
    assert tell(deleted, fact) == deleted


@pytest.mark.parametrize("decide_to", [fa.Approve, fa.Reopen], ids=["approve", "reopen"])
def test_no_advice_leads_to_what_is_refused_once_the_originals_are_deleted(safe, decide_to):
    deleted = delete(safe)
    rejected = tell(deleted, fa.Reject(AT, RUIZ, deleted.revision, "the wrong shoot"))
    for session, advised in ((deleted, "mcsyncd reject"), (rejected, "drop its originals again")):
        extra = ("once more",) if decide_to is fa.Reopen else ()
        hint = find_objection(session, decide_to(AT, OKAFOR, session.revision, *extra), frozenset()).hint
        assert advised in hint
        assert "mcsyncd reopen" not in hint


def test_a_session_whose_originals_lie_in_the_trash_can_be_reopened(safe):
    trashed = trash(safe)
    reopened = work_off(tell(trashed, fa.Reopen(AT, RUIZ, trashed.revision, "look")))
    assert reopened.state is State.IN_REVIEW
    assert removals(look(reopened)) == []
    approved = tell(reopened, fa.Approve(AT, OKAFOR, reopened.revision))
    assert not [job for job in list_due_jobs(approved, 0.85) if isinstance(job, Conform)], "all is there"
    again = work_off(approved)
    assert (again.state, again.is_finished) == (State.PUBLISHED, True)
    rejected = tell(reopened, fa.Reject(AT, RUIZ, reopened.revision, "the wrong shoot"))
    assert "trash" in find_objection(rejected, fa.ReturnOriginals(AT, RUIZ), frozenset()).message


def test_what_was_refused_is_tried_again_a_day_later(safe):
    (job,) = removals(look(safe))
    refused = tell(look(safe), fa.JobFinished(AT, job.id, fa.Removal(refused="the file was modified")))
    assert (refused.retention.state, refused.retention.reason) == ("refused", "the file was modified")
    assert removals(look(refused, replace(MAY_GO, refused_before=AT))) == []
    assert removals(look(refused))


def test_a_plan_finds_what_lies_in_the_trash(safe):
    """A store that is named later, or a repair, must send it from there."""
    originals = {clip.path for clip in safe.clips}
    plan = safe.publishing.plan
    with_originals = replace(
        plan, objects=(*plan.objects, *(replace(plan.objects[0], key=path, path=path) for path in originals))
    )
    before = replace(safe, publishing=replace(safe.publishing, plan=with_originals))
    proven = tuple(Evidence(path, AT, is_right=True, is_due=False) for path in originals)
    for holding in before.holdings:
        before = before.put_holding(replace(holding, evidence=(*holding.evidence, *proven)))
    after = trash(before)
    paths = {one.path for one in after.publishing.plan.objects}
    assert originals.isdisjoint(paths)
    assert {clip.place for clip in after.clips} <= paths


def test_a_rejected_session_is_finished_though_a_removal_was_due(safe):
    due = look(safe)
    assert due.retention.state == "due"
    reopened = tell(due, fa.Reopen(AT, RUIZ, due.revision, "look"))
    rejected = work_off(tell(reopened, fa.Reject(AT, RUIZ, reopened.revision, "the wrong shoot")))
    assert removals(rejected) == []
    assert rejected.is_finished, "or it would stay in memory for good"


def test_originals_stay_while_something_must_be_made_of_them_again():
    """A further store waits for a file that was lost here; the main store alone is proof enough."""
    session = work_off(tell(Session("s", AT), fa.FilesSettled(AT, DROPPED), fa.Seal(AT, TERMS)))
    session = tell(session, fa.Approve(AT, OKAFOR, session.revision))

    def list_jobs() -> list[Job]:
        return [job for job in list_due_jobs(session, 0.85) if find_store_name(job) != "nas"]

    while jobs := list_jobs():
        session = tell(session, fa.JobFinished(AT, jobs[0].id, result_of(jobs[0])))
    session = look(session, replace(MAY_GO, min_copies=1))
    assert len(removals(session)) == 1
    (proxy, *_) = (
        job.object.path
        for job in list_due_jobs(session, 0.85)
        if isinstance(job, Upload) and job.object.kind == "proxy"
    )
    session = tell(session, fa.DerivedFilesLost(AT, None, (proxy,), "it is gone"))
    assert removals(session) == []
    (conform,) = (job for job in list_jobs() if isinstance(job, Conform))
    session = tell(session, fa.JobFinished(AT, conform.id, result_of(conform)))
    assert len(removals(session)) == 1
