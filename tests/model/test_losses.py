"""Lost derived files: what is made again, what waits for that, and when it is given up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcsyncd.model import facts as fa
from mcsyncd.model.clip import AnalysisAudio
from mcsyncd.model.decide import DecisionContext, decide
from mcsyncd.model.due import list_due_jobs, list_open_jobs
from mcsyncd.model.evolve import apply_event
from mcsyncd.model.jobs import Align, Conform, Job, Listen, PlanPublishing, PublishManifest, Upload
from mcsyncd.model.losses import MAX_REGENERATIONS, list_unproven_paths
from mcsyncd.model.rendition import ConformReport
from mcsyncd.model.session import Session, State
from shoots import AT, DROPPED, OKAFOR, TERMS, result_of

THRESHOLD = 0.85


def tell(session: Session, *facts: fa.Fact) -> Session:
    for fact in facts:
        for event in decide(session, fact, DecisionContext(THRESHOLD, "c" * 64)):
            session = apply_event(session, event)
    return session


def due(session: Session) -> tuple[Job, ...]:
    return list_due_jobs(session, THRESHOLD)


def work_until(session: Session, kind: type[Job]) -> Session:
    """Do the due work, first things first, until the first due job is of that kind."""
    while not isinstance(due(session)[0], kind):
        session = finish_first(session)
    return session


def finish_first(session: Session) -> Session:
    job = due(session)[0]
    return tell(session, fa.JobFinished(AT, job.id, result_of(job)))


def approved(session: Session) -> Session:
    while session.state is not State.IN_REVIEW:
        session = finish_first(session)
    return tell(session, fa.Approve(AT, OKAFOR, session.revision))


def published(session: Session) -> Session:
    while session.state is not State.PUBLISHED:
        session = finish_first(session)
    return session


def lose(session: Session, path: str, job: Job | None = None) -> Session:
    return tell(session, fa.DerivedFilesLost(AT, job.id if job else None, (path,), f"{path}: all zeros"))


@pytest.fixture
def sealed() -> Session:
    session = Session("20261123-091502-k7q", AT)
    return tell(session, fa.FilesSettled(AT, DROPPED), fa.Seal(AT, TERMS))


def test_audio_that_is_lost_before_the_alignment_is_analysed_again_first(sealed):
    session = work_until(sealed, Align)
    (job, *_) = due(session)
    lost = session.clips[1]
    session = lose(session, lost.analysis_audio.channels[0].path, job)
    assert session.state is State.WORKING
    assert [one.clip.key for one in due(session) if isinstance(one, Listen)] == [lost.key]
    assert not any(isinstance(one, Align) for one in due(session))
    session = finish_first(session)
    assert due(session)[0].id == job.id, "the same alignment as before"


def test_peaks_that_are_lost_in_review_change_nothing_that_a_person_sees(sealed):
    session = work_until(sealed, Conform)
    lost = lose(session, session.clips[0].analysis_audio.peaks)
    assert (lost.state, lost.revision, lost.alignment) == (session.state, session.revision, session.alignment)
    assert isinstance(due(lost)[0], Listen)
    assert finish_first(lost).clips == session.clips


def test_a_mezzanine_whose_bytes_changed_is_made_again_and_uploaded_under_the_same_approval(sealed):
    session = work_until(approved(sealed), Upload)
    uploads = [one for one in due(session) if isinstance(one, Upload)]
    *_, mezzanine = (one for one in uploads if one.object.kind == "mezzanine")
    session = tell(session, fa.JobFinished(AT, uploads[0].id, result_of(uploads[0])))
    lost = lose(session, mezzanine.object.path, mezzanine)
    assert (lost.state, lost.approval) == (State.APPROVED, session.approval)
    (job,) = due(lost)
    assert isinstance(job, Conform)
    assert job.clip.key == mezzanine.object.clip
    again = finish_first(lost)
    assert again.state is State.PUBLISHING
    assert isinstance(due(again)[0], PlanPublishing)
    assert published(again).approval == session.approval
    assert again.stored == session.stored, "what is in the store is not uploaded twice"


def test_a_waveform_that_is_lost_is_only_planned_again(sealed):
    session = work_until(approved(sealed), Upload)
    upload = next(one for one in due(session) if one.object.kind == "peaks")
    session = lose(session, upload.object.path, upload)
    assert session.state is State.PUBLISHING
    assert [type(job) for job in list_open_jobs(session, THRESHOLD)] == [PlanPublishing]


def test_the_plan_waits_for_audio_that_is_analysed_again(sealed):
    session = work_until(approved(sealed), PlanPublishing)
    (job,) = due(session)
    session = lose(session, session.clips[2].analysis_audio.channels[0].path, job)
    assert [type(one) for one in due(session)] == [Listen]
    assert published(session).published


def test_the_manifest_waits_for_audio_that_is_analysed_again(sealed):
    session = work_until(approved(sealed), PublishManifest)
    session = lose(session, session.clips[2].analysis_audio.peaks)
    assert [type(one) for one in due(session)] == [Listen]
    assert isinstance(due(finish_first(session))[0], PublishManifest)


@pytest.mark.parametrize("by_a_job", [True, False])
def test_a_file_that_is_lost_again_and_again_halts_the_session_until_a_person_retries(sealed, by_a_job):
    session = work_until(sealed, Align)
    path = session.clips[0].analysis_audio.channels[0].path
    for _ in range(MAX_REGENERATIONS):
        session = work_until(lose(session, path, due(session)[0] if by_a_job else None), Align)
    session = lose(session, path, due(session)[0] if by_a_job else None)
    assert session.state is State.FAILED
    assert path in session.error.message
    assert "mcsyncd retry" in session.error.hint
    assert due(session) == ()
    retried = tell(session, fa.Retry(AT, OKAFOR))
    assert isinstance(due(lose(retried, path, due(retried)[0]))[0], Listen)


def test_a_published_session_never_fails_because_of_its_peaks(sealed):
    session = published(approved(sealed))
    path = session.clips[0].analysis_audio.peaks
    for _ in range(MAX_REGENERATIONS):
        session = finish_first(lose(session, path))
    assert lose(session, path) == session
    assert session.state is State.PUBLISHED


def test_a_file_of_nobody_is_no_loss(sealed):
    session = work_until(sealed, Align)
    assert lose(session, "sessions/x/unknown", due(session)[0]) == session


def test_a_job_that_nobody_waits_for_loses_nothing(sealed):
    session = work_until(sealed, Align)
    path, stale = session.clips[0].analysis_audio.peaks, due(session)[0]
    session = finish_first(session)
    assert lose(session, path, stale) == session


def test_a_clip_whose_fault_the_approver_knew_is_made_again_without_asking(sealed):
    doubt = ConformReport(warnings=("the video is damaged",))
    session = work_until(sealed, Conform)
    job = next(one for one in due(session) if isinstance(one, Conform))
    made = replace(result_of(job), report=doubt)
    session = approved(tell(session, fa.JobFinished(AT, job.id, made)))
    lost = lose(session, made.renditions[0].path)
    assert job.id in {one.id for one in due(lost)}
    again = tell(lost, fa.JobFinished(AT, job.id, made))
    assert (again.state, again.approval) == (session.state, session.approval)
    other = replace(made, report=ConformReport(warnings=(*doubt.warnings, "the sound has gaps")))
    assert tell(lost, fa.JobFinished(AT, job.id, other)).approval is None


def strip_hashes(audio: AnalysisAudio) -> AnalysisAudio:
    """The analysis audio as earlier versions recorded it."""
    channels = tuple(replace(one, bytes=0, sha256="") for one in audio.channels)
    return replace(audio, channels=channels, peaks_bytes=0, peaks_sha256="")


def test_resync_analyses_again_what_no_hash_proves(sealed):
    session = approved(sealed)
    clips = tuple(replace(one, analysis_audio=strip_hashes(one.analysis_audio)) for one in session.clips)
    old = replace(session, clips=clips)
    assert len(list_unproven_paths(old)) == 2 * len(clips)
    resync = fa.Resync(AT, OKAFOR, 1, TERMS)
    assert [type(one) for one in due(tell(old, resync))[: len(clips)]] == [Listen] * len(clips)
    assert isinstance(due(tell(session, resync))[0], Align), "what is proven is kept"


def test_results_of_an_earlier_version_may_be_lost_once_more(sealed):
    """Their loss says nothing about the disk."""
    session = work_until(sealed, Align)
    clips = tuple(replace(one, analysis_audio=strip_hashes(one.analysis_audio)) for one in session.clips)
    session = lose(replace(session, clips=clips), clips[0].analysis_audio.peaks, due(session)[0])
    assert session.losses == ()
