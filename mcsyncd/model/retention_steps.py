"""Which originals may go, the jobs that remove them, and what a session is after that. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, assert_never

from mcsyncd.model import retention_events as re
from mcsyncd.model.clip import Clip
from mcsyncd.model.facts import Removal
from mcsyncd.model.jobs import EmptyTrash, Job, TrashOriginals
from mcsyncd.model.retention import Retention, RetentionTerms
from mcsyncd.model.session import Session, State
from mcsyncd.model.store_jobs import list_published_keys, list_safe_stores


def find_obstacle(session: Session, terms: RetentionTerms) -> str:  # noqa: PLR0911  # one line for each rule
    """Return why the originals of a session stay; nothing if they may go, or go on from the trash."""
    approval = session.approval
    if session.state is not State.PUBLISHED or session.published is None or approval is None:
        return "it is not published"
    if session.are_originals_deleted:
        return "they were deleted before"
    if approval.revision != session.published.revision:
        return "the approval is of another revision"
    if any(clip.digest is None for clip in _list_present(session)):
        return "not every original was hashed"
    if approval.at >= terms.approved_before:
        return "it was approved too recently"
    stores = list_safe_stores(session)
    if len(stores) < terms.min_copies:
        proof = "held whole, read back, and told to readers"
        return f"it is proven in {len(stores)} of {terms.min_copies} stores ({proof})"
    if _find_last_reading(session, stores) >= terms.proven_before:
        return "it was read back less than a day ago"
    return ""


def _find_last_reading(session: Session, stores: tuple[str, ...]) -> str:
    """Return when the last of what is published was read back from these stores."""
    keys = set(list_published_keys(session))
    readings = (
        one.at
        for holding in session.holdings
        if holding.store in stores
        for one in holding.evidence
        if one.key in keys
    )
    return max(readings, default="")


def _list_present(session: Session) -> tuple[Clip, ...]:
    """Return the clips whose originals are here and are published."""
    if session.are_originals_deleted:
        return ()
    return tuple(clip for clip in session.clips if clip.path and not session.is_left_out(clip.key))


def look_after_originals(session: Session, at: str, terms: RetentionTerms) -> tuple[re.RetentionEvent, ...]:
    """Return what a regular look at a session leads to."""
    retention = session.retention
    if find_obstacle(session, terms) or not _list_present(session):
        return ()
    if retention is None or (retention.state == "refused" and retention.at < terms.refused_before):
        return (re.RemovalDue(at, terms.min_copies, from_trash=_is_in_trash(session)),)
    if retention.state == "trashed" and retention.at < terms.trashed_before:
        return (re.RemovalDue(at, terms.min_copies, from_trash=True),)
    return ()


def _is_in_trash(session: Session) -> bool:
    return all(clip.moved_to for clip in _list_present(session))


def list_retention_jobs(session: Session) -> Iterator[Job]:
    """Yield the removal that is due."""
    retention, published = session.retention, session.published
    if session.state is not State.PUBLISHED or retention is None or published is None:
        return
    clips, stores = _list_present(session), list_safe_stores(session)
    if len(stores) < retention.min_copies:
        return  # it was damaged since
    if retention.state == "due":
        yield TrashOriginals(session.id, clips, published, stores)
    elif retention.state == "expired":
        yield EmptyTrash(session.id, clips, published, stores)


def record_removal(removal: Removal, at: str) -> tuple[re.RetentionEvent, ...]:
    """Return what became of originals that were to be removed: an event for each."""
    if removal.refused:
        return (re.RemovalRefused(at, removal.refused),)
    return tuple(
        re.OriginalTrashed(at, clip, path) if path else re.OriginalDeleted(at, clip)
        for clip, path in removal.paths
    )


def apply_retention_event(session: Session, event: re.RetentionEvent) -> Session:
    """Return the session after one more event."""
    match event:
        case re.RemovalDue():
            state: Literal["expired", "due"] = "expired" if event.from_trash else "due"
            return replace(session, retention=Retention(state, event.at, min_copies=event.min_copies))
        case re.RemovalRefused():
            return replace(session, retention=Retention("refused", event.at, event.reason))
        case re.OriginalTrashed():
            moved = _move_original(session, event.clip, event.path)
            return replace(moved, retention=Retention("trashed", event.at))
        case re.OriginalDeleted():
            return replace(session, retention=Retention("deleted", event.at))
        case _:
            assert_never(event)


def _move_original(session: Session, key: str, path: str) -> Session:
    """Return the session with an original at another place; its plan finds it there, too."""
    before = session.find_clip(key)
    publishing = session.publishing
    clips = tuple(replace(one, moved_to=path) if one.key == key else one for one in session.clips)
    if before is None or publishing is None or publishing.plan is None:
        return replace(session, clips=clips)
    objects = tuple(
        replace(one, path=path) if one.path == before.place else one for one in publishing.plan.objects
    )
    plan = replace(publishing.plan, objects=objects)
    return replace(session, clips=clips, publishing=replace(publishing, plan=plan))
