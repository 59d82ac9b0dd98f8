"""A bucket to work with: a real store, the proxy before it, and the settings that lead to it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from mcsyncd.publish.credentials import AccessKey
from mcsyncd.publish.r2 import connect_client
from mcsyncd.settings.stores import R2Storage
from r2strict.seaweed import run_seaweed
from r2strict.service import StrictStore

ACCESS = AccessKey("testaccesskey", "testsecretkey0123456789")
BUCKET = "footage"
_ACCOUNT = "0" * 32
_ATTEMPTS = 50
_PAUSE_S = 0.3


@dataclass(frozen=True, slots=True)
class StrictBucket:
    """Settings of a bucket, and the store that it is in."""

    storage: R2Storage
    store: StrictStore


def build_storage(endpoint: str, ca_file: Path | None = None) -> R2Storage:
    """Return settings of the tests' bucket at an endpoint."""
    return R2Storage(kind="r2", account_id=_ACCOUNT, bucket=BUCKET, endpoint=endpoint, ca_file=ca_file)


def create_bucket(storage: R2Storage, access: AccessKey) -> None:
    """Create the bucket, and wait until it takes objects. Raises botocore's errors if it never does."""
    client = connect_client(storage, access)
    try:
        for attempt in range(_ATTEMPTS):
            try:
                with suppress(client.exceptions.BucketAlreadyExists):
                    client.create_bucket(Bucket=storage.bucket)
                client.put_object(Bucket=storage.bucket, Key="ready", Body=b"1")
            except (BotoCoreError, ClientError):
                if attempt == _ATTEMPTS - 1:
                    raise
                time.sleep(_PAUSE_S)
            else:
                return
    finally:
        client.close()


@contextmanager
def open_strict_bucket(weed: Path, folder: Path, *, seed: int = 0) -> Iterator[StrictBucket]:
    """Start a store with a bucket and its data in `folder`, for a benchmark or a soak."""
    with run_seaweed(weed, folder, ACCESS) as address, StrictStore(address, ACCESS, seed=seed) as store:
        storage = build_storage(store.endpoint)
        create_bucket(storage, ACCESS)
        yield StrictBucket(storage, store)
