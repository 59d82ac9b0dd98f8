"""What a session is after each step of its publishing. Pure."""

from __future__ import annotations

from dataclasses import replace

from mcsyncd.model import events as ev
from mcsyncd.model.holding import keep_evidence
from mcsyncd.model.publishing import UNKNOWN_HEAD, HeadState, Publishing, StoreHead
from mcsyncd.model.retention import call_off_removal
from mcsyncd.model.session import HALTED, Session, State
from mcsyncd.model.store_jobs import list_published_keys


def begin_publishing(session: Session, event: ev.PublishingBegan) -> Session:
    """Everything that was approved is there: it is planned next."""
    return replace(session, state=State.PUBLISHING, publishing=Publishing(event.revision, event.at))


def record_plan(session: Session, event: ev.PublishingPlanned) -> Session:
    """What to upload is known. Raises ValueError for a session that is not being published."""
    if session.publishing is None:
        raise ValueError(f"session {session.id}: a plan before publishing began")
    planned = replace(session.publishing, plan=event.plan, chain_head=event.chain_head)
    # What was told of this revision when it was approved before is not known any more.
    told = session.head if session.head is None or session.head.revision != session.revision else None
    return clear_error(replace(session, publishing=planned, released=session.revision, head=told))


def record_publication(session: Session, event: ev.SessionPublished) -> Session:
    """A manifest is published together with a pointer that says so.

    A further store that has it already was told of doubts meanwhile, or may have been: the job that told them
    can be stopped after its effect. It is told again.
    """
    published = event.publication
    head = StoreHead(HeadState.CURRENT, published.revision)
    copies = tuple(
        replace(one, head=UNKNOWN_HEAD) if one.published == published else one for one in session.copies
    )
    after = replace(
        session,
        copies=copies,
        state=State.PUBLISHED,
        published=published,
        head=head,
        losses=(),
        retention=call_off_removal(session.retention),
    )
    return clear_error(forget_old_evidence(after, ""))


def forget_old_evidence(session: Session, store: str) -> Session:
    """What is no longer published need not be read back from a store."""
    holding = session.find_holding(store)
    if holding is None:
        return session
    return session.put_holding(keep_evidence(holding, list_published_keys(session)))


def clear_error(session: Session) -> Session:
    """A job has succeeded: people no longer wait for what was postponed before it."""
    if session.error is None or session.state in HALTED:
        return session
    return replace(session, error=None)
