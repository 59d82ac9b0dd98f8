"""What is due about the stores of a planned or published session: copies, pointers, reading back. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from mcsyncd.model.holding import Holding
from mcsyncd.model.jobs import (
    REMEMBERED_JOBS,
    Job,
    PointHead,
    PublishCopy,
    ReadBack,
    build_upload,
    find_store_name,
)
from mcsyncd.model.memo import memoize_by_identity
from mcsyncd.model.rendition import StoredObject
from mcsyncd.model.session import Session, State

_COPIED = frozenset({State.PUBLISHING, State.PUBLISHED})
"""States of a session whose objects go to the further stores. What is under review may change."""


def list_head_jobs(session: Session) -> Iterator[Job]:
    """Yield the pointers to change: no reader may be told that something holds when it does not."""
    for holding in session.holdings:
        if holding.store and session.is_behind(holding):
            continue  # its next manifest brings its pointer
        wanted = session.choose_new_head(holding)
        if wanted is not None:
            yield PointHead(session.id, wanted, holding.published, holding.store)


def list_copy_jobs(session: Session) -> Iterator[Job]:
    """Yield what the further stores lack: objects in the order of the plan, then the manifest."""
    if session.state not in _COPIED:
        return
    for holding in session.copies:
        if holding.trouble is None:
            yield from _list_missing(session, holding)


def _list_missing(session: Session, holding: Holding) -> Iterator[Job]:
    plan = session.publishing.plan if session.publishing is not None else None
    stored = {found.key: found for found in holding.stored}
    uploads = plan.uploads if plan is not None else ()
    missing = [planned for planned in uploads if planned.key not in stored]
    yield from (build_upload(session.id, planned, holding.store) for planned in missing)
    if not missing and session.published is not None and session.is_behind(holding):
        named = tuple(stored[planned.key] for planned in uploads)
        yield PublishCopy(session.id, holding.store, session.published, named)


def list_read_back_jobs(session: Session) -> Iterator[Job]:
    """Yield what is to be read back of what is published, and is there."""
    if session.state is not State.PUBLISHED:
        return
    for holding in session.holdings:
        due = {one.key for one in holding.evidence if one.is_due}
        yield from (
            _build_read_back(session.id, holding.store, stored)
            for stored in holding.stored
            if stored.key in due
        )


@memoize_by_identity(REMEMBERED_JOBS)
def _build_read_back(session: str, store: str, stored: StoredObject) -> ReadBack:
    return ReadBack(session, store, stored)


def has_store_work(session: Session, stores: Collection[str]) -> bool:
    """Tell whether a published session still has something to do in one of these stores."""
    if session.state is not State.PUBLISHED:
        return False
    jobs = (job for list_jobs in (list_copy_jobs, list_read_back_jobs) for job in list_jobs(session))
    return any(find_store_name(job) in stores for job in jobs)


def list_published_keys(session: Session) -> tuple[str, ...]:
    """Return the keys of all objects that the published revision names; none if there is none."""
    if session.published is None:
        return ()
    plan = session.publishing.plan if session.publishing is not None else None
    if plan is None:  # the session of a rebuilt ledger: what the store has is what its manifest names
        return tuple(stored.key for stored in session.stored)
    return tuple(planned.key for planned in plan.uploads)


def list_safe_stores(session: Session) -> tuple[str, ...]:
    """Return the stores that hold all that is published, tell their readers so, and were read back."""
    keys = list_published_keys(session)
    if session.state is not State.PUBLISHED or not keys:
        return ()
    return tuple(
        one.store
        for one in session.holdings
        if one.published == session.published
        and one.holds_right(keys)
        and not one.damaged
        and session.choose_new_head(one) is None
    )


def is_safe(session: Session, min_copies: int) -> bool:
    """Tell whether a session was read back, byte by byte, from at least so many stores."""
    return len(list_safe_stores(session)) >= min_copies
