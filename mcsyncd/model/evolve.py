"""The fold: a session is what its events make of it.

`evolved` never judges: what stands in the ledger has happened. Judging is `decide`'s part.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import singledispatch

from mcsyncd.model import events as ev
from mcsyncd.model.clip import Clip
from mcsyncd.model.facts import FileIdentity
from mcsyncd.model.session import Approval, ConformedClip, Session, State


def session_of(history: Iterable[ev.Event]) -> Session:
    """Return the session that these events, oldest first, have made.

    Raises ValueError if the first is not `SessionOpened`.
    """
    stream = iter(history)
    opened = next(stream, None)
    if not isinstance(opened, ev.SessionOpened):
        raise ValueError("a session's history begins with its opening")  # noqa: TRY004  # the history is wrong, not its type
    session = Session(id=opened.id, opened_at=opened.at)
    for event in stream:
        session = evolved(session, event)
    return session


def evolved(session: Session, event: ev.Event) -> Session:
    """Return the session after one more event."""
    return _after(event, session)


@singledispatch
def _after(event: ev.Event, session: Session) -> Session:
    raise TypeError(f"no session knows the event {type(event).__name__}")


@_after.register
def _(event: ev.FilesSeen, session: Session) -> Session:
    return replace(session, dropped=event.files)


@_after.register
def _(event: ev.SessionSealed, session: Session) -> Session:
    return replace(session, state=State.WORKING, terms=event.terms, clips=event.clips)


@_after.register
def _(event: ev.ClipsTakenIn, session: Session) -> Session:
    paths = dict(event.paths)
    clips = tuple(replace(clip, path=paths[clip.key]) for clip in session.clips)
    return _calm(replace(session, taken_in=True, clips=clips))


@_after.register
def _(event: ev.ClipHashed, session: Session) -> Session:
    return _calm(_with_clip(session, event.clip, digest=event.digest))


@_after.register
def _(event: ev.ClipProbed, session: Session) -> Session:
    return _calm(_with_clip(session, event.clip, media=event.media))


@_after.register
def _(event: ev.ClipHeard, session: Session) -> Session:
    return _calm(_with_clip(session, event.clip, sound=event.sound))


@_after.register
def _(event: ev.SessionAligned, session: Session) -> Session:
    return _calm(
        replace(
            session,
            state=State.IN_REVIEW,
            revision=event.revision,
            alignment=event.alignment,
            rate=event.rate,
            approval=None,
        )
    )


@_after.register
def _(event: ev.OffsetNudged, session: Session) -> Session:
    return replace(session, revision=event.revision, alignment=event.alignment)


@_after.register
def _(event: ev.SessionApproved, session: Session) -> Session:
    return replace(session, state=State.APPROVED, approval=Approval(event.by, event.at, event.revision))


@_after.register
def _(event: ev.SessionRejected, session: Session) -> Session:
    return replace(session, state=State.REJECTED, approval=None, error=None, attempts=())


@_after.register
def _(event: ev.SessionReopened, session: Session) -> Session:
    state = State.IN_REVIEW if session.alignment else State.WORKING
    return replace(session, state=state, revision=event.revision, approval=None, error=None, attempts=())


@_after.register
def _(event: ev.ClipConformed, session: Session) -> Session:
    made = ConformedClip(event.job, event.clip, event.result)
    others = tuple(old for old in session.conformed if old.job != event.job)
    return _calm(replace(session, conformed=(*others, made)))


@_after.register
def _(event: ev.PublishingBegan, session: Session) -> Session:
    return replace(session, state=State.PUBLISHING)


@_after.register
def _(event: ev.ObjectStored, session: Session) -> Session:
    others = tuple(old for old in session.stored if old.key != event.object.key)
    return _calm(replace(session, stored=(*others, event.object)))


@_after.register
def _(event: ev.SessionPublished, session: Session) -> Session:
    return _calm(replace(session, state=State.PUBLISHED, published=event.publication))


@_after.register
def _(event: ev.JobPostponed, session: Session) -> Session:
    others = tuple(old for old in session.attempts if old.job != event.attempt.job)
    return replace(session, attempts=(*others, event.attempt), error=event.failure)


@_after.register
def _(event: ev.SessionHalted, session: Session) -> Session:
    # A failed step changes nothing that was approved; a changed or corrupt original does.
    approval = session.approval if event.state is State.FAILED else None
    return replace(session, state=event.state, error=event.failure, approval=approval)


@_after.register
def _(event: ev.SessionRetried, session: Session) -> Session:
    session = _looked_at_again(session, event.originals)
    return replace(session, state=_resumed(session), error=None, attempts=())


@_after.register
def _(event: ev.SessionResynced, session: Session) -> Session:
    session = _looked_at_again(session, event.originals)
    return replace(
        session,
        state=State.WORKING,
        terms=event.terms,
        alignment=None,
        approval=None,
        error=None,
        attempts=(),
    )


def _resumed(session: Session) -> State:
    if session.approval is not None:
        return State.APPROVED
    return State.IN_REVIEW if session.alignment else State.WORKING


def _calm(session: Session) -> Session:
    """A job has succeeded: what was postponed before it is no longer what people wait for."""
    return replace(session, error=None) if session.state not in _KEEP_ERROR else session


_KEEP_ERROR = frozenset({State.FAILED, State.STALE, State.QUARANTINED})


def _with_clip(session: Session, key: str, **changed: object) -> Session:
    clips = tuple(
        replace(clip, **changed) if clip.key == key else clip  # type: ignore[arg-type]  # the callers name fields with their own types
        for clip in session.clips
    )
    return replace(session, clips=clips)


def _looked_at_again(session: Session, originals: tuple[FileIdentity, ...]) -> Session:
    """Forget what is known of every original that is not the file it was."""
    now = {identity.clip: identity for identity in originals}
    clips = tuple(_fresh(clip, now.get(clip.key)) for clip in session.clips)
    if clips == session.clips:
        return session
    return replace(session, clips=clips, alignment=None, approval=None)


def _fresh(clip: Clip, now: FileIdentity | None) -> Clip:
    if now is None or (clip.bytes, clip.mtime_ns) == (now.bytes, now.mtime_ns):
        return clip
    return Clip(clip.camera, clip.name, now.bytes, now.mtime_ns, clip.path)
