"""What a fact leads to: the one state machine, pure.

`decide` takes a session and a fact and returns events. A fact that no longer applies (a result
of a job nobody waits for, a decision on a revision that is gone) leads to none, so facts may be
repeated and may come in any order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import singledispatch

from mcsyncd.model import events as ev
from mcsyncd.model import facts as fa
from mcsyncd.model.alignment import Alignment, AngleMatch, Method, Placement
from mcsyncd.model.clip import Clip, Digest, DropFile, Media, Sound
from mcsyncd.model.due import jobs_open, ready_to_publish
from mcsyncd.model.evolve import evolved
from mcsyncd.model.jobs import Job
from mcsyncd.model.rate import Rate
from mcsyncd.model.rendition import Conformed, StoredObject
from mcsyncd.model.session import (
    HALTED,
    Attempt,
    Failure,
    Publication,
    Session,
    State,
)

CRASHES_ALLOWED = 3
"""A worker that dies on a clip three times will die on it again."""
BACKOFF_S = (10.0, 30.0, 60.0)
"""Waits before the next attempts of a job that may succeed later; the last one is repeated.

A minute at most: an operator who has made room on a full disk sees work go on by itself.
"""
_REOPENABLE = frozenset({State.APPROVED, State.PUBLISHING, State.PUBLISHED, State.REJECTED})
_REJECTABLE = frozenset({State.WORKING, State.IN_REVIEW, State.FAILED, State.STALE, State.QUARANTINED})
_YES_SAID = frozenset({State.APPROVED, State.FAILED})
"""States in which an approval waits for conform; later ones have all of it."""
_HALT = {"changed": State.STALE, "corrupt": State.QUARANTINED}


@dataclass(frozen=True, slots=True)
class Expected:
    """What the daemon waits for besides the jobs of `jobs_open`: its uploads.

    `review_below` is the policy in force; `uploads` are the publishing jobs it has planned.
    """

    review_below: float
    uploads: tuple[Job, ...] = ()


def decide(session: Session, fact: fa.Fact, expected: Expected) -> tuple[ev.Event, ...]:
    """Return the events that the fact leads to, in order; none if it does not apply."""
    events = _decided(fact, session, expected)
    after = session
    for event in events:
        after = evolved(after, event)
    if after.state is State.APPROVED and ready_to_publish(after):
        return (*events, ev.PublishingBegan(fact.at, after.revision))
    return events


@singledispatch
def _decided(fact: fa.Fact, session: Session, expected: Expected) -> tuple[ev.Event, ...]:
    raise TypeError(f"no rule for the fact {type(fact).__name__}")


@_decided.register
def _(fact: fa.FilesSettled, session: Session, expected: Expected) -> tuple[ev.Event, ...]:
    files = tuple(sorted(fact.files, key=lambda file: (file.camera, file.name)))
    if session.state is not State.COLLECTING or files == session.dropped:
        return ()
    return (ev.FilesSeen(fact.at, files),)


@_decided.register
def _(fact: fa.Seal, session: Session, expected: Expected) -> tuple[ev.Event, ...]:
    clips = tuple(_clip_of(file) for file in session.dropped if file.kind == "clip")
    if session.state is not State.COLLECTING or not clips:
        return ()
    return (ev.SessionSealed(fact.at, fact.terms, clips, fact.by),)


def _clip_of(file: DropFile) -> Clip:
    return Clip(file.camera, file.name, file.bytes, file.mtime_ns)


@_decided.register
def _(fact: fa.JobFinished, session: Session, expected: Expected) -> tuple[ev.Event, ...]:
    job = _awaited(session, fact.job, expected)
    return () if job is None else _recorded(fact.result, fact, job, session)


def _awaited(session: Session, job_id: str, expected: Expected) -> Job | None:
    if session.state is State.REJECTED:
        return None
    candidates = (*jobs_open(session, expected.review_below), *expected.uploads)
    return next((job for job in candidates if job.id == job_id), None)


@singledispatch
def _recorded(result: fa.JobResult, fact: fa.JobFinished, job: Job, session: Session) -> tuple[ev.Event, ...]:
    raise TypeError(f"no rule for the result {type(result).__name__}")


@_recorded.register
def _(result: fa.TakenIn, fact: fa.JobFinished, job: Job, session: Session) -> tuple[ev.Event, ...]:
    return (ev.ClipsTakenIn(fact.at, result.paths),)


@_recorded.register
def _(result: Digest, fact: fa.JobFinished, job: Job, session: Session) -> tuple[ev.Event, ...]:
    return (ev.ClipHashed(fact.at, job.subject, result),)


@_recorded.register
def _(result: Media, fact: fa.JobFinished, job: Job, session: Session) -> tuple[ev.Event, ...]:
    return (ev.ClipProbed(fact.at, job.subject, result),)


@_recorded.register
def _(result: Sound, fact: fa.JobFinished, job: Job, session: Session) -> tuple[ev.Event, ...]:
    return (ev.ClipHeard(fact.at, job.subject, result),)


@_recorded.register
def _(result: Alignment, fact: fa.JobFinished, job: Job, session: Session) -> tuple[ev.Event, ...]:
    return (ev.SessionAligned(fact.at, session.revision + 1, result, session_rate(session)),)


@_recorded.register
def _(result: Conformed, fact: fa.JobFinished, job: Job, session: Session) -> tuple[ev.Event, ...]:
    made = ev.ClipConformed(fact.at, job.id, job.subject, result)
    if not result.report.look or session.state not in _YES_SAID or session.approval is None:
        return (made,)
    # Whoever approved could not know of it: nothing is published on a yes that was meant for less.
    reason = f"{job.subject}: {result.report.look[0]}"
    return (made, ev.SessionReopened(fact.at, None, session.revision + 1, reason))


@_recorded.register
def _(result: StoredObject, fact: fa.JobFinished, job: Job, session: Session) -> tuple[ev.Event, ...]:
    return (ev.ObjectStored(fact.at, result),)


@_recorded.register
def _(result: Publication, fact: fa.JobFinished, job: Job, session: Session) -> tuple[ev.Event, ...]:
    return (ev.SessionPublished(fact.at, result),)


def session_rate(session: Session) -> Rate:
    """Return the rate of the session grid.

    The settings' own, else that of the reference camera's first picture, else that of any
    camera; 25 where nobody brought a picture (sound alone still needs ticks to be counted in).
    """
    if session.terms is None:
        raise ValueError("a session has a rate once it is sealed")
    if session.terms.rate is not None:
        return session.terms.rate
    filmed = [clip for clip in session.clips if clip.media is not None and clip.media.video is not None]
    filmed.sort(key=lambda clip: clip.camera != session.terms.reference)  # type: ignore[union-attr]  # checked above
    for clip in filmed:
        if clip.media is not None and clip.media.video is not None:
            return clip.media.video.rate
    return Rate(25)


@_decided.register
def _(fact: fa.JobFailed, session: Session, expected: Expected) -> tuple[ev.Event, ...]:
    job = _awaited(session, fact.job, expected)
    if job is None or session.state in HALTED:
        return ()
    if fact.verdict in _HALT:
        return (ev.SessionHalted(fact.at, _HALT[fact.verdict], _failure(job, fact)),)
    attempt = _next_attempt(session, fact)
    if fact.verdict == "final" or attempt.crashes >= CRASHES_ALLOWED:
        return (ev.SessionHalted(fact.at, State.FAILED, _failure(job, fact)),)
    return (ev.JobPostponed(fact.at, attempt, _failure(job, fact)),)


def _failure(job: Job, fact: fa.JobFailed) -> Failure:
    return Failure(job.stage, fact.message, fact.hint, retryable=fact.verdict != "final")


def _next_attempt(session: Session, fact: fa.JobFailed) -> Attempt:
    before = next((one for one in session.attempts if one.job == fact.job), Attempt(fact.job, 0, 0, 0.0))
    failures = before.failures + 1
    crashes = before.crashes + (fact.verdict == "crash")
    wait = BACKOFF_S[min(failures, len(BACKOFF_S)) - 1]
    return Attempt(fact.job, failures, crashes, fact.now + wait)


@_decided.register
def _(fact: fa.Approve, session: Session, expected: Expected) -> tuple[ev.Event, ...]:
    if session.state is not State.IN_REVIEW or fact.revision != session.revision or not all_placed(session):
        return ()
    return (ev.SessionApproved(fact.at, fact.by, fact.revision),)


def all_placed(session: Session) -> bool:
    """Tell whether every clip has a place on the session clock; nothing less can be approved."""
    found = session.alignment
    if found is None:
        return False
    placed = (found.placement(clip.camera, clip.name) for clip in session.clips)
    return all(place is not None and place.offset_us is not None for place in placed)


@_decided.register
def _(fact: fa.Reject, session: Session, expected: Expected) -> tuple[ev.Event, ...]:
    if session.state not in _REJECTABLE or fact.revision != session.revision:
        return ()
    return (ev.SessionRejected(fact.at, fact.by, fact.revision, fact.reason),)


@_decided.register
def _(fact: fa.Reopen, session: Session, expected: Expected) -> tuple[ev.Event, ...]:
    if session.state not in _REOPENABLE or fact.revision != session.revision:
        return ()
    revision = session.revision + 1 if session.alignment else session.revision
    return (ev.SessionReopened(fact.at, fact.by, revision, fact.reason),)


@_decided.register
def _(fact: fa.Nudge, session: Session, expected: Expected) -> tuple[ev.Event, ...]:
    found = session.alignment
    if session.state is not State.IN_REVIEW or fact.revision != session.revision or found is None:
        return ()
    if found.angle(fact.camera) is None:
        return ()
    moved = nudged(found, fact.camera, fact.offset_us)
    return (ev.OffsetNudged(fact.at, fact.by, session.revision + 1, fact.camera, fact.offset_us, moved),)


def nudged(found: Alignment, camera: str, offset_us: int) -> Alignment:
    """Return the answer with one camera's first clip laid at `offset_us`, by hand.

    Its later clips move along, since they share a clock; one that had no place is laid at the
    same offset. The confidence stays the machine's.
    """
    angles = tuple(_moved(angle, offset_us) if angle.camera == camera else angle for angle in found.angles)
    return replace(found, angles=angles, method=Method.MANUAL)


def _moved(angle: AngleMatch, offset_us: int) -> AngleMatch:
    by_us = offset_us - (angle.offset_us or 0) if angle.offset_us is not None else None
    places = tuple(
        Placement(
            place.clip,
            offset_us if by_us is None or place.offset_us is None else place.offset_us + by_us,
            place.drift_ppm,
        )
        for place in angle.placements
    )
    return replace(angle, placements=places)


@_decided.register
def _(fact: fa.Retry, session: Session, expected: Expected) -> tuple[ev.Event, ...]:
    if session.state not in {State.FAILED, State.STALE, State.QUARANTINED} and not session.attempts:
        return ()
    return (ev.SessionRetried(fact.at, fact.by, fact.originals),)


@_decided.register
def _(fact: fa.Resync, session: Session, expected: Expected) -> tuple[ev.Event, ...]:
    waiting = session.state in {State.COLLECTING, State.WORKING, State.REJECTED}
    if waiting or not session.taken_in or fact.revision != session.revision:
        return ()
    return (ev.SessionResynced(fact.at, fact.by, fact.terms, fact.originals),)
