"""A Cloudflare R2 bucket (or any S3 endpoint on the loopback) as an object store. Only user of boto3.

Some of boto3's defaults do not fit R2; each was replaced for a measured reason. R2 answers 501 to
trailing checksums. It never answers `Expect: 100-continue`, which costs a second for each part
(1,024 ms instead of 4 ms).
"""

from __future__ import annotations

import hashlib
import logging
import os
import ssl
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mcsyncd.errors import CHANGED_SOURCE_HINT, SourceChanged, StorageError, StoreOffline, is_passing
from mcsyncd.model.part_sums import PartSums
from mcsyncd.model.publishing import ObjectMetadata
from mcsyncd.publish import keys
from mcsyncd.publish.credentials import AccessKey
from mcsyncd.publish.line_limit import LineLimit
from mcsyncd.publish.multipart import S3Client, UploadTarget, format_content_md5, upload_in_parts
from mcsyncd.publish.object_store import (
    ListedObject,
    ObjectStat,
    RangeHash,
    ReportProgress,
    StoredDocument,
    hash_chunks,
    require_document,
)
from mcsyncd.publish.pace import Pace
from mcsyncd.publish.part_body import PartBody
from mcsyncd.publish.s3_errors import get_error_code, get_http_status, translate_s3_error
from mcsyncd.publish.source_file import SourceFile, open_source
from mcsyncd.settings.stores import R2Storage

if TYPE_CHECKING:
    from botocore.awsrequest import AWSRequest

_SHA256_METADATA = "mcs-sha256"
"""Metadata field with an object's sha256; verification of stored objects reads it."""
_MAX_DOCUMENT_BYTES = 64 << 20
"""Bytes read of a document. Judgement: the manifest of a three-clip test shoot has 16 kB. A larger object
under a document's key is not one of ours and must not fill the memory."""
_READ_BYTES = 1 << 20
"""Bytes of an object in memory while it is read back. Judgement: affects speed and memory only."""
_CLIENT_CONFIG = Config(
    region_name="auto",
    signature_version="s3v4",
    s3={"addressing_style": "path", "payload_signing_enabled": False},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
    retries={"mode": "standard", "max_attempts": 2},  # the daemon retries too, and resumes
    connect_timeout=10,
    read_timeout=120,
    tcp_keepalive=True,
    max_pool_connections=16,
    proxies={},  # what the environment names would see every request
    use_dualstack_endpoint=False,
    use_fips_endpoint=False,
)
"""botocore's settings for R2. Timeouts are seconds: 10 to connect, 120 to answer. Judgement, not measured: a
shorter one gives up on requests that a slow line or the completion of a large upload still needs."""
_WRITE_INTERVAL_S = 1.1
"""Seconds between two writes to one key: R2 allows one a second and answers 429 to others. With less, a call
whose answer was lost fails when it is sent again."""
_NO_USER_SETTINGS = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""botocore session variables that ignore the environment and `~/.aws`: a developer's profile there must
not redirect uploads."""


def build_endpoint(storage: R2Storage) -> str:
    """Return the URL of the account's store: Cloudflare's own, or a loopback one for tests."""
    if storage.endpoint is not None:
        return storage.endpoint
    jurisdiction = "" if storage.jurisdiction == "default" else f"{storage.jurisdiction}."
    return f"https://{storage.account_id}.{jurisdiction}r2.cloudflarestorage.com"


def connect_client(storage: R2Storage, access: AccessKey) -> S3Client:
    """Return an S3 client that nothing in the environment or in `~/.aws` can redirect.

    Raises StorageError if the file of the authority cannot be used.
    """
    for name in ("boto3", "botocore", "urllib3"):
        logging.getLogger(name).setLevel(logging.INFO)  # at DEBUG they log signed headers
    core = botocore.session.Session(session_vars=_NO_USER_SETTINGS)
    session = boto3.session.Session(
        aws_access_key_id=access.id,
        aws_secret_access_key=access.secret,
        region_name="auto",
        botocore_session=core,
    )
    if storage.ca_file is not None:
        _require_authority(storage.ca_file)
    client = session.client(
        "s3",
        endpoint_url=build_endpoint(storage),
        config=_CLIENT_CONFIG,
        verify=True if storage.ca_file is None else str(storage.ca_file),
    )
    client.meta.events.register("before-sign.s3", _remove_expect_header)
    client.meta.events.register_first(
        "needs-retry.s3",
        _wait_for_next_write,  # type: ignore[arg-type]  # its answer counts; the stubs know handlers without
    )
    return client


def _require_authority(ca_file: Path) -> None:
    """Raise StorageError unless the file holds certificates; botocore would call the store unreachable."""
    try:
        ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise StorageError(
            f"storage.ca_file {ca_file}: {error.strerror or error}", "name a PEM file with the authority"
        ) from error


def _remove_expect_header(request: AWSRequest, **_: object) -> None:
    del request.headers["Expect"]


def _wait_for_next_write(response: tuple[Any, Any] | None, attempts: int, **_: object) -> float | None:
    """Return the seconds to wait before a call that R2 refused as too early is sent again.

    None leaves the decision to botocore, whose own waits (below a second, by chance) are too short for that.
    """
    if response is None or attempts > 1 or response[0].status_code != HTTPStatus.TOO_MANY_REQUESTS:
        return None
    return _WRITE_INTERVAL_S


class R2Store:
    """See `ObjectStore`. After each upload, the size, tag and sha256 of the stored object are compared."""

    def __init__(self, storage: R2Storage, access: AccessKey, *, limit: LineLimit | None = None) -> None:
        self._bucket = storage.bucket
        self._limit = limit
        self._client = connect_client(storage, access)
        self._pace = Pace()

    def put_file(
        self,
        key: str,
        path: SourceFile,
        sums: PartSums,
        *,
        metadata: ObjectMetadata = (),
        replace: bool = False,
        report_progress: ReportProgress | None = None,
    ) -> ObjectStat:
        """Upload a file: in one piece if it has one part, otherwise in parts that survive a restart."""
        target = self._build_target(key, sums.sha256, metadata)
        sent = ObjectStat(sums.bytes, sums.sha256, sums.tag)
        with translate_s3_error(key):
            stored = self.stat_object(key)
            if stored is not None and stored != sent and not replace:
                raise _build_mismatch_error(key)
            if stored != sent:
                replaced = stored.etag if stored is not None else None
                with _open_sized(path, sums.bytes) as descriptor:
                    self._upload_file(target, descriptor, sums, replaced, report_progress)
                self._verify_object(key, sent)
            if report_progress is not None:
                report_progress(sums.bytes, sums.bytes)
            return sent

    def put_document(self, key: str, data: bytes, *, if_match: str | None = None) -> None:
        """Upload a small document if the key holds the expected version."""
        target = self._build_target(key, hashlib.sha256(data).hexdigest(), ())
        with translate_s3_error(key):
            try:
                self._put_body(target, data, compute_md5(data), if_match)
            except ClientError as answer:
                # A retry whose first answer was lost gets 412, too.
                found = self.find_document(key) if get_http_status(answer) == 412 else None
                if found is not None and found.data == data:
                    return
                if get_http_status(answer) in (404, 412):
                    raise StorageError(
                        f"{key} holds another version", "find out who else writes to this bucket"
                    ) from answer
                raise
            sent = ObjectStat(len(data), target.metadata[_SHA256_METADATA], compute_md5(data))
            self._verify_object(key, sent)

    def find_document(self, key: str) -> StoredDocument | None:
        """Download a small document with the tag of its version."""
        with translate_s3_error(key):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=keys.validate_key(key))
            except ClientError as refusal:
                if get_http_status(refusal) == 404 and get_error_code(refusal) != "NoSuchBucket":
                    return None
                raise
            with answer["Body"] as body:
                return StoredDocument(bytes(body.read(_MAX_DOCUMENT_BYTES)), answer["ETag"].strip('"'))

    def get_document(self, key: str) -> bytes:
        """Download a small document that must be there."""
        return require_document(key, self.find_document(key))

    def read_object(self, key: str, start: int, length: int) -> Iterator[bytes]:
        """Download a range, which costs one request."""
        if length == 0:
            return
        wanted = f"bytes={start}-{start + length - 1}"
        with translate_s3_error(key):
            answer = self._client.get_object(Bucket=self._bucket, Key=keys.validate_key(key), Range=wanted)
            with closing(answer["Body"]) as body:
                yield from body.iter_chunks(_READ_BYTES)

    def hash_range(self, key: str, start: int, length: int, kind: RangeHash) -> tuple[int, str]:
        """Hash a range while it is read."""
        return hash_chunks(self.read_object(key, start, length), kind)

    def stat_object(self, key: str) -> ObjectStat | None:
        """Return an object's size, its tag, and the sha256 stored with it; None if there is no object."""
        with translate_s3_error(key):
            try:
                found = self._client.head_object(Bucket=self._bucket, Key=keys.validate_key(key))
            except ClientError as answer:
                if get_http_status(answer) == 404:
                    return None
                raise
        return _parse_stat(found)

    def list_objects(self, prefix: str = "") -> Iterator[ListedObject]:
        """List objects, a thousand with each request."""
        with translate_s3_error(prefix or f"bucket {self._bucket}"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            for page in pages:
                for found in page.get("Contents", ()):
                    yield ListedObject(found["Key"], found["Size"], found["ETag"].strip('"'))

    def remove_object(self, key: str) -> None:
        """Delete an object, which costs nothing."""
        with translate_s3_error(key):
            self._client.delete_object(Bucket=self._bucket, Key=keys.validate_key(key))

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
        sums: PartSums,
        replaced: str | None,
        report_progress: ReportProgress | None,
    ) -> None:
        if sums.has_parts:
            upload_in_parts(
                self._client,
                target,
                descriptor,
                sums,
                pace=self._pace,
                limit=self._limit,
                report_progress=report_progress,
            )
            return
        (whole,) = sums.parts
        with PartBody(descriptor, whole, self._limit) as body:
            try:
                self._put_body(target, body, whole.md5, replaced)
            except (ClientError, BotoCoreError) as answer:
                if body.fault is not None:
                    raise body.fault from None  # the file or its disk, not the store
                # At 412 the object exists by now, usually from a call whose answer was lost.
                if not isinstance(answer, ClientError) or get_http_status(answer) != 412:
                    raise

    def _put_body(self, target: UploadTarget, body: bytes | PartBody, md5: str, if_match: str | None) -> None:
        """Send a small body in one piece: replace the given version, or create the object."""
        common = {
            "Bucket": target.bucket,
            "Key": target.key,
            "Body": body,
            "ContentMD5": format_content_md5(md5),
            "ContentType": target.content_type,
            "CacheControl": target.cache_control,
            "Metadata": target.metadata,
        }
        condition = {"IfNoneMatch": "*"} if if_match is None else {"IfMatch": f'"{if_match}"'}
        self._client.put_object(**common, **condition)

    def _verify_object(self, key: str, sent: ObjectStat) -> None:
        """Compare the stored object with what was sent. Raises StorageError if they differ."""
        stored = self.stat_object(key)
        if stored is None:
            raise StoreOffline(f"{key} is missing after its upload", "will be retried automatically")
        if stored != sent:
            raise _build_mismatch_error(key)


def compute_md5(body: bytes) -> str:
    """Return the MD5, which the S3 protocol asks for; integrity is verified by sha256."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def _parse_stat(found: dict[str, Any]) -> ObjectStat:
    return ObjectStat(
        found["ContentLength"], found["Metadata"].get(_SHA256_METADATA), found["ETag"].strip('"')
    )


def _build_mismatch_error(key: str) -> StorageError:
    return StorageError(
        f"{key} holds another object than was sent (size, tag or hash differ)",
        "compare the two by hand; nothing was overwritten",
    )


@contextmanager
def _open_sized(path: SourceFile, size: int) -> Iterator[int]:
    """Open the file to send. Raises SourceChanged unless it is a regular file of the recorded size.

    SourceChanged from inside gets the file's name, too. Raises OSError for errors of the disk that may pass.
    """
    try:
        descriptor = open_source(path)
    except OSError as error:
        if is_passing(error):
            raise  # the disk, not the file
        raise SourceChanged(f"{path}: {error.strerror}", CHANGED_SOURCE_HINT) from error
    try:
        _require_size(descriptor, size)
        yield descriptor
    except SourceChanged as error:
        raise SourceChanged(f"{path}: {error.message}", CHANGED_SOURCE_HINT) from error
    finally:
        os.close(descriptor)


def _require_size(descriptor: int, size: int) -> None:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_size != size:
        raise SourceChanged("its size is not the recorded one", CHANGED_SOURCE_HINT)
