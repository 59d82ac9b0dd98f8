"""Upload of a large file in parts, resumed where it stopped.

Not boto3's `upload_file`, because that cannot resume after the process died: hundreds of gigabytes
on a slow line would start over. What counts is the server's list of parts; a part is sent again
unless its size and MD5 agree with the file. Request bodies are slices of the open file, not bytes:
measured with parts of 32 MiB, 59 MB of memory instead of 316.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from mcsyncd.errors import SourceChanged, StorageError

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

    from mcsyncd.publish.object_store import ReportProgress

S3Client = Any
"""boto3 makes the client's methods at run time, from botocore's description of S3."""

MIN_PART_BYTES = 16 << 20
"""Bytes in a part. On a line of 5 Mbit/s that drops every five minutes, 16 MiB waste 15 % of what is sent,
64 MiB 79 %. S3 accepts no less than 5 MiB."""
MAX_PARTS = 9_000
"""Parts of an upload: below the 10,000 that S3 and R2 allow. With more, the upload cannot be completed."""
_PARTS_IN_FLIGHT = 2
"""Parts of one upload that are sent at the same time: above two or three, R2 was observed to answer 500."""
_READ_BYTES = 1 << 20
"""Bytes read at a time for hashing. Judgement, not measured: affects speed and memory only."""


def choose_part_size(size: int, smallest: int = MIN_PART_BYTES) -> int:
    """Return the part size for a file of `size` bytes: the smallest, doubled until the parts are few enough.

    All parts but the last have this size, as R2 requires. It depends on the size alone, so a restart
    cuts the file into the same parts.
    """
    part = smallest
    while size > part * MAX_PARTS:
        part *= 2
    return part


class FileSlice(io.RawIOBase):
    """A readable, seekable slice of an open file; several slices can share a descriptor."""

    def __init__(self, descriptor: int, start: int, length: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._start = start
        self._length = length
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._length}[whence]
        self._position = min(max(base + offset, 0), self._length)
        return self._position

    def read(self, size: int = -1) -> bytes:
        remaining = self._length - self._position
        data = os.pread(
            self._descriptor, remaining if size < 0 else min(size, remaining), self._start + self._position
        )
        self._position += len(data)
        return data


@dataclass(frozen=True, slots=True)
class UploadTarget:
    """Where an upload goes, and the headers and metadata it is stored with."""

    bucket: str
    key: str
    content_type: str
    cache_control: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _UploadPart:
    number: int
    start: int
    length: int
    md5: bytes


def upload_in_parts(
    client: S3Client,
    target: UploadTarget,
    descriptor: int,
    *,
    size: int,
    sha256: str,
    part: int,
    report_progress: ReportProgress | None = None,
) -> str:
    """Send the open file in parts of `part` bytes; return the tag that the object must have.

    That is S3's tag of a multipart upload: the MD5 of the parts' MD5s, and their number. Every byte
    is hashed while it is sent. The upload is completed only if the hash is `sha256`; otherwise it is
    aborted and SourceChanged is raised. botocore's errors are not translated here.
    """
    upload_id, stored = _adopt_or_create_upload(client, target)
    whole = hashlib.sha256()
    parts: list[_UploadPart] = []
    send = partial(_send_part, client, target, upload_id, descriptor)
    for sent in _send_parts(_hash_parts(descriptor, size, part, whole), send, stored):
        parts.append(sent)
        if report_progress is not None:
            report_progress(sent.start + sent.length, size)
    if whole.hexdigest() != sha256:
        client.abort_multipart_upload(Bucket=target.bucket, Key=target.key, UploadId=upload_id)
        raise SourceChanged(
            f"{target.key}: the file was modified after it was recorded", "resync the session"
        )
    _complete_upload(client, target, upload_id, parts)
    sums = b"".join(sent.md5 for sent in parts)
    return f"{_new_md5(sums).hexdigest()}-{len(parts)}"


def format_content_md5(digest: bytes) -> str:
    """Return a digest in the form of the Content-MD5 header."""
    return base64.b64encode(digest).decode()


def _new_md5(data: bytes = b"") -> Hash:
    """Return an MD5, which the S3 protocol asks for; integrity is verified by sha256."""
    return hashlib.md5(data, usedforsecurity=False)


def _adopt_or_create_upload(client: S3Client, target: UploadTarget) -> tuple[str, dict[int, tuple[int, str]]]:
    """Return the id of an upload of this key, and its stored parts as `(size, tag)` by number.

    An upload that an earlier process left is adopted, the newest if there are several. The others
    are aborted, because the parts of an incomplete upload are stored and billed.
    """
    pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=target.bucket, Prefix=target.key)
    found = [one for page in pages for one in page.get("Uploads", ()) if one.get("Key") == target.key]
    found.sort(key=lambda one: one["Initiated"])
    for stale in found[:-1]:
        client.abort_multipart_upload(Bucket=target.bucket, Key=target.key, UploadId=stale["UploadId"])
    if found:
        with suppress(client.exceptions.NoSuchUpload):
            return found[-1]["UploadId"], _list_parts(client, target, found[-1]["UploadId"])
    created = client.create_multipart_upload(
        Bucket=target.bucket,
        Key=target.key,
        ContentType=target.content_type,
        CacheControl=target.cache_control,
        Metadata=target.metadata,
    )
    return created["UploadId"], {}


def _list_parts(client: S3Client, target: UploadTarget, upload_id: str) -> dict[int, tuple[int, str]]:
    """Return the stored parts of an upload as `(size, tag)` by number; the last entry of a number counts."""
    pages = client.get_paginator("list_parts").paginate(
        Bucket=target.bucket, Key=target.key, UploadId=upload_id
    )
    parts = (part for page in pages for part in page.get("Parts", ()))
    return {part["PartNumber"]: (part["Size"], part["ETag"].strip('"')) for part in parts}


def _hash_parts(descriptor: int, size: int, part: int, whole: Hash) -> Iterator[_UploadPart]:
    """Yield the parts of a file with their MD5s, and update `whole` with all bytes."""
    for number, start in enumerate(range(0, size, part), 1):
        slice_ = FileSlice(descriptor, start, min(part, size - start))
        md5 = _new_md5()
        while chunk := slice_.read(_READ_BYTES):
            md5.update(chunk)
            whole.update(chunk)
        yield _UploadPart(number, start, slice_.tell(), md5.digest())


def _send_parts(
    parts: Iterable[_UploadPart], send: Callable[[_UploadPart], None], stored: Mapping[int, tuple[int, str]]
) -> Iterator[_UploadPart]:
    """Send the parts that are not stored yet, a few at a time; yield each in order once it is stored."""
    with ThreadPoolExecutor(_PARTS_IN_FLIGHT, "send") as senders:
        in_flight: deque[tuple[_UploadPart, Future[None] | None]] = deque()
        for part in parts:
            is_stored = stored.get(part.number) == (part.length, part.md5.hex())
            in_flight.append((part, None if is_stored else senders.submit(send, part)))
            if len(in_flight) > _PARTS_IN_FLIGHT:
                yield _await_part(*in_flight.popleft())
        while in_flight:
            yield _await_part(*in_flight.popleft())


def _await_part(part: _UploadPart, sending: Future[None] | None) -> _UploadPart:
    if sending is not None:
        sending.result()
    return part


def _send_part(
    client: S3Client, target: UploadTarget, upload_id: str, descriptor: int, part: _UploadPart
) -> None:
    with FileSlice(descriptor, part.start, part.length) as body:
        answer = client.upload_part(
            Bucket=target.bucket,
            Key=target.key,
            UploadId=upload_id,
            PartNumber=part.number,
            Body=body,
            ContentMD5=format_content_md5(part.md5),
        )
    if answer["ETag"].strip('"') != part.md5.hex():
        raise StorageError(
            f"{target.key}: part {part.number} was corrupted in transit", "will be retried automatically"
        )


def _complete_upload(
    client: S3Client, target: UploadTarget, upload_id: str, parts: list[_UploadPart]
) -> None:
    """Complete the upload. One that no longer exists may have been completed by an earlier attempt.

    Without a condition (`If-None-Match`): on R2, one that is not met destroys the upload.
    """
    listed: list[dict[str, object]] = [
        {"PartNumber": part.number, "ETag": f'"{part.md5.hex()}"'} for part in parts
    ]
    with suppress(client.exceptions.NoSuchUpload):
        client.complete_multipart_upload(
            Bucket=target.bucket, Key=target.key, UploadId=upload_id, MultipartUpload={"Parts": listed}
        )
