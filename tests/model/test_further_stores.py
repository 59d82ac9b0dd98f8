"""Several stores: what each holds is known by itself, and a session is safe only by what was read back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcsyncd.model import facts as fa
from mcsyncd.model.decide import MAX_CRASHES, DecisionContext, decide
from mcsyncd.model.due import list_due_jobs
from mcsyncd.model.evolve import apply_event
from mcsyncd.model.holding import Evidence, ObjectState
from mcsyncd.model.jobs import Job, Listen, PointHead, PublishCopy, ReadBack, Upload, find_store_name
from mcsyncd.model.losses import MAX_REGENERATIONS
from mcsyncd.model.publishing import HeadState
from mcsyncd.model.session import Session, State
from mcsyncd.model.store_jobs import is_safe, list_published_keys
from shoots import AT, DROPPED, OKAFOR, RUIZ, TERMS, result_of

THRESHOLD = 0.85
LATER, YEARS_LATER = "2026-12-23T09:15:02.000000Z", "2029-12-23T09:15:02.000000Z"
TWO = DecisionContext(THRESHOLD, further=("nas",), reads_back=True)


def tell(session: Session, *facts: fa.Fact, context: DecisionContext = TWO) -> Session:
    for fact in facts:
        for event in decide(session, fact, context):
            session = apply_event(session, event)
    return session


def due(
    session: Session, kind: type[Job] | tuple[type[Job], ...] = Job, store: str | None = None
) -> list[Job]:
    jobs = [job for job in list_due_jobs(session, THRESHOLD) if isinstance(job, kind)]
    return [job for job in jobs if store is None or find_store_name(job) == store]


def finish(session: Session, job: Job, result=None, at: str = AT) -> Session:
    return tell(session, fa.JobFinished(at, job.id, result_of(job) if result is None else result))


def work_off(session: Session, *, without: type | tuple = ()) -> Session:
    """Do all due jobs but those of some kinds."""
    while jobs := [job for job in due(session) if not isinstance(job, without)]:
        session = finish(session, jobs[0])
    return session


@pytest.fixture
def approved() -> Session:
    reviewed = work_off(tell(Session("s", AT), fa.FilesSettled(AT, DROPPED), fa.Seal(AT, TERMS)))
    return tell(reviewed, fa.Approve(AT, OKAFOR, reviewed.revision))


@pytest.fixture
def published(approved) -> Session:
    """Published, with all copies made, and nothing read back."""
    return work_off(approved, without=ReadBack)


def test_a_copy_keeps_no_session_from_being_published(approved):
    session = approved
    while jobs := due(session, store="") or [job for job in due(session) if find_store_name(job) is None]:
        session = finish(session, next(job for job in jobs if not isinstance(job, ReadBack)))
        if session.state is State.PUBLISHED:
            break
    assert session.state is State.PUBLISHED
    assert not session.is_finished
    uploads = due(session, Upload, "nas")
    assert [job.object.key for job in uploads] == [one.key for one in session.publishing.plan.uploads]


def test_the_manifest_of_a_copy_comes_last(approved):
    session = work_off(approved, without=(Upload, ReadBack))
    while uploads := due(session, Upload):
        assert not due(session, PublishCopy)
        session = work_off(finish(session, uploads[0]), without=(Upload, ReadBack, PublishCopy))
    (copy,) = due(session, PublishCopy)
    assert copy.publication == session.published
    assert {one.key for one in copy.stored} == {one.key for one in session.publishing.plan.uploads}


def test_published_is_not_safe_and_read_back_is(published):
    assert not published.is_finished
    assert [is_safe(published, count) for count in (1, 2)] == [False, False]
    once = published
    for job in due(published, ReadBack, ""):
        assert not is_safe(once, 1), "something of it has not been read back yet"
        once = finish(once, job)
    assert [is_safe(once, count) for count in (1, 2)] == [True, False]
    twice = work_off(once)
    assert [is_safe(twice, count) for count in (1, 2)] == [True, True]
    assert twice.is_finished
    assert {twice.copies[0].judge_object(key) for key in list_published_keys(twice)} == {
        ObjectState.DEEP_VERIFIED
    }


@pytest.mark.parametrize("store", ["", "nas"])
def test_damage_is_remembered_until_it_was_read_again(published, store):
    (job, *_) = due(published, ReadBack, store)
    wrong = Evidence(job.object.key, is_right=False, is_due=False, message="other bytes")
    session = work_off(finish(published, job, wrong))
    assert not session.is_finished, "a person must see it"
    assert not is_safe(session, 2)
    holding = session.find_holding(store)
    assert holding.judge_object(job.object.key) is ObjectState.DAMAGED
    assert [(one.key, one.at) for one in holding.damaged] == [(job.object.key, AT)]

    early = tell(session, fa.LookAfterStores(AT, ("nas",), None, AT))
    assert not due(early, ReadBack), "it was read a moment ago"
    looked = tell(session, fa.LookAfterStores(LATER, ("nas",), None, LATER))
    assert [one.object.key for one in due(looked, ReadBack)] == [job.object.key]
    assert is_safe(work_off(looked), 2)


def test_what_was_read_back_long_ago_is_read_again_and_stays_safe_meanwhile(published):
    session = work_off(published)
    assert tell(session, fa.LookAfterStores(LATER, ("nas",), AT, LATER)) == session
    looked = tell(session, fa.LookAfterStores(YEARS_LATER, ("nas",), LATER, YEARS_LATER))
    assert len(due(looked, ReadBack)) == 2 * len(list_published_keys(session))
    assert is_safe(looked, 2)


def test_a_store_that_is_named_later_gets_what_was_published_before(approved):
    alone = DecisionContext(THRESHOLD)
    session = approved
    while jobs := due(session):
        session = tell(session, fa.JobFinished(AT, jobs[0].id, result_of(jobs[0])), context=alone)
    assert session.is_finished
    assert not session.evidence
    looked = tell(session, fa.LookAfterStores(LATER, ("nas", "tape"), None, LATER))
    assert {find_store_name(job) for job in due(looked)} == {"nas", "tape"}
    copied = work_off(looked)
    assert [one.published for one in copied.copies] == [session.published] * 2
    forgotten = tell(copied, fa.LookAfterStores(LATER, ("tape",), None, LATER))
    assert [one.store for one in forgotten.copies] == ["tape"]


def test_a_store_that_is_named_again_learns_what_was_rejected_meanwhile(published):
    alone = work_off(tell(published, fa.LookAfterStores(LATER, (), None, LATER)))
    reopened = tell(alone, fa.Reopen(AT, RUIZ, alone.revision, "look"))
    rejected = work_off(tell(reopened, fa.Reject(AT, RUIZ, reopened.revision, "the wrong shoot")))
    assert rejected.is_finished
    again = tell(rejected, fa.LookAfterStores(LATER, ("nas",), None, LATER))
    (job,) = due(again)
    assert (find_store_name(job), job.head.state) == ("nas", HeadState.WITHDRAWN)
    assert work_off(again).is_finished


def test_a_store_that_is_named_again_learns_that_an_earlier_revision_holds_no_more(published):
    """Though the next one, which was approved, cannot be copied there yet."""
    alone = work_off(tell(published, fa.LookAfterStores(LATER, (), None, LATER)))
    reopened = tell(alone, fa.Reopen(AT, RUIZ, alone.revision, "look"))
    session = work_off(tell(reopened, fa.Approve(AT, OKAFOR, reopened.revision)), without=(Upload, ReadBack))
    assert not due(session, PointHead, "nas"), "the next manifest brings it"
    (clip, *_) = session.clips
    lost = tell(session, fa.DerivedFilesLost(AT, None, (clip.analysis_audio.files[0].path,), "gone"))
    failed = tell(lost, fa.JobFailed(AT, due(lost, Listen)[0].id, "final", "broken", "mend it"))
    assert failed.state is State.FAILED
    (job,) = due(failed, PointHead, "nas")
    assert (job.head.state, job.head.revision) == (HeadState.UNDER_REVIEW, published.revision)
    assert not due(finish(failed, job, job.head), PointHead, "nas")


def test_a_store_that_is_named_learns_nothing_of_what_was_never_published(approved):
    rejected = tell(approved, fa.Reopen(AT, RUIZ, approved.revision, "look"))
    rejected = tell(rejected, fa.Reject(AT, RUIZ, rejected.revision, "the wrong shoot"))
    assert tell(rejected, fa.LookAfterStores(LATER, ("nas",), None, LATER)) == rejected


def test_sessions_of_earlier_versions_are_read_back(approved):
    session = approved
    while jobs := due(session):
        alone = DecisionContext(THRESHOLD)
        session = tell(session, fa.JobFinished(AT, jobs[0].id, result_of(jobs[0])), context=alone)
    looked = tell(session, fa.LookAfterStores(LATER, (), "0", LATER))
    assert is_safe(work_off(looked), 1)


@pytest.mark.parametrize("kind", [Upload, PublishCopy])
def test_a_failure_of_a_copy_halts_the_copy_alone(approved, kind):
    session = work_off(approved, without=(ReadBack, kind))
    while own := due(session, store=""):
        session = work_off(finish(session, own[0]), without=(ReadBack, kind))
    job = due(session, kind, "nas")[0]
    halted = tell(session, fa.JobFailed(AT, job.id, "final", "no such file", "put it back"))
    assert halted.state is State.PUBLISHED
    assert halted.copies[0].trouble.message == "no such file"
    assert not due(halted, kind, "nas")
    assert not halted.is_finished
    assert due(tell(halted, fa.LookAfterStores(LATER, ("nas",), None, LATER)), kind, "nas")


def test_a_crash_of_a_copy_is_tried_again(approved):
    session = work_off(approved, without=(ReadBack, Upload))
    while own := due(session, Upload, ""):
        session = finish(session, own[0])
    for count in range(1, MAX_CRASHES + 1):
        job = due(session, Upload, "nas")[0]
        session = tell(session, fa.JobFailed(AT, job.id, "crash", "died", "see the journal"))
        assert (session.copies[0].trouble is None) == (count < MAX_CRASHES)


def test_a_worker_that_dies_reading_back_is_no_proof(published):
    (job, *_) = due(published, ReadBack, "nas")
    session = published
    for _ in range(MAX_CRASHES):
        session = tell(session, fa.JobFailed(AT, job.id, "crash", "died", "see the journal"))
    assert session.state is State.PUBLISHED
    assert not is_safe(work_off(session), 2)


def test_readers_of_each_store_are_told_when_it_is_reopened(published):
    reopened = tell(published, fa.Reopen(AT, RUIZ, published.revision, "cam B is late"))
    pointed = {job.store: job.head.state for job in due(reopened, PointHead)}
    assert pointed == {"": HeadState.UNDER_REVIEW, "nas": HeadState.UNDER_REVIEW}
    told = work_off(reopened)
    assert told.copies[0].head.state is HeadState.UNDER_REVIEW
    again = work_off(tell(told, fa.Approve(AT, OKAFOR, told.revision)))
    assert again.is_finished
    assert again.copies[0].published == again.published
    assert again.copies[0].head.state is HeadState.CURRENT
    assert is_safe(again, 2)


def test_readers_of_a_copy_are_told_of_doubts_about_a_manifest_whose_record_is_lost(approved):
    session = work_off(approved, without=(ReadBack, PublishCopy))
    assert due(session, PublishCopy), "it is done, and the daemon dies before it is recorded"
    reopened = tell(session, fa.Reopen(AT, RUIZ, session.revision, "look"))
    (job,) = due(reopened, PointHead, "nas")
    assert (job.head.state, job.head.revision) == (HeadState.UNDER_REVIEW, session.revision)
    assert job.publication is None
    assert not due(finish(reopened, job, job.head), PointHead, "nas")


def test_readers_of_a_copy_are_told_again_when_the_same_revision_is_published_again(published):
    """Doubts may have reached them, though no record says so: the job was stopped after its effect."""
    (clip, *_) = published.clips
    lost = tell(published, fa.DerivedFilesLost(AT, None, (clip.analysis_audio.files[0].path,), "gone"))
    (listen,) = due(lost, Listen)
    failed = tell(lost, fa.JobFailed(AT, listen.id, "corrupt", "broken", "mend it"))
    assert [job.head.state for job in due(failed, PointHead, "nas")] == [HeadState.UNDER_REVIEW]
    retried = work_off(tell(failed, fa.Retry(AT, OKAFOR)), without=PointHead)
    again = work_off(tell(retried, fa.Approve(AT, OKAFOR, retried.revision)), without=(PointHead, ReadBack))
    assert again.published == published.published
    assert [job.head.state for job in due(again, PointHead, "nas")] == [HeadState.CURRENT]
    assert work_off(again).is_finished


def test_what_a_copy_loses_is_sent_again_but_not_for_ever(approved):
    session = work_off(approved, without=(ReadBack, PublishCopy))
    key = list_published_keys(session)[0]
    sent_again = 0
    while session.copies[0].trouble is None:
        (copy,) = due(session, PublishCopy)
        session = tell(session, fa.StoredObjectsLost(AT, copy.id, (key,), "gone"))
        for upload in due(session, Upload, "nas"):
            assert upload.object.key == key
            session, sent_again = finish(session, upload), sent_again + 1
    assert session.state is State.PUBLISHED
    assert sent_again == MAX_REGENERATIONS


def test_an_object_that_only_an_earlier_revision_had_is_not_read_back(published):
    old = Evidence("v1/proxy/s/old", AT, is_right=True)
    before = replace(published, evidence=(*published.evidence, old))
    reopened = work_off(tell(before, fa.Reopen(AT, RUIZ, before.revision, "look")))
    again = work_off(tell(reopened, fa.Approve(AT, OKAFOR, reopened.revision)), without=ReadBack)
    assert {one.key for one in again.evidence} == set(list_published_keys(again))


def test_a_session_whose_files_are_not_known_gets_no_manifest_without_them(published):
    """A ledger that was rebuilt knows what the main store has, and not where it came from."""
    rebuilt = replace(published, publishing=None, copies=(), evidence=())
    looked = tell(rebuilt, fa.LookAfterStores(LATER, ("nas",), None, LATER))
    assert due(looked, store="nas") == []
    assert looked.is_finished, "or it would stay in memory for good"


def test_a_rejected_session_is_finished_though_nothing_of_it_was_read_back(published):
    """Nobody may use it, so nothing is read back any more, nor sent to a store that had trouble."""
    (upload, *_) = due(tell(published, fa.LookAfterStores(AT, ("nas", "lto"), None, AT)), Upload, "lto")
    looked = tell(published, fa.LookAfterStores(AT, ("nas", "lto"), None, AT))
    halted = tell(looked, fa.JobFailed(AT, upload.id, "final", "no such file", "look"))
    reopened = tell(halted, fa.Reopen(AT, RUIZ, halted.revision, "look"))
    rejected = work_off(tell(reopened, fa.Reject(AT, RUIZ, reopened.revision, "the wrong shoot")))
    assert any(one.trouble for one in rejected.copies)
    assert any(one.is_due for one in rejected.evidence)
    assert due(rejected) == []
    assert rejected.is_finished, "or it would stay in memory for good"


def test_a_copy_that_lost_too_much_is_whole_once_nobody_deletes_any_more(approved):
    session = work_off(approved, without=(ReadBack, PublishCopy))
    key = list_published_keys(session)[0]
    while session.copies[0].trouble is None:
        (copy,) = due(session, PublishCopy)
        session = work_off(
            tell(session, fa.StoredObjectsLost(AT, copy.id, (key,), "gone")), without=(ReadBack, PublishCopy)
        )
    resumed = tell(session, fa.LookAfterStores(LATER, ("nas",), None, LATER))
    (copy,) = due(resumed, PublishCopy)
    lost = tell(resumed, fa.StoredObjectsLost(LATER, copy.id, (key,), "gone"))
    assert [job.object.key for job in due(lost, Upload, "nas")] == [key]
    assert work_off(lost).is_finished


@pytest.mark.parametrize("kind", [ReadBack, Upload])
def test_what_waits_for_a_store_is_retried_without_publishing_again(approved, kind):
    session = work_off(approved, without=(ReadBack, PublishCopy, Upload))
    for job in due(session, Upload, ""):
        session = finish(session, job)
    session = work_off(session, without=(ReadBack, PublishCopy, Upload))
    (job, *_) = due(session, kind)
    waiting = tell(session, fa.JobFailed(AT, job.id, "transient", "away", "look"))
    retried = tell(waiting, fa.Retry(AT, OKAFOR))
    assert (retried.state, retried.approval) == (State.PUBLISHED, session.approval)
    assert (retried.attempts, due(retried, PointHead)) == ((), [])
    assert job in due(retried, kind)
