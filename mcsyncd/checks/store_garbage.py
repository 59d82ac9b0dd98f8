"""List and delete what earlier revisions left in the store. Without a daemon."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from mcsyncd.checks.sessions import select_sessions
from mcsyncd.publish.garbage import Garbage, find_garbage
from mcsyncd.publish.object_store import ObjectStore
from mcsyncd.settings.schema import Settings


def list_garbage(settings: Settings, grace_days: int, *, name: str = "") -> tuple[Garbage, ...]:
    """Return the objects of a store that were superseded more than `grace_days` ago. Raises McsyncError.

    `name` is what the ledger calls the store.
    """
    before = (datetime.now(UTC) - timedelta(days=grace_days)).isoformat(timespec="microseconds")
    sessions = (one.view_from(name) for one in select_sessions(settings, None))
    return tuple(find_garbage(sessions, superseded_before=before))


def remove_garbage(store: ObjectStore, garbage: Iterable[Garbage]) -> None:
    """Delete them one by one, which costs nothing in a bucket. Raises what the store raises."""
    for one in garbage:
        store.remove_object(one.object.key)
