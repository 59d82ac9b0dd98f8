"""Upload of a large file in parts, resumed where it stopped.

Not boto3's `upload_file`, because that cannot resume after the process died: hundreds of gigabytes
on a slow line would start over. What counts is the server's list of parts; a part is sent again
unless its size and MD5 are those that were summed when the file was hashed. So nothing is read before
the first new byte is sent, and a part that fails is sent again alone.
"""

from __future__ import annotations

import base64
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from mcsyncd.errors import SourceChanged, StorageError
from mcsyncd.model.part_sums import FilePart, PartSums
from mcsyncd.publish.line_limit import LineLimit
from mcsyncd.publish.pace import MAX_LIMIT, Pace
from mcsyncd.publish.part_body import PartBody
from mcsyncd.publish.s3_errors import describe_answer, get_error_code, is_passing_answer

if TYPE_CHECKING:
    from mcsyncd.publish.object_store import ReportProgress

S3Client = Any
"""boto3 makes the client's methods at run time, from botocore's description of S3."""

_PART_TRIES = 4
"""Attempts for one part before the upload is interrupted. Judgement: with the client's own repetition that
is eight requests within a minute; a store that is still failing then is away, and others must know."""
_FIRST_WAIT_S, _MAX_WAIT_S = 2.0, 20.0
"""Seconds of the first and of the longest wait before a part is sent again, each drawn evenly from nought up
to it (full jitter), so that several senders do not come back together."""
_REFUSED_PARTS_CODES = {"InvalidPart", "InvalidPartOrder", "EntityTooSmall"}
"""S3 error codes of a completion whose parts are not what the store wants. Completing again cannot help."""

Sleep = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class UploadTarget:
    """Where an upload goes, and the headers and metadata it is stored with."""

    bucket: str
    key: str
    content_type: str
    cache_control: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Upload:
    """An upload that was begun: where to, from which open file, at which pace."""

    client: S3Client
    target: UploadTarget
    upload_id: str
    descriptor: int
    pace: Pace
    limit: LineLimit | None = None
    sleep: Sleep = time.sleep


def upload_in_parts(
    client: S3Client,
    target: UploadTarget,
    descriptor: int,
    sums: PartSums,
    *,
    pace: Pace,
    limit: LineLimit | None = None,
    report_progress: ReportProgress | None = None,
) -> None:
    """Send the parts of the open file that the store does not have yet, and complete the upload.

    The store checks each part against the MD5 in `sums` while it arrives, and each is checked while it is
    read: a file that changes meanwhile is noticed within the part. Then the upload is aborted and
    SourceChanged is raised. Raises OSError for errors of the source's disk; botocore's errors are not
    translated here.
    """
    upload_id, stored = _adopt_or_create_upload(client, target)
    upload = _Upload(client, target, upload_id, descriptor, pace, limit)
    missing = [part for part in sums.parts if stored.get(part.number) != (part.length, part.md5)]
    done = sums.bytes - sum(part.length for part in missing)
    if report_progress is not None:
        report_progress(done, sums.bytes)
    try:
        for part in _send_parts(upload, missing):
            done += part.length
            if report_progress is not None:
                report_progress(done, sums.bytes)
    except SourceChanged:
        with suppress(ClientError, BotoCoreError):
            client.abort_multipart_upload(Bucket=target.bucket, Key=target.key, UploadId=upload_id)
        raise
    _complete_upload(client, target, upload_id, sums)


def format_content_md5(md5: str) -> str:
    """Return an MD5 in hex in the form of the Content-MD5 header."""
    return base64.b64encode(bytes.fromhex(md5)).decode()


def _adopt_or_create_upload(client: S3Client, target: UploadTarget) -> tuple[str, dict[int, tuple[int, str]]]:
    """Return the id of an upload of this key, and its stored parts as `(size, tag)` by number.

    An upload that an earlier process left is adopted, the newest if there are several. The others
    are aborted, because the parts of an incomplete upload are stored and billed.
    """
    if found := _list_uploads(client, target):
        _abort_other_uploads(client, target, found, found[-1])
        with suppress(client.exceptions.NoSuchUpload):
            return found[-1], _list_parts(client, target, found[-1])
    created = client.create_multipart_upload(
        Bucket=target.bucket,
        Key=target.key,
        ContentType=target.content_type,
        CacheControl=target.cache_control,
        Metadata=target.metadata,
    )
    upload_id: str = created["UploadId"]
    if created["ResponseMetadata"]["RetryAttempts"]:  # a call whose answer was lost may have begun one, too
        _abort_other_uploads(client, target, _list_uploads(client, target), upload_id)
    return upload_id, {}


def _list_uploads(client: S3Client, target: UploadTarget) -> list[str]:
    """Return the ids of this key's incomplete uploads, the newest last."""
    pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=target.bucket, Prefix=target.key)
    found = [one for page in pages for one in page.get("Uploads", ()) if one.get("Key") == target.key]
    return [one["UploadId"] for one in sorted(found, key=lambda one: one["Initiated"])]


def _abort_other_uploads(client: S3Client, target: UploadTarget, uploads: list[str], kept: str) -> None:
    for upload_id in uploads:
        if upload_id != kept:
            client.abort_multipart_upload(Bucket=target.bucket, Key=target.key, UploadId=upload_id)


def _list_parts(client: S3Client, target: UploadTarget, upload_id: str) -> dict[int, tuple[int, str]]:
    """Return the stored parts of an upload as `(size, tag)` by number; the last entry of a number counts."""
    pages = client.get_paginator("list_parts").paginate(
        Bucket=target.bucket, Key=target.key, UploadId=upload_id
    )
    parts = (part for page in pages for part in page.get("Parts", ()))
    return {part["PartNumber"]: (part["Size"], part["ETag"].strip('"')) for part in parts}


def _send_parts(upload: _Upload, parts: Iterable[FilePart]) -> Iterator[FilePart]:
    """Send the parts, as many at a time as the pace allows; yield each once it is stored, in any order."""
    waiting = iter(parts)
    with ThreadPoolExecutor(MAX_LIMIT, "send") as senders:
        in_flight: set[Future[FilePart]] = set()
        try:
            while True:
                while len(in_flight) < upload.pace.limit and (part := next(waiting, None)) is not None:
                    in_flight.add(senders.submit(_send_part, upload, part))
                if not in_flight:
                    return
                finished, in_flight = wait(in_flight, return_when=FIRST_COMPLETED)
                for sending in finished:
                    yield sending.result()
        finally:
            senders.shutdown(cancel_futures=True)


def _send_part(upload: _Upload, part: FilePart) -> FilePart:
    """Send one part, again after an error that may pass; return it."""
    for attempt in range(1, _PART_TRIES + 1):
        try:
            _send_part_once(upload, part)
        except (ClientError, BotoCoreError) as error:
            if not is_passing_answer(error):
                raise
            upload.pace.note_trouble()
            if attempt == _PART_TRIES:
                raise
            longest_s = min(_MAX_WAIT_S, _FIRST_WAIT_S * 2 ** (attempt - 1))
            upload.sleep(random.uniform(0.0, longest_s))  # noqa: S311  # a wait, no secret
        else:
            break
    return part


def _send_part_once(upload: _Upload, part: FilePart) -> None:
    with PartBody(upload.descriptor, part, upload.limit) as body:
        try:
            answer = upload.client.upload_part(
                Bucket=upload.target.bucket,
                Key=upload.target.key,
                UploadId=upload.upload_id,
                PartNumber=part.number,
                Body=body,
                ContentMD5=format_content_md5(part.md5),
            )
        except (ClientError, BotoCoreError):
            if body.fault is not None:
                raise body.fault from None  # the file or its disk, not the store
            raise
    if answer["ETag"].strip('"') != part.md5:
        raise StorageError(
            f"{upload.target.key}: the store says that part {part.number} has another sum than was sent",
            "will be retried automatically",
        )


def _complete_upload(client: S3Client, target: UploadTarget, upload_id: str, sums: PartSums) -> None:
    """Complete the upload. One that no longer exists may have been completed by an earlier attempt.

    Without a condition (`If-None-Match`): on R2, one that is not met destroys the upload.
    """
    listed: list[dict[str, object]] = [
        {"PartNumber": number, "ETag": f'"{md5}"'} for number, md5 in enumerate(sums.md5s, 1)
    ]
    try:
        client.complete_multipart_upload(
            Bucket=target.bucket, Key=target.key, UploadId=upload_id, MultipartUpload={"Parts": listed}
        )
    except client.exceptions.NoSuchUpload:
        return
    except ClientError as answer:
        if get_error_code(answer) not in _REFUSED_PARTS_CODES:
            raise
        client.abort_multipart_upload(Bucket=target.bucket, Key=target.key, UploadId=upload_id)
        raise StorageError(
            f"{target.key}: the store does not accept the parts that were sent ({describe_answer(answer)})",
            "the upload was abandoned; retry the session to send the file again; report it if that repeats",
        ) from answer
