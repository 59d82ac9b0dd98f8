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
from mcsyncd.publish.credentials import AccessKey
from mcsyncd.publish.multipart import (
    MIN_PART_BYTES,
    FileSlice,
    S3Client,
    UploadTarget,
    choose_part_size,
    format_content_md5,
    upload_in_parts,
)
from mcsyncd.publish.object_store import ObjectMetadata, ObjectStat, ReportProgress, StoreOffline
from mcsyncd.publish.s3_errors import get_http_status, translate_s3_error
from mcsyncd.settings.schema import R2Storage

if TYPE_CHECKING:
    from botocore.awsrequest import AWSRequest

_SHA256_METADATA = "mcs-sha256"
_MAX_DOCUMENT_BYTES = 64 << 20
_CLIENT_CONFIG = Config(
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
_NO_USER_SETTINGS = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


def build_endpoint(storage: R2Storage) -> str:
    """Return the address of the account's store: Cloudflare's own, or a loopback one for tests."""
    if storage.endpoint is not None:
        return storage.endpoint
    place = "" if storage.jurisdiction == "default" else f"{storage.jurisdiction}."
    return f"https://{storage.account_id}.{place}r2.cloudflarestorage.com"


def connect_client(storage: R2Storage, access: AccessKey) -> S3Client:
    """Return a client that nothing in the environment or in `~/.aws` can lead elsewhere."""
    for name in ("boto3", "botocore", "urllib3"):
        logging.getLogger(name).setLevel(logging.INFO)  # below it they log signed headers
    core = botocore.session.Session(session_vars=_NO_USER_SETTINGS)
    session = boto3.session.Session(
        aws_access_key_id=access.id,
        aws_secret_access_key=access.secret,
        region_name="auto",
        botocore_session=core,
    )
    client = session.client("s3", endpoint_url=build_endpoint(storage), config=_CLIENT_CONFIG, verify=True)
    client.meta.events.register("before-sign.s3", _remove_expect_header)
    return client


def _remove_expect_header(request: AWSRequest, **_: object) -> None:
    del request.headers["Expect"]


class R2Store:
    """See `ObjectStore`. What was sent is compared with size, tag and sha256 at the other end."""

    def __init__(
        self, storage: R2Storage, access: AccessKey, *, min_part_bytes: int = MIN_PART_BYTES
    ) -> None:
        self._bucket = storage.bucket
        self._client = connect_client(storage, access)
        self._min_part_bytes = min_part_bytes

    def put_file(
        self,
        key: str,
        path: Path,
        *,
        sha256: str,
        size: int,
        metadata: ObjectMetadata = (),
        report_progress: ReportProgress | None = None,
    ) -> None:
        """Upload a file: in one piece below 16 MiB, else in parts that outlive this process."""
        target = self._build_target(key, sha256, metadata)
        with translate_s3_error(key):
            there = self.stat_object(key)
            if there is None:
                with _open_source(path, size) as descriptor:
                    etag = self._upload_file(target, descriptor, sha256, size, report_progress)
                self._verify_object(key, size, sha256, etag)
            elif (there.bytes, there.sha256) != (size, sha256):
                raise _build_mismatch_error(key)
            if report_progress is not None:
                report_progress(size, size)

    def put_document(self, key: str, data: bytes, *, if_match: str | None = None) -> None:
        """Upload a small document, if the version there is the expected one."""
        target = self._build_target(key, hashlib.sha256(data).hexdigest(), ())
        with translate_s3_error(key):
            try:
                self._put_body(target, data, if_match)
            except ClientError as answer:
                # 412 is also what a repeated call gets whose first answer was lost.
                if (
                    get_http_status(answer) == 412
                    and self.stat_object(key) is not None
                    and self.get_document(key) == data
                ):
                    return
                if get_http_status(answer) in (404, 412):
                    raise StorageError(
                        f"{key} holds another version", "see who else writes to this bucket"
                    ) from answer
                raise
            self._verify_object(key, len(data), target.metadata[_SHA256_METADATA], _compute_md5(data).hex())

    def get_document(self, key: str) -> bytes:
        """Download a small document."""
        with translate_s3_error(key):
            answer = self._client.get_object(Bucket=self._bucket, Key=keys.validate_key(key))
            with answer["Body"] as body:
                return bytes(body.read(_MAX_DOCUMENT_BYTES))

    def stat_object(self, key: str) -> ObjectStat | None:
        """Ask for an object's size, tag, and the sha256 that was stored with it."""
        with translate_s3_error(key):
            try:
                found = self._client.head_object(Bucket=self._bucket, Key=keys.validate_key(key))
            except ClientError as answer:
                if get_http_status(answer) == 404:
                    return None
                raise
        return _parse_stat(found)

    def check(self) -> str:
        """Ask for the bucket."""
        try:
            with translate_s3_error(f"bucket {self._bucket}"):
                self._client.head_bucket(Bucket=self._bucket)
        except StorageError as fault:
            return fault.message
        return "ok"

    def _build_target(self, key: str, sha256: str, metadata: ObjectMetadata) -> UploadTarget:
        return UploadTarget(
            self._bucket,
            keys.validate_key(key),
            keys.get_content_type(key),
            keys.get_cache_control(key),
            {_SHA256_METADATA: sha256, **dict(metadata)},
        )

    def _upload_file(
        self,
        target: UploadTarget,
        descriptor: int,
        sha256: str,
        size: int,
        report_progress: ReportProgress | None,
    ) -> str:
        if size >= self._min_part_bytes:
            part = choose_part_size(size, self._min_part_bytes)
            return upload_in_parts(
                self._client,
                target,
                descriptor,
                size=size,
                sha256=sha256,
                part=part,
                report_progress=report_progress,
            )
        body = FileSlice(descriptor, 0, size).read()
        if hashlib.sha256(body).hexdigest() != sha256:
            raise SourceChanged(f"{target.key}: the file is not what was recorded", "resync the session")
        try:
            self._put_body(target, body, None)
        except ClientError as answer:
            # It came to be there meanwhile, most often by a call whose answer was lost.
            if get_http_status(answer) != 412:
                raise
        return _compute_md5(body).hex()

    def _put_body(self, target: UploadTarget, body: bytes, if_match: str | None) -> None:
        """Send a small body in one piece, only over the version named, or over none."""
        common = {
            "Bucket": target.bucket,
            "Key": target.key,
            "Body": body,
            "ContentMD5": format_content_md5(_compute_md5(body)),
            "ContentType": target.content_type,
            "CacheControl": target.cache_control,
            "Metadata": target.metadata,
        }
        condition = {"IfNoneMatch": "*"} if if_match is None else {"IfMatch": f'"{if_match}"'}
        self._client.put_object(**common, **condition)

    def _verify_object(self, key: str, size: int, sha256: str, etag: str) -> None:
        """Compare what the store has with what was sent."""
        there = self.stat_object(key)
        if there is None:
            raise StoreOffline(f"{key} is not there after its upload", "it is sent again")
        if there != ObjectStat(size, sha256, etag):
            raise _build_mismatch_error(key)


def _compute_md5(body: bytes) -> bytes:
    """Return MD5, which the protocol asks for; sha256 is what proves content here."""
    return hashlib.md5(body, usedforsecurity=False).digest()


def _parse_stat(found: dict[str, Any]) -> ObjectStat:
    return ObjectStat(
        found["ContentLength"], found["Metadata"].get(_SHA256_METADATA), found["ETag"].strip('"')
    )


def _build_mismatch_error(key: str) -> StorageError:
    return StorageError(
        f"{key} holds something else than was sent (size, tag or hash differ)",
        "compare the two by hand; nothing was overwritten",
    )


@contextmanager
def _open_source(path: Path, size: int) -> Iterator[int]:
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
