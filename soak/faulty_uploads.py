"""Uploads while a share of all calls to the store fail, each tried again until it is done."""

from __future__ import annotations

import hashlib
import os
import random
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mcsyncd.errors import StorageError
from mcsyncd.integrity.part_sums import compute_part_sums
from mcsyncd.publish.keys import build_original_key
from mcsyncd.publish.r2 import R2Store, connect_client
from r2strict.bucket import ACCESS, StrictBucket, open_strict_bucket
from r2strict.faults import CutBody, Fault, Faults, LoseAnswer, RefuseCall

_MIB = 1 << 20
_PART_BYTES = 5 * _MIB
"""The least that S3 allows: what counts here are calls, not bytes."""
_MOST_BYTES = 30 * _MIB
_SENDERS = 2
"""Files on their way at once: what the daemon sends in its two lanes."""
_WAIT_S = 1.0
"""Seconds between two attempts of a file. The daemon waits 10 and more; here, more fit into the time."""
_LAST_ATTEMPTS = 3
"""Attempts without faults that a file gets at most: one must do."""
_FAULTS: tuple[Fault, ...] = (
    RefuseCall(500, "InternalError"),
    RefuseCall(503, "ServiceUnavailable"),
    RefuseCall(429, "TooManyRequests"),
    CutBody(3 * _MIB),
    LoseAnswer(),
)


@dataclass(frozen=True, slots=True)
class FaultyRun:
    """What came of it: `calls` while faults struck, of which `struck` met one."""

    calls: int
    struck: int
    files: int
    bytes: int
    attempts: int
    wrong: int
    left_over: int

    @property
    def is_kept(self) -> bool:
        """Whether every object is whole and no upload is left over."""
        return self.files > 0 and not self.wrong and not self.left_over

    @property
    def sentence(self) -> str:
        """The figures for people."""
        return (
            f"{self.struck} of {self.calls} calls failed ({self.struck / self.calls:.1%}); "
            f"{self.files} files, {self.bytes / 1e9:.2f} GB, in {self.attempts} attempts: "
            f"{self.wrong} not byte-equal, {self.left_over} uploads left over"
        )


def upload_under_faults(weed: Path, folder: Path, seconds: float, share: float, seed: int) -> FaultyRun:
    """Upload files while `share` of the calls fail for that long; then finish them without faults."""
    with (
        tempfile.TemporaryDirectory(dir=folder) as name,
        open_strict_bucket(weed, Path(name), seed=seed) as bucket,
    ):
        _inject_share(bucket.store.faults, share)
        bucket.store.tally.reset()
        senders = [
            _Sender(bucket, Path(name) / f"sender{number}", seed + number) for number in range(_SENDERS)
        ]
        due = time.monotonic() + seconds
        with ThreadPoolExecutor(_SENDERS) as pool:
            list(pool.map(lambda one: one.send_until(due), senders))
        calls, struck = bucket.store.tally.read().by_operation.total(), bucket.store.faults.count_struck()
        bucket.store.faults.stop()
        for one in senders:
            one.finish()
        sent = [entry for one in senders for entry in one.sent]
        return FaultyRun(
            calls,
            struck,
            len(sent),
            sum(entry.bytes for entry in sent),
            sum(one.attempts for one in senders),
            sum(not _is_whole(senders[0].store, entry) for entry in sent),
            _count_uploads(bucket),
        )


@dataclass(frozen=True, slots=True)
class _Sent:
    key: str
    sha256: str
    bytes: int


class _Sender:
    """Sends one file after the other, with a store of its own, as a worker process has."""

    def __init__(self, bucket: StrictBucket, folder: Path, seed: int) -> None:
        folder.mkdir()
        self._path = folder / "clip.mov"
        self._camera = folder.name
        self.store = R2Store(bucket.storage, ACCESS)
        self._chance = random.Random(seed)  # noqa: S311  # sizes, no secrets
        self._pending: Callable[[], object] | None = None
        self.sent: list[_Sent] = []
        self.attempts = 0

    def send_until(self, due: float) -> None:
        """Send files until that moment of the monotonic clock; the last one may stay unfinished."""
        while time.monotonic() < due:
            if self._pending is None:
                self._begin_file()
            if not self._attempt():
                time.sleep(_WAIT_S)

    def finish(self) -> None:
        """Finish the last file. Raises StorageError if that is not possible without faults either."""
        for _ in range(_LAST_ATTEMPTS):
            if self._pending is None or self._attempt():
                return
        raise StorageError(f"{self.sent[-1].key} was not stored without faults", "look at its last error")

    def _begin_file(self) -> None:
        size = self._chance.choice((1000, self._chance.randint(1, _PART_BYTES), _MOST_BYTES))
        self._path.write_bytes(os.urandom(size - self._chance.randrange(1000)))
        _, sums = compute_part_sums(self._path, part_bytes=_PART_BYTES)
        key = build_original_key(f"faulty-{len(self.sent)}", self._camera, sums.sha256, self._path.name)
        self.sent.append(_Sent(key, sums.sha256, sums.bytes))
        self._pending = lambda: self.store.put_file(key, self._path, sums)

    def _attempt(self) -> bool:
        assert self._pending is not None
        self.attempts += 1
        try:
            self._pending()
        except StorageError as error:
            if type(error) is StorageError:  # not one that may pass: the daemon would stop the session
                raise
            return False
        self._pending = None
        return True


def _inject_share(faults: Faults, share: float) -> None:
    """Let each kind of fault strike equally often: the first that strikes is the one that a call meets."""
    each = share / len(_FAULTS)
    for before, fault in enumerate(_FAULTS):
        faults.inject(fault, probability=each / (1 - before * each))


def _is_whole(store: R2Store, sent: _Sent) -> bool:
    digest, size = hashlib.sha256(), 0
    for chunk in store.read_object(sent.key, 0, sent.bytes):
        digest.update(chunk)
        size += len(chunk)
    return (digest.hexdigest(), size) == (sent.sha256, sent.bytes)


def _count_uploads(bucket: StrictBucket) -> int:
    client = connect_client(bucket.storage, ACCESS)
    pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket.storage.bucket)
    return sum(len(page.get("Uploads", ())) for page in pages)
