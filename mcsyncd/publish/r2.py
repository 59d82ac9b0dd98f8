"""A Cloudflare R2 bucket (or any S3 endpoint on the loopback) as a store. The one user of boto3.

boto3's defaults do not fit R2 and were each replaced for a measured reason: trailing checksums
are answered with 501 there, and an `Expect: 100-continue` that is never answered costs a second
for every part (1,024 ms against 4 ms).
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from mcsyncd.errors import SourceChanged, StorageError
from mcsyncd.publish import keys
from mcsyncd.publish.answers import status, told
from mcsyncd.publish.credentials import AccessKey
from mcsyncd.publish.multipart import PART, S3Client, Slice, Target, content_md5, part_size, upload
from mcsyncd.publish.store import Facts, Offline, Progress, StoredStat
from mcsyncd.settings.schema import R2Storage

if TYPE_CHECKING:
    from botocore.awsrequest import AWSRequest

_SHA256 = "mcs-sha256"
_LARGEST_DOCUMENT = 64 << 20
_CONFIG = Config(
    region_name="auto",
    signature_version="s3v4",
    s3={"addressing_style": "path", "payload_signing_enabled": False},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
    retries={"mode": "standard", "max_attempts": 2},  # the daemon tries again, and goes on where it was
    connect_timeout=10,
    read_timeout=120,
    tcp_keepalive=True,
    max_pool_connections=16,
    use_dualstack_endpoint=False,
    use_fips_endpoint=False,
)
_NOBODYS_SETTINGS = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


def endpoint(storage: R2Storage) -> str:
    """Return the address of the account's store: Cloudflare's own, or a loopback one for tests."""
    if storage.endpoint is not None:
        return storage.endpoint
    place = "" if storage.jurisdiction == "default" else f"{storage.jurisdiction}."
    return f"https://{storage.account_id}.{place}r2.cloudflarestorage.com"


def connect(storage: R2Storage, access: AccessKey) -> S3Client:
    """Return a client that nothing in the environment or in `~/.aws` can lead elsewhere."""
    for name in ("boto3", "botocore", "urllib3"):
        logging.getLogger(name).setLevel(logging.INFO)  # below it they log signed headers
    core = botocore.session.Session(session_vars=_NOBODYS_SETTINGS)
    session = boto3.session.Session(
        aws_access_key_id=access.id,
        aws_secret_access_key=access.secret,
        region_name="auto",
        botocore_session=core,
    )
    client = session.client("s3", endpoint_url=endpoint(storage), config=_CONFIG, verify=True)
    client.meta.events.register("before-sign.s3", _expect_nothing)
    return client


def _expect_nothing(request: AWSRequest, **_: object) -> None:
    del request.headers["Expect"]


class R2Store:
    """See `ObjectStore`. What was sent is compared with size, tag and sha256 at the other end."""

    def __init__(self, storage: R2Storage, access: AccessKey, *, part: int = PART) -> None:
        self._bucket = storage.bucket
        self._client = connect(storage, access)
        self._part = part

    def put(
        self,
        key: str,
        path: Path,
        *,
        sha256: str,
        size: int,
        facts: Facts = (),
        progress: Progress | None = None,
    ) -> None:
        """Upload a file: in one piece below 16 MiB, else in parts that outlive this process."""
        target = self._target(key, sha256, facts)
        with told(key):
            there = self.stat(key)
            if there is None:
                with _source(path, size) as descriptor:
                    etag = self._upload(target, descriptor, sha256, size, progress)
                self._verify(key, size, sha256, etag)
            elif (there.bytes, there.sha256) != (size, sha256):
                raise _holds_something_else(key)
            if progress is not None:
                progress(size, size)

    def put_document(self, key: str, data: bytes, *, if_match: str | None = None) -> None:
        """Upload a small document, if the version there is the expected one."""
        target = self._target(key, hashlib.sha256(data).hexdigest(), ())
        with told(key):
            try:
                self._put(target, data, if_match)
            except ClientError as answer:
                # 412 is also what a repeated call gets whose first answer was lost.
                if status(answer) == 412 and self.stat(key) is not None and self.get(key) == data:
                    return
                if status(answer) in (404, 412):
                    raise StorageError(
                        f"{key} holds another version", "see who else writes to this bucket"
                    ) from answer
                raise
            self._verify(key, len(data), target.metadata[_SHA256], _md5(data).hex())

    def get(self, key: str) -> bytes:
        """Download a small document."""
        with told(key):
            answer = self._client.get_object(Bucket=self._bucket, Key=keys.checked(key))
            with answer["Body"] as body:
                return bytes(body.read(_LARGEST_DOCUMENT))

    def stat(self, key: str) -> StoredStat | None:
        """Ask for an object's size, tag, and the sha256 that was stored with it."""
        with told(key):
            try:
                found = self._client.head_object(Bucket=self._bucket, Key=keys.checked(key))
            except ClientError as answer:
                if status(answer) == 404:
                    return None
                raise
        return _stat(found)

    def check(self) -> str:
        """Ask for the bucket."""
        try:
            with told(f"bucket {self._bucket}"):
                self._client.head_bucket(Bucket=self._bucket)
        except StorageError as fault:
            return fault.message
        return "ok"

    def _target(self, key: str, sha256: str, facts: Facts) -> Target:
        metadata = {_SHA256: sha256, **dict(facts)}
        return Target(
            self._bucket, keys.checked(key), keys.content_type(key), keys.cache_control(key), metadata
        )

    def _upload(
        self, target: Target, descriptor: int, sha256: str, size: int, progress: Progress | None
    ) -> str:
        if size >= self._part:
            part = part_size(size, self._part)
            return upload(
                self._client, target, descriptor, size=size, sha256=sha256, part=part, progress=progress
            )
        body = Slice(descriptor, 0, size).read()
        if hashlib.sha256(body).hexdigest() != sha256:
            raise SourceChanged(f"{target.key}: the file is not what was recorded", "resync the session")
        try:
            self._put(target, body, None)
        except ClientError as answer:
            # It came to be there meanwhile, most often by a call whose answer was lost.
            if status(answer) != 412:
                raise
        return _md5(body).hex()

    def _put(self, target: Target, body: bytes, if_match: str | None) -> None:
        """Send a small body in one piece, only over the version named, or over none."""
        common = {
            "Bucket": target.bucket,
            "Key": target.key,
            "Body": body,
            "ContentMD5": content_md5(_md5(body)),
            "ContentType": target.content_type,
            "CacheControl": target.cache_control,
            "Metadata": target.metadata,
        }
        condition = {"IfNoneMatch": "*"} if if_match is None else {"IfMatch": f'"{if_match}"'}
        self._client.put_object(**common, **condition)

    def _verify(self, key: str, size: int, sha256: str, etag: str) -> None:
        """Compare what the store has with what was sent."""
        there = self.stat(key)
        if there is None:
            raise Offline(f"{key} is not there after its upload", "it is sent again")
        if there != StoredStat(size, sha256, etag):
            raise _holds_something_else(key)


def _md5(body: bytes) -> bytes:
    """Return MD5, which the protocol asks for; sha256 is what proves content here."""
    return hashlib.md5(body, usedforsecurity=False).digest()


def _stat(found: dict[str, Any]) -> StoredStat:
    return StoredStat(found["ContentLength"], found["Metadata"].get(_SHA256), found["ETag"].strip('"'))


def _holds_something_else(key: str) -> StorageError:
    return StorageError(
        f"{key} holds something else than was sent (size, tag or hash differ)",
        "compare the two by hand; nothing was overwritten",
    )


@contextmanager
def _source(path: Path, size: int) -> Iterator[int]:
    """Open the file to send. Raises SourceChanged unless it is a file of the recorded size."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as fault:
        raise SourceChanged(f"{path}: {fault.strerror}", "bring it back, or resync the session") from fault
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size != size:
            raise SourceChanged(f"{path} is not what was recorded", "resync the session")
        yield descriptor
    finally:
        os.close(descriptor)
