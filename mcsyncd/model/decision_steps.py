"""What a session is after a person, or the daemon, decided against it. Pure."""

from __future__ import annotations

from dataclasses import replace

from mcsyncd.model import events as ev
from mcsyncd.model.session import Rejection, Reopening, Session, State


def reopen_session(session: Session, event: ev.SessionReopened) -> Session:
    """It is under review again; what was published stays until the next approval."""
    state = State.IN_REVIEW if session.alignment else State.WORKING
    return replace(
        _forget_heads(session),
        state=state,
        revision=event.revision,
        approval=None,
        publishing=None,
        reopening=Reopening(event.by, event.at, event.reason),
        rejection=None,
        error=None,
        attempts=(),
        losses=(),
    )


def reject_session(session: Session, event: ev.SessionRejected) -> Session:
    """It is not to be used."""
    return replace(
        _forget_heads(session),
        state=State.REJECTED,
        rejection=Rejection(event.by, event.at, event.reason),
        approval=None,
        reopening=None,
        error=None,
        attempts=(),
        losses=(),
    )


def _forget_heads(session: Session) -> Session:
    """What was told before is not known any more: the job that told something else may have been stopped."""
    return replace(session, head=None, copies=tuple(replace(one, head=None) for one in session.copies))
