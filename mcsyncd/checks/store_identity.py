"""Make a store ready to be published to. Without a daemon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mcsyncd.integrity.derived_file import make_folders
from mcsyncd.publish.identity import StoreIdentity, init_store, remember_identity, require_identity
from mcsyncd.publish.open_store import open_store
from mcsyncd.settings.schema import Settings
from mcsyncd.settings.stores import LocalStorage, Storage
from mcsyncd.settings.work_layout import WorkLayout


@dataclass(frozen=True, slots=True)
class PreparedStore:
    """The identity of a store, and whether it was made just now."""

    identity: StoreIdentity
    is_new: bool


def prepare_store(
    settings: Settings, storage: Storage, *, adopt: bool = False, credential: Path | None = None
) -> PreparedStore:
    """Give a store of the settings an identity unless it has one. A folder is made, too.

    With `adopt`, it takes the place of the store that was published to before. Raises StoreRefused for
    another one without it, and what the store raises.
    """
    if isinstance(storage, LocalStorage):
        make_folders(storage.path)
    store = open_store(storage, credential=credential)
    at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    identity, is_new = init_store(store, at)
    kept = WorkLayout.from_settings(settings).locate_store_identity(settings.name_store(storage))
    if adopt:
        remember_identity(kept, identity)
    else:
        try:
            require_identity(store, storage.label, kept)
        except PermissionError:
            if settings.uploads.publisher is None:
                raise
            # Run as the publisher's user, who may not look into the work folder: the daemon remembers the
            # store when it meets it.
    return PreparedStore(identity, is_new)
