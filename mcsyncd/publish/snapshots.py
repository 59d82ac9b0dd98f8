"""The ledger's snapshots in a store: which there are, and which may go. Blocks."""

from __future__ import annotations

from mcsyncd.publish.keys import SNAPSHOTS, parse_snapshot_key
from mcsyncd.publish.object_store import ListedObject, ObjectStore


def list_snapshots(store: ObjectStore, host: str | None = None) -> tuple[ListedObject, ...]:
    """Return the snapshots of one machine, or of all, oldest first. Raises what the store raises."""
    found = [
        (name.made_at, one.key, one)
        for one in store.list_objects(SNAPSHOTS if host is None else f"{SNAPSHOTS}{host}/")
        if (name := parse_snapshot_key(one.key)) is not None
    ]
    return tuple(one for _, _, one in sorted(found, key=lambda entry: entry[:2]))


def list_spare_snapshots(store: ObjectStore, host: str, keep: int) -> tuple[ListedObject, ...]:
    """Return the snapshots of one machine but for the newest `keep`. Raises what the store raises."""
    return list_snapshots(store, host)[:-keep]
