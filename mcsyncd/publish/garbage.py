"""Which stored objects nobody needs any more. Pure.

Nothing is deleted by age or by name alone: an object is garbage when its session is settled, and the
manifest that the session's pointer names has not referred to it for a while. Originals never are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mcsyncd.model.rendition import ObjectKind, StoredObject
from mcsyncd.model.session import FINISHED, Session

_KEPT_KINDS: frozenset[ObjectKind] = frozenset({"original", "attached"})
"""What a camera recorded: it cannot be made again."""


@dataclass(frozen=True, slots=True)
class Garbage:
    """An object that no manifest in force refers to, and since when (UTC) that is so."""

    session: str
    object: StoredObject
    since: str


def list_superseded(session: Session) -> tuple[StoredObject, ...]:
    """Return what the session has stored and the manifest in force does not refer to.

    Nothing of a session that is under way: its next manifest may refer to all that it has stored.
    """
    publishing = session.publishing
    plan = publishing.plan if publishing is not None else None
    if session.state not in FINISHED or session.published is None or publishing is None or plan is None:
        return ()
    if publishing.revision != session.published.revision:
        return ()
    needed = {planned.key for planned in plan.objects}
    return tuple(one for one in session.stored if one.key not in needed and one.kind not in _KEPT_KINDS)


def find_garbage(sessions: Iterable[Session], *, superseded_before: str) -> Iterator[Garbage]:
    """Yield the objects that were superseded before a moment (UTC, ISO 8601), oldest session first."""
    for session in sessions:
        began_at = session.publishing.began_at if session.publishing is not None else ""
        if began_at < superseded_before:
            yield from (Garbage(session.id, stored, began_at) for stored in list_superseded(session))
