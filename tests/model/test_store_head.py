"""What readers of the store are told of a published session, and what becomes of objects that it lost."""

from __future__ import annotations

import pytest

from mcsyncd.model import facts as fa
from mcsyncd.model.decide import DecisionContext, decide
from mcsyncd.model.due import list_due_jobs
from mcsyncd.model.evolve import apply_event
from mcsyncd.model.jobs import Conform, PlanPublishing, PointHead, PublishManifest, Upload
from mcsyncd.model.losses import MAX_REGENERATIONS
from mcsyncd.model.publishing import HeadState
from mcsyncd.model.session import Session, State
from shoots import AT, DROPPED, OKAFOR, RUIZ, TERMS, result_of

THRESHOLD = 0.85


def tell(session: Session, *facts: fa.Fact) -> Session:
    for fact in facts:
        for event in decide(session, fact, DecisionContext(THRESHOLD)):
            session = apply_event(session, event)
    return session


def work_off(session: Session, *, until: type | None = None) -> Session:
    """Do all due jobs, up to the first of a kind."""
    while due := list_due_jobs(session, THRESHOLD):
        if until is not None and isinstance(due[0], until):
            return session
        session = tell(session, fa.JobFinished(AT, due[0].id, result_of(due[0], 0.92)))
    return session


@pytest.fixture
def reviewed() -> Session:
    return work_off(tell(Session("s", AT), fa.FilesSettled(AT, DROPPED), fa.Seal(AT, TERMS)))


@pytest.fixture
def published(reviewed) -> Session:
    return work_off(tell(reviewed, fa.Approve(AT, OKAFOR, reviewed.revision)))


def head_jobs(session: Session) -> list[PointHead]:
    return [job for job in list_due_jobs(session, THRESHOLD) if isinstance(job, PointHead)]


def test_what_was_never_published_tells_nothing(reviewed):
    assert reviewed.wanted_head is None
    rejected = tell(reviewed, fa.Reject(AT, OKAFOR, reviewed.revision, "wrong"))
    assert head_jobs(rejected) == []
    assert rejected.is_finished


def test_a_published_session_is_current_without_a_second_write(published):
    assert published.state is State.PUBLISHED
    assert published.head.state is HeadState.CURRENT
    assert published.is_finished
    assert head_jobs(published) == []


def test_reopened_is_told_with_the_reason_and_once(published):
    reopened = tell(published, fa.Reopen(AT, RUIZ, published.revision, "cam B is late"))
    (job,) = head_jobs(reopened)
    assert (job.head.state, job.head.reason) == (HeadState.UNDER_REVIEW, "cam B is late")
    assert job.head.revision == published.published.revision, "of the manifest that readers have"
    told = tell(reopened, fa.JobFinished(AT, job.id, job.head))
    assert head_jobs(told) == []
    approved = tell(told, fa.Approve(AT, OKAFOR, told.revision))
    assert head_jobs(approved) == [], "the reason is gone, and the state is the same"


def test_approved_again_is_current_again(published):
    reopened = work_off(tell(published, fa.Reopen(AT, RUIZ, published.revision, "look")))
    again = work_off(tell(reopened, fa.Approve(AT, OKAFOR, reopened.revision)))
    assert (again.head.state, again.head.revision) == (HeadState.CURRENT, again.revision)


def test_rejected_is_withdrawn_and_not_finished_before_readers_know(published):
    reopened = work_off(tell(published, fa.Reopen(AT, RUIZ, published.revision, "look")))
    rejected = tell(reopened, fa.Reject(AT, RUIZ, reopened.revision, "the wrong shoot"))
    assert not rejected.is_finished
    (job,) = head_jobs(rejected)
    assert (job.head.state, job.head.reason) == (HeadState.WITHDRAWN, "the wrong shoot")
    assert tell(rejected, fa.JobFinished(AT, job.id, job.head)).is_finished


def test_a_session_that_halted_still_tells(published):
    reopened = tell(published, fa.Reopen(AT, RUIZ, published.revision, "look"))
    nudged = tell(reopened, fa.Nudge(AT, RUIZ, reopened.revision, "cam_b", 123_456))
    approved = tell(nudged, fa.Approve(AT, OKAFOR, nudged.revision))
    first = next(job for job in list_due_jobs(approved, THRESHOLD) if isinstance(job, Conform))
    failed = tell(approved, fa.JobFailed(AT, first.id, "final", "broken", "mend it"))
    assert failed.state is State.FAILED
    assert [type(job) for job in list_due_jobs(failed, THRESHOLD)] == [PointHead]


@pytest.mark.parametrize("kind", ["transient", "final", "crash", "corrupt"])
def test_a_pointer_that_cannot_be_written_changes_no_decision(published, kind):
    reopened = tell(published, fa.Reopen(AT, RUIZ, published.revision, "look"))
    (job,) = head_jobs(reopened)
    for _ in range(4):
        reopened = tell(reopened, fa.JobFailed(AT, job.id, kind, "it holds another version", "look at it"))
        assert reopened.state is State.IN_REVIEW
    assert reopened.error.message == "it holds another version"
    assert head_jobs(reopened) == [job]


def test_what_the_store_lost_is_uploaded_again_before_the_manifest(reviewed):
    session = work_off(tell(reviewed, fa.Approve(AT, OKAFOR, reviewed.revision)), until=PublishManifest)
    (manifest,) = list_due_jobs(session, THRESHOLD)
    lost = session.stored[0].key
    session = tell(session, fa.StoredObjectsLost(AT, manifest.id, (lost,), "gone"))
    (upload,) = list_due_jobs(session, THRESHOLD)
    assert isinstance(upload, Upload)
    assert upload.object.key == lost
    assert work_off(session).state is State.PUBLISHED


def test_a_store_that_keeps_losing_needs_a_person(reviewed):
    session = tell(reviewed, fa.Approve(AT, OKAFOR, reviewed.revision))
    for _ in range(MAX_REGENERATIONS + 1):
        session = work_off(session, until=PublishManifest)
        assert session.state is State.PUBLISHING
        (manifest,) = list_due_jobs(session, THRESHOLD)
        lost = session.publishing.plan.uploads[0].key
        session = tell(session, fa.StoredObjectsLost(AT, manifest.id, (lost,), "gone"))
    assert session.state is State.FAILED
    assert "who deletes" in session.error.hint
    assert work_off(tell(session, fa.Retry(AT, OKAFOR))).state is State.PUBLISHED


def publish_unrecorded(session: Session) -> Session:
    """Up to the manifest, which is in the store, and told; what the job reported is lost."""
    return work_off(tell(session, fa.Approve(AT, OKAFOR, session.revision)), until=PublishManifest)


def test_readers_are_told_of_doubts_about_a_manifest_whose_record_is_lost(reviewed):
    """The daemon died, or the job was stopped, after the pointer was written."""
    publishing = publish_unrecorded(reviewed)
    assert head_jobs(publishing) == [], "it is still approved, and the manifest is due again"
    reopened = tell(publishing, fa.Reopen(AT, RUIZ, publishing.revision, "cam B is late"))
    (job,) = head_jobs(reopened)
    assert (job.head.state, job.head.revision) == (HeadState.UNDER_REVIEW, publishing.revision)
    assert job.publication is None, "nobody knows it but the store"
    told = tell(reopened, fa.JobFinished(AT, job.id, job.head))
    assert head_jobs(told) == []
    rejected = tell(told, fa.Reject(AT, RUIZ, told.revision, "the wrong shoot"))
    assert not rejected.is_finished
    (withdrawal,) = head_jobs(rejected)
    assert (withdrawal.head.state, withdrawal.head.revision) == (HeadState.WITHDRAWN, publishing.revision)
    assert tell(rejected, fa.JobFinished(AT, withdrawal.id, withdrawal.head)).is_finished


def test_so_they_are_when_an_earlier_revision_was_published(published):
    reopened = work_off(tell(published, fa.Reopen(AT, RUIZ, published.revision, "look")))
    publishing = publish_unrecorded(reopened)
    again = tell(publishing, fa.Reopen(AT, RUIZ, publishing.revision, "look again"))
    (job,) = head_jobs(again)
    assert (job.head.state, job.head.revision) == (HeadState.UNDER_REVIEW, publishing.revision)
    assert job.publication == published.published
    approved = tell(tell(again, fa.JobFinished(AT, job.id, job.head)), fa.Approve(AT, OKAFOR, again.revision))
    done = work_off(approved)
    assert (done.head.state, done.head.revision) == (HeadState.CURRENT, done.revision)
    assert done.is_finished


def test_a_session_that_was_never_planned_tells_nothing(reviewed):
    approved = work_off(tell(reviewed, fa.Approve(AT, OKAFOR, reviewed.revision)), until=PlanPublishing)
    assert approved.state is State.PUBLISHING
    assert head_jobs(tell(approved, fa.Reopen(AT, RUIZ, approved.revision, "look"))) == []


def test_doubts_are_told_although_the_next_revision_is_approved_already(reviewed):
    publishing = publish_unrecorded(reviewed)
    reopened = tell(publishing, fa.Reopen(AT, RUIZ, publishing.revision, "look"))
    approved = tell(reopened, fa.Approve(AT, OKAFOR, reopened.revision))
    (job,) = head_jobs(approved)
    assert (job.head.state, job.head.revision) == (HeadState.UNDER_REVIEW, publishing.revision)


def test_the_next_revision_is_planned_once_readers_know_that_the_earlier_one_is_in_doubt(reviewed):
    """From the plan on, the earlier one whose record was lost is not known any more."""
    publishing = publish_unrecorded(reviewed)
    reopened = tell(publishing, fa.Reopen(AT, RUIZ, publishing.revision, "look"))
    session = tell(reopened, fa.Approve(AT, OKAFOR, reopened.revision))
    while due := [one for one in list_due_jobs(session, THRESHOLD) if not isinstance(one, PointHead)]:
        session = tell(session, fa.JobFinished(AT, due[0].id, result_of(due[0], 0.92)))
    assert session.state is State.PUBLISHING
    assert session.publishing.plan is None
    (job,) = head_jobs(session)
    done = work_off(tell(session, fa.JobFinished(AT, job.id, job.head)))
    assert (done.head.state, done.head.revision) == (HeadState.CURRENT, reopened.revision)


def test_what_was_told_of_a_revision_is_not_known_once_it_may_be_released_again(reviewed):
    """It was approved, told to be under review, and approved again: by the same number."""
    publishing = publish_unrecorded(reviewed)
    (manifest,) = (job for job in list_due_jobs(publishing, THRESHOLD) if isinstance(job, PublishManifest))
    halted = work_off(tell(publishing, fa.JobFailed(AT, manifest.id, "corrupt", "bad", "look")))
    assert (halted.head.state, halted.head.revision) == (HeadState.UNDER_REVIEW, publishing.revision)
    retried = tell(halted, fa.Retry(AT, OKAFOR))
    assert retried.revision == publishing.revision
    again = publish_unrecorded(retried)
    reopened = tell(again, fa.Reopen(AT, RUIZ, again.revision, "look"))
    (job,) = head_jobs(reopened)
    assert (job.head.state, job.head.revision) == (HeadState.UNDER_REVIEW, publishing.revision)


def test_no_doubts_are_told_of_what_is_released_again(published):
    """They could come after the manifest, and stay: published again is the same revision."""
    (clip, *_) = published.clips
    lost = tell(published, fa.DerivedFilesLost(AT, None, (clip.analysis_audio.files[0].path,), "gone"))
    (listen,) = list_due_jobs(lost, THRESHOLD)
    failed = tell(lost, fa.JobFailed(AT, listen.id, "final", "broken", "mend it"))
    assert failed.state is State.FAILED
    session = tell(failed, fa.Retry(AT, OKAFOR))
    while session.state is not State.PUBLISHED:
        assert head_jobs(session) == []
        (job, *_) = list_due_jobs(session, THRESHOLD)
        session = tell(session, fa.JobFinished(AT, job.id, result_of(job, 0.92)))
    assert (session.revision, session.head.state) == (published.revision, HeadState.CURRENT)


def test_a_second_rejection_is_told_again(published):
    """The pointer may say that it is under review: the job that told so was stopped, maybe after that."""
    reopened = work_off(tell(published, fa.Reopen(AT, RUIZ, published.revision, "look")))
    rejected = work_off(tell(reopened, fa.Reject(AT, RUIZ, reopened.revision, "the wrong shoot")))
    untold = tell(rejected, fa.Reopen(AT, RUIZ, rejected.revision, "look again"))
    again = tell(untold, fa.Reject(AT, RUIZ, untold.revision, "the wrong shoot"))
    assert not again.is_finished
    (job,) = head_jobs(again)
    assert job.head.state is HeadState.WITHDRAWN
