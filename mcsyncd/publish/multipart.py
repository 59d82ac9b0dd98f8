"""A large file into a bucket, in parts, and on from where it was cut off.

Written out instead of boto3's `upload_file`, because that cannot go on after the process died:
hundreds of gigabytes on a slow line would begin again. The truth is what the server lists of an
upload; a part is sent again unless its size and MD5 agree with the file. Bodies are windows on
the open file, not bytes: 59 MB of memory instead of 316 was measured for parts of 32 MiB.
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

S3Client = Any  # its methods are made at run time, from botocore's description of S3

MIN_PART_BYTES = 16 << 20
"""Bytes. With 16 MiB a line that drops every five minutes wastes 15 % at 5 Mbit/s, with 64 MiB 79 %."""
MAX_PARTS = 9_000
"""Below the 10,000 that a bucket allows."""
_PARTS_IN_FLIGHT = 2
"""Parts in flight: above two or three to one upload, R2 has been seen to answer 500."""
_READ_BYTES = 1 << 20


def choose_part_size(size: int, smallest: int = MIN_PART_BYTES) -> int:
    """Return the part size of a file: the smallest, doubled until the parts are few enough.

    All parts but the last are equal, which R2 insists on; and a pure function of the size gives
    the same parts after a restart.
    """
    part = smallest
    while size > part * MAX_PARTS:
        part *= 2
    return part


class FileSlice(io.RawIOBase):
    """A window on an open file that can be read and rewound; several may share the descriptor."""

    def __init__(self, descriptor: int, start: int, length: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._start = start
        self._length = length
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._length}[whence]
        self._at = min(max(base + offset, 0), self._length)
        return self._at

    def read(self, size: int = -1) -> bytes:
        left = self._length - self._at
        got = os.pread(self._descriptor, left if size < 0 else min(size, left), self._start + self._at)
        self._at += len(got)
        return got


@dataclass(frozen=True, slots=True)
class UploadTarget:
    """Where an upload goes, and what is said with it."""

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
    """Send the open file in parts and return the tag the whole must have: MD5 of the MD5s, and -N.

    Every byte is hashed on its way; the upload is only completed if the file is what `sha256`
    says, else it is dropped and SourceChanged raised. Raises botocore's errors as they come.
    """
    upload_id, there = _adopt_or_create_upload(client, target)
    whole = hashlib.sha256()
    arrived: list[_UploadPart] = []
    send = partial(_send_part, client, target, upload_id, descriptor)
    for piece in _send_parts(_hash_parts(descriptor, size, part, whole), send, there):
        arrived.append(piece)
        if report_progress is not None:
            report_progress(piece.start + piece.length, size)
    if whole.hexdigest() != sha256:
        client.abort_multipart_upload(Bucket=target.bucket, Key=target.key, UploadId=upload_id)
        raise SourceChanged(f"{target.key}: the file is not what was recorded", "resync the session")
    _complete_upload(client, target, upload_id, arrived)
    sums = b"".join(piece.md5 for piece in arrived)
    return f"{_new_md5(sums).hexdigest()}-{len(arrived)}"


def format_content_md5(digest: bytes) -> str:
    """Return a digest in the form of the Content-MD5 header."""
    return base64.b64encode(digest).decode()


def _new_md5(data: bytes = b"") -> Hash:
    """Return MD5, which the protocol asks for; sha256 is what proves content here."""
    return hashlib.md5(data, usedforsecurity=False)


def _adopt_or_create_upload(client: S3Client, target: UploadTarget) -> tuple[str, dict[int, tuple[int, str]]]:
    """Return an upload of this key, and its parts as `(size, tag)` by number.

    One that an earlier process left is adopted, the newest where there are several; the others
    are dropped, because parts that nobody completes are stored and billed all the same.
    """
    pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=target.bucket, Prefix=target.key)
    left = [one for page in pages for one in page.get("Uploads", ()) if one.get("Key") == target.key]
    left.sort(key=lambda one: one["Initiated"])
    for stale in left[:-1]:
        client.abort_multipart_upload(Bucket=target.bucket, Key=target.key, UploadId=stale["UploadId"])
    if left:
        with suppress(client.exceptions.NoSuchUpload):
            return left[-1]["UploadId"], _list_parts(client, target, left[-1]["UploadId"])
    made = client.create_multipart_upload(
        Bucket=target.bucket,
        Key=target.key,
        ContentType=target.content_type,
        CacheControl=target.cache_control,
        Metadata=target.metadata,
    )
    return made["UploadId"], {}


def _list_parts(client: S3Client, target: UploadTarget, upload_id: str) -> dict[int, tuple[int, str]]:
    """Ask for the parts of an upload. A number that is listed twice counts as its last entry."""
    pages = client.get_paginator("list_parts").paginate(
        Bucket=target.bucket, Key=target.key, UploadId=upload_id
    )
    parts = (part for page in pages for part in page.get("Parts", ()))
    return {part["PartNumber"]: (part["Size"], part["ETag"].strip('"')) for part in parts}


def _hash_parts(descriptor: int, size: int, part: int, whole: Hash) -> Iterator[_UploadPart]:
    """Yield the parts of a file with their MD5, hashing the whole on the way."""
    for number, start in enumerate(range(0, size, part), 1):
        window = FileSlice(descriptor, start, min(part, size - start))
        md5 = _new_md5()
        while chunk := window.read(_READ_BYTES):
            md5.update(chunk)
            whole.update(chunk)
        yield _UploadPart(number, start, window.tell(), md5.digest())


def _send_parts(
    pieces: Iterable[_UploadPart], send: Callable[[_UploadPart], None], there: Mapping[int, tuple[int, str]]
) -> Iterator[_UploadPart]:
    """Yield the parts in order as they have arrived, with no more than a few on their way."""
    with ThreadPoolExecutor(_PARTS_IN_FLIGHT, "send") as senders:
        flying: deque[tuple[_UploadPart, Future[None] | None]] = deque()
        for piece in pieces:
            known = there.get(piece.number) == (piece.length, piece.md5.hex())
            flying.append((piece, None if known else senders.submit(send, piece)))
            if len(flying) > _PARTS_IN_FLIGHT:
                yield _await_part(*flying.popleft())
        while flying:
            yield _await_part(*flying.popleft())


def _await_part(piece: _UploadPart, sending: Future[None] | None) -> _UploadPart:
    if sending is not None:
        sending.result()
    return piece


def _send_part(
    client: S3Client, target: UploadTarget, upload_id: str, descriptor: int, piece: _UploadPart
) -> None:
    with FileSlice(descriptor, piece.start, piece.length) as body:
        answer = client.upload_part(
            Bucket=target.bucket,
            Key=target.key,
            UploadId=upload_id,
            PartNumber=piece.number,
            Body=body,
            ContentMD5=format_content_md5(piece.md5),
        )
    if answer["ETag"].strip('"') != piece.md5.hex():
        raise StorageError(f"{target.key}: part {piece.number} arrived differently", "it is sent again")


def _complete_upload(
    client: S3Client, target: UploadTarget, upload_id: str, arrived: list[_UploadPart]
) -> None:
    """Put the parts together. An upload that is gone may have been completed by an earlier try.

    Never with a condition: on R2 one that is not met destroys the upload.
    """
    listed: list[dict[str, object]] = [
        {"PartNumber": piece.number, "ETag": f'"{piece.md5.hex()}"'} for piece in arrived
    ]
    with suppress(client.exceptions.NoSuchUpload):
        client.complete_multipart_upload(
            Bucket=target.bucket, Key=target.key, UploadId=upload_id, MultipartUpload={"Parts": listed}
        )
