"""Which work is due: a pure function of what is recorded.

There is no queue that could be lost. After a crash the same question is asked again and gets
the same answer, less what has been done in the meantime.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from mcsyncd.model.alignment import Alignment, Disposition, SyncMethod
from mcsyncd.model.clip import Clip, Media
from mcsyncd.model.dispositions import list_clip_doubts
from mcsyncd.model.intake_doubts import list_intake_doubts
from mcsyncd.model.jobs import (
    REMEMBERED_JOBS,
    Align,
    Conform,
    Hash,
    Job,
    Listen,
    Offload,
    PlanPublishing,
    Probe,
    PublishManifest,
    Return,
    build_upload,
)
from mcsyncd.model.memo import memoize_by_identity
from mcsyncd.model.named_doubts import list_named_doubts
from mcsyncd.model.rate import Rate, split_offset
from mcsyncd.model.reason import Reason, ReasonCode, build_reason
from mcsyncd.model.rendition import ConformResult
from mcsyncd.model.retention_steps import list_retention_jobs
from mcsyncd.model.session import HALTED, Session, State, Terms
from mcsyncd.model.store_jobs import list_copy_jobs, list_head_jobs, list_read_back_jobs

_IDLE = frozenset({State.COLLECTING, *HALTED})
"""States in which no job starts."""
_REMEMBERED_SESSIONS = 64
"""Sessions, as they were after an event, whose open jobs are remembered.

Judgement: `decide`, the job board and the progress ask for the same session in turn, and a handful are at
work at once. Larger, and old states of sessions fill the memory; smaller, and each builds the list itself.
"""
_PUBLISHING = frozenset({State.APPROVED, State.PUBLISHING})
"""States of a session that is approved and not published yet."""


def is_confident(session: Session, review_below: float) -> bool:
    """Tell whether the machine's own answer stands above the review threshold.

    Exactly at the threshold is above it. A person's nudge is never the machine's answer. With a doubt
    about whether all of a clip is there, or whether one belongs on the timeline, nothing is, nor with a
    doubt that has a name (`named_doubts.py`).
    """
    found = session.alignment
    if found is None or found.method is not SyncMethod.AUDIO_CORR or found.confidence < review_below:
        return False
    return not (list_named_doubts(found) or list_intake_doubts(session) or list_clip_doubts(session))


def list_open_jobs(session: Session, review_below: float) -> tuple[Job, ...]:
    """Return the jobs whose results are still missing, first things first.

    Halted sessions have them, too; a rejected one only until its originals are back.
    """
    if session.terms is None:
        return ()
    if session.state is State.REJECTED:
        return (*list_head_jobs(session), *_list_return_jobs(session))
    if not session.offloaded:
        return (Offload(session.id, session.drop_files),)
    if session.incoming:
        return (Offload(session.id, session.incoming, replaces=True),)
    made_of_originals = (*_list_analysis_jobs(session), *_list_missing_conforms(session, review_below))
    return (
        *made_of_originals,
        *_list_publishing_jobs(session),
        *list_head_jobs(session),
        *list_copy_jobs(session),
        *list_read_back_jobs(session),
        *(() if made_of_originals else list_retention_jobs(session)),
    )


def _list_return_jobs(session: Session) -> tuple[Job, ...]:
    if session.returning_to is None or session.returned:
        return ()
    return (Return(session.id, session.drop_files, session.returning_to),)


@memoize_by_identity(_REMEMBERED_SESSIONS)
def index_open_jobs(session: Session, review_below: float) -> Mapping[str, Job]:
    """Return the open jobs by id, in the order of `list_open_jobs`."""
    return {job.id: job for job in list_open_jobs(session, review_below)}


def index_due_jobs(session: Session, review_below: float) -> Mapping[str, Job]:
    """Return the open jobs that may start, by id; of a halted session only what tells others of it."""
    if session.state in _IDLE:
        return {job.id: job for job in list_head_jobs(session)}
    return index_open_jobs(session, review_below)


def list_due_jobs(session: Session, review_below: float, waiting: Collection[str] = ()) -> tuple[Job, ...]:
    """Return the jobs of `index_due_jobs` that may start now.

    None in `waiting`, the ids of jobs that failed and whose next attempt is not due yet.
    """
    due = index_due_jobs(session, review_below)
    return tuple(job for job_id, job in due.items() if job_id not in waiting)


def _list_analysis_jobs(session: Session) -> Iterator[Job]:
    """What the review needs comes first: probe, listen, align; hashing can wait for a free hand."""
    if session.are_originals_deleted:
        return  # nothing can be analysed again
    clips = [clip for clip in session.clips if not session.is_left_out(clip.key)]
    taken_as_is = {file.key for file in session.taken_as_is}
    for clip in clips:
        if clip.fault:
            continue
        if clip.media is None:
            yield _build_probe_job(session.id, clip, clip.key in taken_as_is)
        elif clip.analysis_audio is None and clip.media.audio:
            yield _build_listen_job(session.id, clip)
    reference, usable = session.reference, session.usable_clips
    if session.alignment is None and all(_is_analysed(clip) for clip in usable) and reference is not None:
        analysed = tuple(replace(clip, digest=None) for clip in usable)
        yield Align(session.id, reference, analysed)
    for clip in clips:
        if clip.digest is None:
            yield _build_hash_job(session.id, clip)


@memoize_by_identity(REMEMBERED_JOBS)
def _build_probe_job(session: str, clip: Clip, as_is: bool) -> Probe:
    return Probe(session, _strip_results(clip), as_is=as_is)


@memoize_by_identity(REMEMBERED_JOBS)
def _build_listen_job(session: str, clip: Clip) -> Listen:
    return Listen(session, _strip_results(clip, clip.media))


@memoize_by_identity(REMEMBERED_JOBS)
def _build_hash_job(session: str, clip: Clip) -> Hash:
    return Hash(session, _strip_results(clip))


def _is_analysed(clip: Clip) -> bool:
    return clip.media is not None and (clip.analysis_audio is not None or not clip.media.audio)


def _strip_results(clip: Clip, media: Media | None = None) -> Clip:
    """The clip as a job's input: results that it does not need must not change the job's identity."""
    return Clip(
        clip.camera, clip.name, clip.bytes, clip.mtime_ns, clip.path, media=media, moved_to=clip.moved_to
    )


def _list_missing_conforms(session: Session, review_below: float) -> Iterator[Job]:
    if session.are_originals_deleted or not _is_conform_allowed(session, review_below):
        return
    done = {conformed.job for conformed in session.conformed if not conformed.lost}
    for job in list_conform_jobs(session):
        if job.id not in done:
            yield job


def _is_conform_allowed(session: Session, review_below: float) -> bool:
    if session.alignment is None or session.terms is None:
        return False
    if session.approval is not None or session.terms.conform_when == "always":
        return True
    return session.terms.conform_when == "confident" and is_confident(session, review_below)


def list_conform_jobs(session: Session) -> tuple[Conform, ...]:
    """Return the conform job of every clip that is to be published under the present answer, done or not.

    A clip that is set aside keeps its own clock: nothing says how it lies to the session's. None of a clip
    whose picture cannot be decoded: what is made of its sound would pass for the clip.
    """
    alignment, terms, rate = session.alignment, session.terms, session.rate
    if alignment is None or terms is None or rate is None:
        return ()
    return _build_conform_jobs(session.id, session.clips, alignment, terms, rate)


@memoize_by_identity(_REMEMBERED_SESSIONS)
def _build_conform_jobs(
    session: str, clips: tuple[Clip, ...], alignment: Alignment, terms: Terms, rate: Rate
) -> tuple[Conform, ...]:
    jobs = (_build_conform_job(session, clip, alignment, terms, rate) for clip in clips)
    return tuple(job for job in jobs if job is not None)


@memoize_by_identity(REMEMBERED_JOBS)
def _build_conform_job(
    session: str, clip: Clip, alignment: Alignment, terms: Terms, rate: Rate
) -> Conform | None:
    if clip.media is None or clip.media.hidden_picture:
        return None
    placed = alignment.find_placement(clip.camera, clip.name)
    if placed is None or placed.is_undecided or placed.disposition is Disposition.LEFT_OUT:
        return None
    _, phase_us = split_offset(placed.offset_us or 0, rate)
    return Conform(
        session,
        _strip_results(clip, clip.media),
        rate,
        phase_us,
        placed.drift_ppm,
        terms.mezzanine,
        terms.proxy,
        placed.curve,
    )


def select_current_conforms(session: Session) -> dict[str, ConformResult]:
    """Return the results of conform that fit the current alignment, by clip key."""
    results = {conformed.job: conformed.result for conformed in session.conformed if not conformed.lost}
    return {job.clip.key: results[job.id] for job in list_conform_jobs(session) if job.id in results}


def list_conform_warnings(session: Session) -> tuple[Reason, ...]:
    """Return what conform found in the clips that a person must know before approving."""
    if not any(conformed.result.report.warnings for conformed in session.conformed):
        return ()
    results = select_current_conforms(session)
    return tuple(
        build_reason(ReasonCode.CONFORM_WARNING, key, warning=warning)
        for key, result in results.items()
        for warning in result.report.warnings
    )


def is_ready_to_publish(session: Session) -> bool:
    """Tell whether everything that was approved exists: analyses, hashes, mezzanines and proxies."""
    if session.approval is None or session.state not in _PUBLISHING:
        return False
    # Probed, too: a session of a rebuilt ledger may be approved again before its clips are.
    wanted = [clip for clip in session.clips if not session.is_left_out(clip.key)]
    known = all(clip.digest is not None and _is_analysed(clip) for clip in wanted)
    return known and len(select_current_conforms(session)) == len(list_conform_jobs(session))


def _list_publishing_jobs(session: Session) -> Iterator[Job]:
    """First the plan, then the uploads in its order, and the manifest once all of them are stored.

    A plan waits until readers know that the earlier revision is in doubt: from then on that one, if its
    record was lost, is no longer known.
    """
    publishing = session.publishing
    if session.state is not State.PUBLISHING or publishing is None:
        return
    if publishing.plan is None:
        if session.has_outdated_head:
            return
        conformed = tuple(select_current_conforms(session).items())
        wanted = tuple(clip for clip in session.clips if not session.is_left_out(clip.key))
        keys = {clip.key for clip in wanted}
        attached = tuple(file for file in session.drop_files if f"{file.camera}/{file.attached_to}" in keys)
        yield PlanPublishing(session.id, wanted, conformed, attached)
        return
    stored = {found.key for found in session.stored}
    missing = [planned for planned in publishing.plan.uploads if planned.key not in stored]
    yield from (build_upload(session.id, planned, "") for planned in missing)
    if not missing and all(_is_analysed(clip) for clip in session.usable_clips):
        yield PublishManifest(session.id, _take_snapshot(session))


def _take_snapshot(session: Session) -> Session:
    """The session as a job's input: attempts and other uploads must not change the job's identity."""
    plan = session.publishing.plan if session.publishing is not None else None
    found = {stored.key: stored for stored in session.stored}
    named = tuple(found[one.key] for one in (plan.uploads if plan else ()) if one.key in found)
    return replace(
        session, drop_files=(), stored=named, attempts=(), error=None, losses=(), evidence=(), copies=()
    )
