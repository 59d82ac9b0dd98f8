"""What a fact leads to: the one state machine, pure.

`decide` takes a session and a fact and returns events. A fact with an objection (a result of a job
nobody waits for, a decision on an older revision) leads to none, so facts may be repeated and may
come in any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from mcsyncd.model import events as ev
from mcsyncd.model import facts as fa
from mcsyncd.model.alignment import Alignment
from mcsyncd.model.clip import AnalysisAudio, Clip, Digest, DropFile, Media
from mcsyncd.model.dispositions import apply_disposition, complete_alignment, move_clips
from mcsyncd.model.due import index_open_jobs, is_ready_to_publish
from mcsyncd.model.evolve import apply_event, apply_events
from mcsyncd.model.holding import Evidence, HoldingTrouble
from mcsyncd.model.jobs import ClipJob, Job, Listen, Probe, Return, Upload, find_store_name, is_follow_up
from mcsyncd.model.losses import (
    MAX_REGENERATIONS,
    find_lost_results,
    is_lost_too_often,
    is_stored_too_often,
    list_unproven_paths,
)
from mcsyncd.model.objection import find_objection
from mcsyncd.model.publishing import Publication, PublishingPlan, StoreHead
from mcsyncd.model.rate import FALLBACK_RATE, Rate, choose_standard_rate
from mcsyncd.model.rendition import ConformResult, StoredObject
from mcsyncd.model.retention_steps import look_after_originals, record_removal
from mcsyncd.model.session import Attempt, Failure, FailureKind, Recall, Session, State
from mcsyncd.model.store_decisions import (
    choose_stores,
    halt_follow_up,
    look_after_stores,
    record_store_result,
)
from mcsyncd.model.store_events import CopyHalted, ObjectsLost
from mcsyncd.model.substitution import find_second_copy

MAX_CRASHES = 3
"""Crashes of a worker on one job before the session fails.

Judgement: one crash may be the machine's (out of memory beside another program), three in a row are
the file's. Larger, and a hostile file keeps a slot busy; 1, and a passing lack of memory halts a session.
"""
BACKOFF_S = (10.0, 20.0, 45.0)
"""Seconds before the next attempt of a job that may succeed later; the last wait is repeated.

Judgement: an operator who has made room on a full disk sees work resume within a minute, with the look for
due jobs and the job itself. Longer, and that promise breaks; shorter, and a store that is down is asked
several times a second by all jobs together.
"""
_APPROVED_WITHOUT_CONFORM = frozenset({State.APPROVED, State.FAILED})
"""States in which an approval waits for conform; later states have all of its results."""


@dataclass(frozen=True, slots=True)
class DecisionContext:
    """What the rules need beside the session and the fact.

    `review_below` is the threshold in force, `chain_head` the hash of the last recorded event, `further`
    are the further stores of the settings. `reads_back` tells whether what is published is read back.
    """

    review_below: float
    chain_head: str = ""
    further: tuple[str, ...] = ()
    reads_back: bool = False


def decide(session: Session, fact: fa.Fact, context: DecisionContext) -> tuple[ev.Event, ...]:
    """Return the events that the fact leads to, in order; none if there is an objection to it."""
    awaited = index_open_jobs(session, context.review_below)
    if find_objection(session, fact, awaited.keys()) is not None:
        return ()
    events = _apply_fact(session, fact, awaited, context)
    after = apply_events(session, events)
    if after.state is State.APPROVED and is_ready_to_publish(after):
        return (*events, ev.PublishingBegan(fact.at, after.revision))
    return events


def _apply_fact(  # noqa: C901, PLR0911, PLR0912  # one line for each fact
    session: Session, fact: fa.Fact, awaited: Mapping[str, Job], context: DecisionContext
) -> tuple[ev.Event, ...]:
    match fact:
        case fa.FilesSettled():
            return _update_drop_files(session, fact)
        case fa.Seal():
            return _seal_session(session, fact)
        case fa.ClipDroppedAgain():
            return (_take_dropped_clip(session, fact),)
        case fa.JobFinished():
            return _record_result(session, fact, awaited[fact.job], context)
        case fa.JobFailed():
            return (_handle_failure(session, fact, awaited[fact.job]),)
        case fa.DerivedFilesLost():
            return (_handle_loss(session, fact),)
        case fa.StoredObjectsLost():
            return (_handle_store_loss(session, fact, find_store_name(awaited[fact.job]) or ""),)
        case fa.LookAfterStores():
            return look_after_stores(session, fact)
        case fa.LookAfterOriginals():
            return look_after_originals(session, fact.at, fact.terms)
        case fa.Approve():
            return (ev.SessionApproved(fact.at, fact.by, fact.revision),)
        case fa.Reject():
            return (ev.SessionRejected(fact.at, fact.by, fact.revision, fact.reason),)
        case fa.Reopen():
            return (ev.SessionReopened(fact.at, fact.by, _count_next_revision(session), fact.reason),)
        case fa.Nudge():
            return _nudge_session(session, fact)
        case fa.SetDisposition():
            return _set_disposition(session, fact)
        case fa.JoinReel():
            files = tuple(sorted(fact.files, key=lambda file: (file.camera, file.name)))
            return (ev.ReelJoined(fact.at, fact.by, _count_next_revision(session), files),)
        case fa.Retry():
            return (ev.SessionRetried(fact.at, fact.by, fact.originals),)
        case fa.Resync():
            return _resync_session(session, fact)
        case fa.ReturnOriginals():
            return (ev.ReturnRequested(fact.at, fact.by, fact.to),)
        case _:
            assert_never(fact)


def _update_drop_files(session: Session, fact: fa.FilesSettled) -> tuple[ev.Event, ...]:
    files = tuple(sorted(fact.files, key=lambda file: (file.camera, file.name)))
    return _build_drop_change(session, fact.at, files)


def _build_drop_change(session: Session, at: str, files: tuple[DropFile, ...]) -> tuple[ev.Event, ...]:
    before, now = set(session.drop_files), set(files)
    added = tuple(file for file in files if file not in before)
    removed = tuple(file.key for file in session.drop_files if file not in now)
    return (ev.DropFilesChanged(at, added=added, removed=removed),) if added or removed else ()


def _count_next_revision(session: Session) -> int:
    return session.revision + 1 if session.alignment else session.revision


def _seal_session(session: Session, fact: fa.Seal) -> tuple[ev.Event, ...]:
    as_is = {file.key for file in fact.as_is}
    files = tuple(sorted((*session.drop_files, *fact.as_is), key=lambda file: (file.camera, file.name)))
    clips = tuple(Clip.from_drop_file(file) for file in files if file.kind == "clip")
    left_out = tuple(file for file in fact.held if file.key not in as_is)
    taken = tuple(file for file in fact.held if file.key in as_is)
    sealed = ev.SessionSealed(fact.at, fact.terms, clips, fact.by, left_out, taken)
    return (*_build_drop_change(session, fact.at, files), sealed)


def _take_dropped_clip(session: Session, fact: fa.ClipDroppedAgain) -> ev.Event:
    if fact.relation in ("continued", "differing"):
        recall = Recall(fact.clip, fact.file.bytes, fact.relation == "differing")
        return ev.SessionRecalled(fact.at, recall, _count_next_revision(session))
    return ev.ClipReplaced(fact.at, fact.clip, fact.file, fact.relation)


def _record_result(  # noqa: C901, PLR0911  # one line for each result
    session: Session, fact: fa.JobFinished, job: Job, context: DecisionContext
) -> tuple[ev.Event, ...]:
    match fact.result:
        case fa.OffloadResult() as result:
            return (ev.ClipsOffloaded(fact.at, result.paths, result.left),)
        case fa.ReturnResult() as result:
            return (ev.OriginalsReturned(fact.at, result.left),)
        case Digest() as result:
            hashed = session.find_clip(job.subject)
            return (ev.ClipHashed(fact.at, job.subject, result, hashed.former_sha256 if hashed else ""),)
        case Media() as result:
            return (ev.ClipProbed(fact.at, job.subject, result),)
        case AnalysisAudio() as result:
            return (ev.ClipAudioAnalysed(fact.at, job.subject, result),)
        case Alignment() as result:
            found = complete_alignment(session, result)
            rate = choose_session_rate(session, found)
            return (ev.SessionAligned(fact.at, session.revision + 1, found, rate),)
        case ConformResult() as result:
            return _record_conform(session, fact, job, result)
        case PublishingPlan() as result:
            planned = ev.PublishingPlanned(fact.at, result, context.chain_head)
            return (planned, *choose_stores(session, fact.at, context.further))
        case StoredObject() | Publication() | StoreHead() | Evidence() as result:
            store = find_store_name(job) or ""
            return record_store_result(session, result, fact.at, store, reads_back=context.reads_back)
        case fa.Removal() as result:
            return record_removal(result, fact.at)
        case _:
            assert_never(fact.result)


def _record_conform(
    session: Session, fact: fa.JobFinished, job: Job, result: ConformResult
) -> tuple[ev.Event, ...]:
    conformed = ev.ClipConformed(fact.at, job.id, job.subject, result)
    if (
        not result.report.warnings
        or session.state not in _APPROVED_WITHOUT_CONFORM
        or session.approval is None
    ):
        return (conformed,)
    known = next((old.result.report.warnings for old in session.conformed if old.job == job.id), ())
    if set(result.report.warnings) <= set(known):
        return (conformed,)  # made again, because its files were lost
    # The approver could not know of this finding, so the approval does not cover it.
    reason = f"{job.subject}: {result.report.warnings[0]}"
    return (conformed, ev.SessionReopened(fact.at, None, session.revision + 1, reason))


def choose_session_rate(session: Session, found: Alignment) -> Rate:
    """Return the rate of the session grid, in frames a second.

    The settings' own, else that of the reference camera's first clip with video that is on the timeline,
    else that of any camera's, else `FALLBACK_RATE`: slow motion that is set aside must not choose it.
    Raises ValueError for a session that is not sealed.
    """
    terms = session.terms
    if terms is None:
        raise ValueError("a session has a rate once it is sealed")
    if terms.rate is not None:
        return terms.rate

    def rank(clip: Clip) -> tuple[bool, bool]:
        placed = found.find_placement(clip.camera, clip.name)
        return placed is None or placed.offset_us is None, clip.camera != session.reference

    for clip in sorted(session.usable_clips, key=rank):
        if clip.media is not None and clip.media.video is not None:
            return choose_standard_rate(clip.media.video.rate)
    return FALLBACK_RATE


def _handle_failure(session: Session, fact: fa.JobFailed, job: Job) -> ev.Event:
    clip = _find_failed_clip(job, fact.failure_kind)
    failure = Failure(job.stage, fact.message, fact.hint, fact.failure_kind != "final", clip)
    attempt = _count_attempt(session, fact)
    halted = _choose_halted_state(fact.failure_kind, attempt.crashes)
    if halted is State.FAILED and isinstance(job, Probe) and (copy := find_second_copy(session, clip)):
        return ev.ClipSubstituted(fact.at, clip, copy, fact.message)
    if halted is State.FAILED and isinstance(job, Probe | Listen) and _is_expendable(session, job.clip):
        return ev.ClipFaulted(fact.at, job.clip.key, fact.message, fact.hint)
    if halted is not None and is_follow_up(job):
        return halt_follow_up(job, fact, attempt, failure)
    if halted is not None:
        # A rejected session whose originals cannot be returned stays rejected.
        halted = session.state if isinstance(job, Return) else halted
        return ev.SessionHalted(fact.at, halted, failure)
    return ev.JobPostponed(fact.at, attempt, failure)


def _find_failed_clip(job: Job, verdict: FailureKind) -> str:
    """Return the clip because of which a job failed: its own, or the one whose original it could not send."""
    if isinstance(job, ClipJob):
        return job.subject
    if isinstance(job, Upload) and job.object.kind == "original" and verdict == "changed":
        return job.object.clip
    return ""


def _is_expendable(session: Session, clip: Clip) -> bool:
    """Tell whether the camera has another clip to be synced: one bad file must not stop a card.

    Later, the clip is part of an answer that somebody reviews or has approved.
    """
    return session.alignment is None and any(
        one.camera == clip.camera and one.key != clip.key for one in session.usable_clips
    )


def _choose_halted_state(verdict: FailureKind, crashes: int) -> State | None:
    """Return the state that a failure halts the session in; None where the job is tried again."""
    match verdict:
        case "changed":
            return State.STALE
        case "corrupt":
            return State.QUARANTINED
        case "final":
            return State.FAILED
        case "crash":
            return State.FAILED if crashes >= MAX_CRASHES else None
        case "transient":
            return None
        case _:
            assert_never(verdict)


def _count_attempt(session: Session, fact: fa.JobFailed) -> Attempt:
    before = next((one for one in session.attempts if one.job == fact.job), Attempt(fact.job, 0, 0))
    failures = before.failures + 1
    crashes = before.crashes + (fact.failure_kind == "crash")
    return Attempt(fact.job, failures, crashes, BACKOFF_S[min(failures, len(BACKOFF_S)) - 1])


def _handle_loss(session: Session, fact: fa.DerivedFilesLost) -> ev.Event:
    """Have lost results made again; halt the session if that was done too often already."""
    if not is_lost_too_often(session, fact.paths):
        return ev.ResultsForgotten(fact.at, fact.paths, fact.message)
    lost = find_lost_results(session, fact.paths)[0]
    failure = Failure(
        lost.stage,
        f"{fact.message}; it was made again {MAX_REGENERATIONS} times",
        f"check the disk of the work folder (`dmesg`), then: mcsyncd retry {session.id}",
        retryable=True,
    )
    return ev.SessionHalted(fact.at, State.FAILED, failure)


def _handle_store_loss(session: Session, fact: fa.StoredObjectsLost, store: str) -> ev.Event:
    """Have lost objects uploaded again; halt the session, or its copy, if the store keeps losing them."""
    if not is_stored_too_often(session, fact.keys, store):
        return ObjectsLost(fact.at, fact.keys, fact.message, store)
    message = f"{fact.message}; they were uploaded {MAX_REGENERATIONS + 1} times"
    if store:
        hint = "find out who deletes objects of this store; it is tried again tomorrow"
        return CopyHalted(fact.at, store, HoldingTrouble(fact.at, message, hint))
    hint = f"find out who deletes objects of this store, then: mcsyncd retry {session.id}"
    return ev.SessionHalted(fact.at, State.FAILED, Failure("publish", message, hint, retryable=True))


def _resync_session(session: Session, fact: fa.Resync) -> tuple[ev.Event, ...]:
    """Find the offsets again; what no hash proves is made again before that."""
    resynced = ev.SessionResynced(fact.at, fact.by, fact.terms, fact.originals)
    unproven = list_unproven_paths(apply_event(session, resynced))
    if not unproven:
        return (resynced,)
    return (resynced, ev.ResultsForgotten(fact.at, unproven, "no hash of it was recorded"))


def _nudge_session(session: Session, fact: fa.Nudge) -> tuple[ev.Event, ...]:
    if session.alignment is None:
        return ()
    moved = move_clips(session, fact.camera, fact.clip, fact.offset_us)
    return (
        ev.OffsetNudged(
            fact.at, fact.by, session.revision + 1, fact.camera, fact.offset_us, moved, fact.clip
        ),
    )


def _set_disposition(session: Session, fact: fa.SetDisposition) -> tuple[ev.Event, ...]:
    clip = session.find_clip(fact.clip)
    if clip is None:
        return ()
    answer = apply_disposition(session, clip, fact.disposition)
    revision = session.revision + 1 if answer is not None else session.revision
    return (ev.DispositionSet(fact.at, fact.by, revision, fact.clip, fact.disposition, fact.reason, answer),)
