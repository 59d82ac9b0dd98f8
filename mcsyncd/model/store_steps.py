"""What a session is after each event about what the stores hold. Pure.

An event about a store that is no longer chosen changes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from mcsyncd.model import store_events as se
from mcsyncd.model.events import ObjectStored
from mcsyncd.model.holding import (
    Holding,
    forget_stored,
    record_evidence,
    record_stored,
    want_read_back,
)
from mcsyncd.model.losses import count_lost_objects, forget_lost_objects
from mcsyncd.model.publishing import UNKNOWN_HEAD, HeadState, StoreHead
from mcsyncd.model.publishing_steps import clear_error, forget_old_evidence
from mcsyncd.model.session import Session


def record_object(session: Session, event: ObjectStored) -> Session:
    """An object is in a store, in the place of what was known of its key."""
    holding = session.find_holding(event.store)
    if holding is None:
        return session
    return clear_error(session.put_holding(record_stored(holding, event.object)))


def apply_store_event(  # noqa: PLR0911  # one line for each event
    session: Session, event: se.StoreEvent
) -> Session:
    """Return the session after one more event."""
    if isinstance(event, se.StoresChosen):
        known = {one.store: one for one in session.copies}
        head = UNKNOWN_HEAD if session.may_have_readers else None
        copies = (known.get(name, Holding(name, head=head)) for name in event.stores)
        return replace(session, copies=tuple(copies))
    holding = session.find_holding(event.store)
    if holding is None:
        return session
    after = session.put_holding(_change_holding(holding, event))
    match event:
        case se.ObjectsLost():
            return replace(after, losses=count_lost_objects(session, event.keys, event.store))
        case se.CopyResumed():
            return replace(after, losses=forget_lost_objects(session, event.store))
        case se.CopyPublished():
            return clear_error(forget_old_evidence(after, event.store))
        case se.ObjectReadBack():
            return clear_error(after)
        case _:
            return after


def _change_holding(  # noqa: PLR0911  # one line for each event
    holding: Holding, event: _HoldingEvent
) -> Holding:
    match event:
        case se.HeadPointed():
            return replace(holding, head=event.head)
        case se.ObjectsLost():
            return forget_stored(holding, event.keys)
        case se.CopyPublished():
            head = StoreHead(HeadState.CURRENT, event.publication.revision)
            return replace(holding, published=event.publication, head=head)
        case se.CopyHalted():
            return replace(holding, trouble=event.trouble)
        case se.CopyResumed():
            return replace(holding, trouble=None)
        case se.ReadBackWanted():
            return want_read_back(holding, event.keys)
        case se.ObjectReadBack():
            return record_evidence(holding, event.evidence)
        case _:
            assert_never(event)


_HoldingEvent = (
    se.HeadPointed
    | se.ObjectsLost
    | se.CopyPublished
    | se.CopyHalted
    | se.CopyResumed
    | se.ReadBackWanted
    | se.ObjectReadBack
)
