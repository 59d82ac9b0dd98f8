"""One upload in parts whose processes are killed (SIGKILL), and what the store has when the last one is done.

The child calls what the daemon's worker calls, `R2Store.put_file`. It is killed at a commit point (right
before or after a call of S3), or while a part is in flight, which the proxy before the store tells.
"""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mcsyncd.integrity.part_sums import keep_part_sums
from mcsyncd.model.part_sums import PartSums
from mcsyncd.publish.r2 import connect_client
from r2strict.bucket import ACCESS, StrictBucket

_CHILD = Path(__file__).with_name("publish") / "killed_put.py"
_ROOT = Path(__file__).parents[1]
_POLL_S = 0.001
_SETTLE_S = 0.2
"""Seconds in which the store takes in what a killed process had already handed to the kernel."""
_CREATE, _PART, _COMPLETE = "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"


@dataclass(frozen=True, slots=True)
class CommitPoint:
    """Right `before` or `after` a call: the number-th of its operation, over all processes of the upload."""

    moment: str
    operation: str
    number: int = 1

    def __str__(self) -> str:
        return f"{self.moment} {self.operation} {self.number}"


@dataclass(frozen=True, slots=True)
class InFlight:
    """When so many bytes have arrived from the process: more than none, so a part is on its way."""

    after_bytes: int

    def __str__(self) -> str:
        return f"{self.after_bytes} bytes after the start"


UploadKill = CommitPoint | InFlight


def list_commit_points(parts: int) -> list[CommitPoint]:
    """Return all commit points of an upload of so many parts, in their order."""
    calls = [(_CREATE, 1), *((_PART, number) for number in range(1, parts + 1)), (_COMPLETE, 1)]
    return [CommitPoint(moment, *call) for call in calls for moment in ("before", "after")]


@dataclass
class KilledUpload:
    """The upload of the file `path` with these sums as `key`; `scratch` is a folder for the kept sums.

    `kills` counts the processes that were killed, `lost_bytes` what each of them had sent in vain.
    """

    bucket: StrictBucket
    key: str
    path: Path
    sums: PartSums
    scratch: Path
    kills: int = 0
    sent_bytes: int = 0
    lost_bytes: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._client = connect_client(self.bucket.storage, ACCESS)
        self._names = {"Bucket": self.bucket.storage.bucket, "Key": self.key}
        self._kept = self.scratch / "killed-upload-sums.json"
        keep_part_sums(self._kept, self.sums)

    def run_and_kill(self, kill: UploadKill) -> bool:
        """Let a process upload until it is killed; False if it is done before. Raises RuntimeError."""
        stored = self._count_stored_parts()
        before = self._count_received()
        if isinstance(kill, CommitPoint):
            number = max(1, kill.number - (stored if kill.operation == _PART else 0))
            child = self._start(f"{kill.moment}-call.s3.{kill.operation}", str(number))
        else:
            child = self._start()
            while child.poll() is None and self._count_received() - before < kill.after_bytes:
                time.sleep(_POLL_S)
            child.kill()
        code = child.wait()
        if code not in {0, -signal.SIGKILL}:
            raise RuntimeError(f"{kill}: the upload ended with code {code}")
        time.sleep(_SETTLE_S)
        received = self._count_received() - before
        self.sent_bytes += received
        if code == 0:
            return False
        self.kills += 1
        kept = (self._count_stored_parts() - stored) * self.sums.part_bytes
        if not _is_after_completion(kill):  # then there is no upload any more that could be asked
            self.lost_bytes.append(max(0, received - kept))
        return True

    def finish(self) -> None:
        """Let a process upload to the end. Raises RuntimeError if it fails."""
        before = self._count_received()
        if code := self._start().wait():
            raise RuntimeError(f"{self.key}: the last upload ended with code {code}")
        self.sent_bytes += self._count_received() - before

    def find_faults(self) -> Iterator[str]:
        """Yield what is wrong in the store: another object than was sent, or an upload that was left over."""
        digest, size = hashlib.sha256(), 0
        for chunk in self._client.get_object(**self._names)["Body"].iter_chunks(1 << 20):
            digest.update(chunk)
            size += len(chunk)
        if (digest.hexdigest(), size) != (self.sums.sha256, self.sums.bytes):
            yield f"{self.key}: another object was stored"
        if self._list_uploads():
            yield f"{self.key}: an upload is left over"

    def _start(self, *kill: str) -> subprocess.Popen[bytes]:
        settings = self.bucket.storage.model_dump_json()
        arguments = (settings, ACCESS.id, ACCESS.secret, self.key, self.path, self._kept, *kill)
        return subprocess.Popen(
            [sys.executable, _CHILD, *map(str, arguments)], env={"PYTHONPATH": str(_ROOT)}
        )

    def _count_received(self) -> int:
        return self.bucket.store.tally.read().body_bytes

    def _list_uploads(self) -> list[str]:
        bucket = self._names["Bucket"]
        found = self._client.list_multipart_uploads(Bucket=bucket, Prefix=self.key).get("Uploads", ())
        return [one["UploadId"] for one in found]

    def _count_stored_parts(self) -> int:
        listing = self._client.get_paginator("list_parts")
        pages = [
            page for one in self._list_uploads() for page in listing.paginate(**self._names, UploadId=one)
        ]
        return len({part["PartNumber"] for page in pages for part in page.get("Parts", ())})


def _is_after_completion(kill: UploadKill) -> bool:
    return kill == CommitPoint("after", _COMPLETE)
