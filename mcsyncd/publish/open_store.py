"""From the settings to a store."""

from __future__ import annotations

import os
from collections.abc import Mapping

from mcsyncd.publish.credentials import read_access_key
from mcsyncd.publish.local import LocalStore
from mcsyncd.publish.object_store import ObjectStore
from mcsyncd.settings.schema import LocalStorage, R2Storage


def open_store(storage: LocalStorage | R2Storage, environ: Mapping[str, str] = os.environ) -> ObjectStore:
    """Return the store that the settings name. Nothing is asked of it yet.

    `environ` is looked at for one variable alone, systemd's `CREDENTIALS_DIRECTORY`.

    Raises StorageError if a bucket's access key is missing, incomplete or not private.
    """
    if isinstance(storage, LocalStorage):
        return LocalStore(storage.path)
    access = read_access_key(storage.credentials, environ)
    from mcsyncd.publish.r2 import R2Store  # noqa: PLC0415  # boto3 is loaded only where there is a bucket

    return R2Store(storage, access)
