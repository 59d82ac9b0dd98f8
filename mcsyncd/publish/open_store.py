"""Open the object store that the settings name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from mcsyncd.errors import StorageError
from mcsyncd.publish.credentials import AccessKey, read_access_key, read_access_key_file
from mcsyncd.publish.distant_store import DistantStore
from mcsyncd.publish.identity import require_identity
from mcsyncd.publish.line_limit import LineLimit
from mcsyncd.publish.local import LocalStore
from mcsyncd.publish.object_store import ObjectStore
from mcsyncd.settings.stores import LocalStorage, R2Storage, Storage
from mcsyncd.settings.work_layout import WorkLayout


def open_store(
    storage: LocalStorage | R2Storage,
    environ: Mapping[str, str] = os.environ,
    *,
    credential: Path | None = None,
    limit: LineLimit | None = None,
) -> ObjectStore:
    """Return the store that the settings name, without connecting to it yet.

    `credential` is a file with the access key, for a person who has it at hand. What is sent to a bucket
    keeps to the `limit`. Of `environ` only systemd's `CREDENTIALS_DIRECTORY` is
    read.

    Raises StoreRefused if a bucket's access key is missing, incomplete or not private.
    """
    if isinstance(storage, LocalStorage):
        return LocalStore(storage.path)
    access = read_store_key(storage.credentials, credential, environ)
    from mcsyncd.publish.r2 import R2Store  # noqa: PLC0415  # loads boto3, only where there is a bucket

    return R2Store(storage, access, limit=limit)


def read_store_key(name: str, credential: Path | None, environ: Mapping[str, str] = os.environ) -> AccessKey:
    """Return the access key in the file `credential`, or else in systemd's credential `name`.

    Raises StoreRefused if it is missing, incomplete or not private.
    """
    return read_access_key_file(credential) if credential else read_access_key(name, environ)


def open_known_store(layout: WorkLayout, name: str = "") -> ObjectStore:
    """Return a store, by the name that the ledger has for it, after making sure that it is the right one.

    Raises what the store raises.
    """
    store = open_named_store(layout, name)
    require_identity(store, layout.find_store(name).label, layout.locate_store_identity(name))
    return store


def open_named_store(layout: WorkLayout, name: str = "") -> ObjectStore:
    """Return a store, by the name that the ledger has for it: through the publisher, where there is one.

    Raises StoreRefused.
    """
    storage = layout.find_store(name)
    if layout.publisher is not None:
        return DistantStore(layout.publisher, name, layout.stores)
    return open_store(storage, limit=LineLimit(layout.locate_line(), layout.timetable))


def check_named_store(layout: WorkLayout, name: str = "") -> str:
    """Return what `check_store` returns, for a store by the name that the ledger has for it."""
    return _check(
        lambda: open_named_store(layout, name), layout.find_store(name), layout.locate_store_identity(name)
    )


def check_store(
    storage: LocalStorage | R2Storage, kept_identity: Path, credential: Path | None = None
) -> str:
    """Return "ok", or a sentence that says why nothing can be stored. Blocks; never raises StorageError.

    `kept_identity` is where the store's identity is remembered (`WorkLayout.locate_store_identity`).
    """
    return _check(lambda: open_store(storage, credential=credential), storage, kept_identity)


def _check(open_it: Callable[[], ObjectStore], storage: Storage, kept_identity: Path) -> str:
    try:
        store = open_it()
        health = store.check() if isinstance(store, LocalStore | DistantStore) else "ok"
        if health == "ok":
            require_identity(store, storage.label, kept_identity)  # of a bucket, this answers all of it
    except StorageError as error:
        return str(error)
    except OSError as error:  # the disk of the work folder, where the identity is remembered
        return f"{error.filename}: {error.strerror}"
    return health
