"""The fold: a session is what its events make of it.

`apply_event` never judges: what stands in the ledger has happened. Judging is `decide`'s part.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from mcsyncd.model import events as ev
from mcsyncd.model import retention_events as re
from mcsyncd.model import store_events as se
from mcsyncd.model.clip import AnalysisAudio, Clip, Digest, DropFile, Media
from mcsyncd.model.decision_steps import reject_session, reopen_session
from mcsyncd.model.dispositions import select_solved
from mcsyncd.model.facts import FileIdentity
from mcsyncd.model.hand_set import record_moves
from mcsyncd.model.ledger_events import DecisionRefused, LedgerAccepted, LedgerRebuilt
from mcsyncd.model.losses import forget_results
from mcsyncd.model.memo import memoize_by_identity
from mcsyncd.model.publishing_steps import (
    begin_publishing,
    clear_error,
    record_plan,
    record_publication,
)
from mcsyncd.model.retention_steps import apply_retention_event
from mcsyncd.model.session import (
    HALTED,
    Approval,
    ConformedClip,
    Ruling,
    Session,
    State,
)
from mcsyncd.model.store_steps import apply_store_event, record_object
from mcsyncd.model.substitution import substitute_clip

_REMEMBERED_STEPS = 16
"""Sessions after their latest events that are remembered.

Judgement: who decides asks first what the events lead to, and then records the same ones. Larger, and old
states of sessions fill the memory; with none, everything is applied twice.
"""


def replay_events(history: Iterable[ev.Event]) -> Session:
    """Return the session that results from these events, oldest first.

    Raises ValueError if the first is not `SessionOpened`.
    """
    stream = iter(history)
    opened = next(stream, None)
    if not isinstance(opened, ev.SessionOpened):
        raise ValueError("a session's history begins with SessionOpened")  # noqa: TRY004  # the history is wrong, not its type
    session = Session(id=opened.id, opened_at=opened.at)
    for event in stream:
        session = apply_event(session, event)
    return session


@memoize_by_identity(_REMEMBERED_STEPS)
def apply_events(session: Session, events: tuple[ev.Event, ...]) -> Session:
    """Return the session after more events, oldest first. Raises ValueError as `apply_event` does."""
    for event in events:
        session = apply_event(session, event)
    return session


def apply_event(session: Session, event: ev.Event) -> Session:  # noqa: C901, PLR0911, PLR0912  # one line for each event
    """Return the session after one more event.

    Raises ValueError for a second `SessionOpened`, and for a plan before publishing began.
    """
    match event:
        case ev.SessionOpened():
            raise ValueError(f"session {session.id} was opened before")
        case ev.DropFilesChanged():
            return replace(session, drop_files=_apply_drop_change(session, event))
        case ev.SessionSealed():
            return _seal_session(session, event)
        case ev.ClipsOffloaded():
            return _record_offload(session, event)
        case ev.ClipHashed():
            return _update_clip(session, event.clip, digest=event.digest)
        case ev.ClipProbed():
            return _update_clip(session, event.clip, media=event.media)
        case ev.ClipAudioAnalysed():
            return _update_clip(session, event.clip, analysis_audio=event.analysis_audio)
        case ev.SessionAligned():
            return _record_alignment(session, event)
        case ev.OffsetNudged():
            return _record_nudge(session, event)
        case ev.ClipFaulted():
            return _record_fault(session, event)
        case ev.DispositionSet():
            return _record_ruling(session, event)
        case ev.SessionApproved():
            approval = Approval(event.by, event.at, event.revision)
            return replace(session, state=State.APPROVED, approval=approval, reopening=None)
        case ev.SessionRejected():
            return reject_session(session, event)
        case ev.SessionReopened():
            return reopen_session(session, event)
        case ev.SessionRecalled():
            return _recall_session(session, event)
        case ev.ClipReplaced():
            return _replace_clip(session, event)
        case ev.ClipSubstituted():
            return substitute_clip(session, event.clip, event.file, event.why)
        case ev.ReelJoined():
            return _join_reel(session, event)
        case ev.ReturnRequested():
            return replace(session, returning_to=event.to, error=None, attempts=())
        case ev.OriginalsReturned():
            clips = tuple(replace(clip, path="", moved_to="") for clip in session.clips)
            return clear_error(replace(session, clips=clips, returned=True))
        case ev.ClipConformed():
            return _record_conform(session, event)
        case ev.PublishingBegan():
            return begin_publishing(session, event)
        case ev.PublishingPlanned():
            return record_plan(session, event)
        case ev.ObjectStored():
            return record_object(session, event)
        case ev.SessionPublished():
            return record_publication(session, event)
        case ev.JobPostponed():
            return _record_attempt(session, event)
        case ev.ResultsForgotten():
            return forget_results(session, event.paths)
        case ev.SessionHalted():
            return _halt_session(session, event)
        case ev.SessionRetried():
            return _retry_session(session, event)
        case ev.SessionResynced():
            return _restart_sync(session, event)
        case DecisionRefused() | LedgerAccepted() | LedgerRebuilt() | se.StoreSurveyed():
            return session
        case (
            se.HeadPointed()
            | se.ObjectsLost()
            | se.StoresChosen()
            | se.CopyPublished()
            | se.CopyHalted()
            | se.CopyResumed()
            | se.ReadBackWanted()
            | se.ObjectReadBack()
        ):
            return apply_store_event(session, event)
        case re.RemovalDue() | re.RemovalRefused() | re.OriginalTrashed() | re.OriginalDeleted():
            return apply_retention_event(session, event)
        case _:
            assert_never(event)


def _apply_drop_change(session: Session, event: ev.DropFilesChanged) -> tuple[DropFile, ...]:
    if event.files is not None:
        return event.files
    removed = set(event.removed)
    kept = (file for file in session.drop_files if file.key not in removed)
    return tuple(sorted((*kept, *event.added), key=lambda file: (file.camera, file.name)))


def _seal_session(session: Session, event: ev.SessionSealed) -> Session:
    return replace(
        session,
        state=State.WORKING,
        terms=event.terms,
        clips=event.clips,
        left_out=event.left_out,
        taken_as_is=event.taken_as_is,
    )


def _recall_session(session: Session, event: ev.SessionRecalled) -> Session:
    others = tuple(recall for recall in session.recalls if recall.clip != event.recall.clip)
    reviewed = session.alignment is not None and session.state not in HALTED
    return replace(
        session,
        state=State.IN_REVIEW if reviewed else session.state,
        revision=event.revision,
        recalls=(*others, event.recall),
        approval=None,
        publishing=None,
    )


def _replace_clip(session: Session, event: ev.ClipReplaced) -> Session:
    """The new file is taken in first; then everything that depends on the clip is done again."""
    file = event.file
    drop_files = (*(old for old in session.drop_files if old.key != event.clip), file)
    clip = Clip.from_drop_file(file)
    return replace(
        session,
        state=State.WORKING,
        drop_files=tuple(sorted(drop_files, key=lambda one: (one.camera, one.name))),
        clips=tuple(clip if old.key == event.clip else old for old in session.clips),
        incoming=(*session.incoming, file) if session.offloaded else (),
        recalls=tuple(recall for recall in session.recalls if recall.clip != event.clip),
        taken_as_is=tuple(old for old in session.taken_as_is if old.key != event.clip),
        rulings=_drop_ruling(session, event.clip),
        left_behind=tuple(pair for pair in session.left_behind if pair[0] != event.clip),
        alignment=None,
        approval=None,
        publishing=None,
        error=None,
        attempts=(),
    )


def _join_reel(session: Session, event: ev.ReelJoined) -> Session:
    """The reel is taken in first; then the offsets are found again. What is known of other clips is kept."""
    clips = tuple(Clip.from_drop_file(file) for file in event.files if file.kind == "clip")
    new = {file.key for file in event.files}
    kept = [file for file in session.drop_files if file.key not in new]
    drop_files = sorted((*kept, *event.files), key=lambda one: (one.camera, one.name))
    return replace(
        session,
        state=State.WORKING,
        revision=event.revision,
        drop_files=tuple(drop_files),
        clips=tuple(sorted((*session.clips, *clips), key=lambda one: (one.camera, one.name))),
        incoming=(*session.incoming, *event.files),
        alignment=None,
        approval=None,
        publishing=None,
        error=None,
        attempts=(),
    )


def _record_offload(session: Session, event: ev.ClipsOffloaded) -> Session:
    paths = dict(event.paths)
    clips = tuple(replace(clip, path=paths.get(clip.key, clip.path)) for clip in session.clips)
    left_behind = tuple(dict((*session.left_behind, *event.left)).items())
    return clear_error(replace(session, offloaded=True, clips=clips, incoming=(), left_behind=left_behind))


def _record_alignment(session: Session, event: ev.SessionAligned) -> Session:
    return clear_error(
        replace(
            session,
            state=State.IN_REVIEW,
            revision=event.revision,
            alignment=event.alignment,
            solved=select_solved(session, event.alignment),
            moves=(),
            rate=event.rate,
            approval=None,
            losses=(),
        )
    )


def _record_nudge(session: Session, event: ev.OffsetNudged) -> Session:
    """Record where a person put clips. What they put on the timeline, nobody keeps off it any more."""
    moves = record_moves(session, event.alignment, event.by, event.at)
    placed = {move.clip for move in moves} | {f"{event.camera}/{event.clip}"}
    rulings = tuple(ruling for ruling in session.rulings if ruling.clip not in placed)
    return replace(session, revision=event.revision, alignment=event.alignment, rulings=rulings, moves=moves)


def _record_fault(session: Session, event: ev.ClipFaulted) -> Session:
    clips = tuple(
        replace(clip, fault=event.message, fault_hint=event.hint) if clip.key == event.clip else clip
        for clip in session.clips
    )
    return clear_error(replace(session, clips=clips))


def _record_ruling(session: Session, event: ev.DispositionSet) -> Session:
    """Record what a person decided about a clip.

    A session that halted because of the clip goes on. Without an answer, the offsets are found again.
    """
    others = _drop_ruling(session, event.clip)
    own = (
        Ruling(event.clip, event.disposition, event.reason, event.by, event.at) if event.disposition else None
    )
    return replace(
        session,
        state=State.IN_REVIEW if event.alignment is not None else State.WORKING,
        revision=event.revision,
        alignment=event.alignment,
        approval=None,
        publishing=None,
        rulings=(*others, own) if own is not None else others,
        moves=record_moves(session, event.alignment, event.by, event.at),
        error=None,
        attempts=(),
    )


def _drop_ruling(session: Session, clip: str) -> tuple[Ruling, ...]:
    return tuple(ruling for ruling in session.rulings if ruling.clip != clip)


def _record_conform(session: Session, event: ev.ClipConformed) -> Session:
    conformed = ConformedClip(event.job, event.clip, event.result)
    others = tuple(old for old in session.conformed if old.job != event.job)
    return clear_error(replace(session, conformed=(*others, conformed)))


def _record_attempt(session: Session, event: ev.JobPostponed) -> Session:
    others = tuple(old for old in session.attempts if old.job != event.attempt.job)
    return replace(session, attempts=(*others, event.attempt), error=event.failure)


def _halt_session(session: Session, event: ev.SessionHalted) -> Session:
    # A failed step changes nothing that was approved; a changed or corrupt original does.
    approval = session.approval if event.state is State.FAILED else None
    return replace(session, state=event.state, error=event.failure, approval=approval, returning_to=None)


def _retry_session(session: Session, event: ev.SessionRetried) -> Session:
    session = _forget_changed_originals(session, event.originals)
    missed = {clip.key for clip in session.clips if clip.fault and not session.is_left_out(clip.key)}
    if missed:
        clips = tuple(
            replace(clip, fault="", fault_hint="") if clip.key in missed else clip for clip in session.clips
        )
        session = replace(session, clips=clips, alignment=None, approval=None)
    return replace(session, state=_choose_resumed_state(session), error=None, attempts=(), losses=())


def _restart_sync(session: Session, event: ev.SessionResynced) -> Session:
    session = _forget_changed_originals(session, event.originals)
    return replace(
        session,
        state=State.WORKING,
        terms=event.terms,
        alignment=None,
        approval=None,
        publishing=None,
        error=None,
        attempts=(),
        losses=(),
    )


def _choose_resumed_state(session: Session) -> State:
    if session.state is State.REJECTED:
        return State.REJECTED  # only the return of its originals was to be tried again
    if session.approval is not None:
        # Of a published session, something about a store was to be tried again: it is published all the same.
        return State.PUBLISHED if session.state is State.PUBLISHED else State.APPROVED
    return State.IN_REVIEW if session.alignment else State.WORKING


def _update_clip(
    session: Session,
    key: str,
    *,
    digest: Digest | None = None,
    media: Media | None = None,
    analysis_audio: AnalysisAudio | None = None,
) -> Session:
    """Record one result for the clip with that key."""
    clips = tuple(
        replace(
            clip,
            digest=digest or clip.digest,
            media=media or clip.media,
            analysis_audio=analysis_audio or clip.analysis_audio,
        )
        if clip.key == key
        else clip
        for clip in session.clips
    )
    return clear_error(replace(session, clips=clips))


def _forget_changed_originals(session: Session, originals: tuple[FileIdentity, ...]) -> Session:
    """Drop every result for an original that is no longer the file it was."""
    now = {identity.clip: identity for identity in originals}
    clips = tuple(_forget_if_changed(clip, now.get(clip.key)) for clip in session.clips)
    if clips == session.clips:
        return session
    return replace(session, clips=clips, alignment=None, approval=None)


def _forget_if_changed(clip: Clip, now: FileIdentity | None) -> Clip:
    if now is None or (clip.bytes, clip.mtime_ns) == (now.bytes, now.mtime_ns):
        return clip
    former = clip.digest.sha256 if clip.digest is not None else clip.former_sha256
    return Clip(
        clip.camera,
        clip.name,
        now.bytes,
        now.mtime_ns,
        clip.path,
        former_sha256=former,
        moved_to=clip.moved_to,
    )
