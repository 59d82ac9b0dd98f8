"""Which store this is: a small object at its root, without which nothing is written to it.

A folder whose disk is not mounted looks like an empty store, and another disk in its place like this one.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from mcsyncd.errors import StoreRefused
from mcsyncd.integrity.derived_file import write_derived_file
from mcsyncd.publish.manifest import serialize_canonical
from mcsyncd.publish.object_store import ObjectStore

IDENTITY_KEY = "v1/store.json"
_INIT_HINT = "mcsyncd storage init"


@dataclass(frozen=True, slots=True)
class StoreIdentity:
    """A store's name for good, drawn by chance, and when it was made (UTC)."""

    id: str
    created: str

    @property
    def body(self) -> bytes:
        """The identity as it is stored."""
        return serialize_canonical({"schema": "1", "id": self.id, "created": self.created})


def find_identity(store: ObjectStore) -> StoreIdentity | None:
    """Return the identity of a store; None if it has none. Raises what the store raises, and StoreRefused."""
    found = store.find_document(IDENTITY_KEY)
    return None if found is None else _read_identity(found.data, IDENTITY_KEY)


def init_store(store: ObjectStore, at: str) -> tuple[StoreIdentity, bool]:
    """Give a store an identity unless it has one; return it, and whether it is new."""
    known = find_identity(store)
    if known is not None:
        return known, False
    made = StoreIdentity(secrets.token_hex(16), at)
    store.put_document(IDENTITY_KEY, made.body)
    return made, True


def require_identity(store: ObjectStore, label: str, kept: Path) -> None:
    """Make sure that this is the store that was written to before; `kept` is where its identity is kept.

    `label` is what people call the store. The first store that is met is remembered. Raises StoreRefused if
    it has no identity or another one.
    """
    found = find_identity(store)
    if found is None:
        raise StoreRefused(
            f"{label}: the store has no identity: its disk is not mounted, or it was never made ready",
            f"mount the disk; for a new store: {_INIT_HINT}",
        )
    known = _read_kept(kept)
    if known is None:
        remember_identity(kept, found)
    elif known.id != found.id:
        raise StoreRefused(
            f"{label}: this is another store than before ({found.id[:8]} of {found.created}, "
            f"not {known.id[:8]} of {known.created})",
            f"mount the right disk or name the right bucket; to change over: {_INIT_HINT} --adopt",
        )


def remember_identity(kept: Path, identity: StoreIdentity) -> None:
    """Remember a store as the one to write to. Raises OSError."""
    write_derived_file(kept, identity.body)


def _read_kept(kept: Path) -> StoreIdentity | None:
    try:
        return _read_identity(kept.read_bytes(), str(kept))
    except FileNotFoundError:
        return None


def _read_identity(body: bytes, where: str) -> StoreIdentity:
    try:
        found = json.loads(body)
        return StoreIdentity(str(found["id"]), str(found["created"]))
    except (ValueError, KeyError, TypeError) as error:
        raise StoreRefused(f"{where} is no identity of a store: {error}", "look at it by hand") from error
