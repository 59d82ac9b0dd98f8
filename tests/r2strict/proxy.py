"""What the proxy does with a request: R2's rules, one fault at most, and the store's answer."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

from r2strict.documents import (
    DEFAULT_LIFECYCLE,
    count_entries,
    find_abort_rule,
    find_lifecycle_refusal,
    parse_parts,
    replace_tags,
)
from r2strict.faults import CutBody, DelayAnswer, FalsifyTag, Fault, Faults, LoseAnswer, RefuseCall, Trickle
from r2strict.operations import LISTS, WRITES, S3Call, parse_call
from r2strict.rules import (
    MAX_PAGE,
    TOO_MANY_WRITES,
    Refusal,
    build_error_document,
    find_part_refusal,
    find_refusal,
)
from r2strict.tally import Tally
from r2strict.upstream import HOP_BY_HOP, Upstream
from r2strict.write_window import WriteWindow

_TRICKLE_BYTES = 1 << 14
"""Bytes passed on at a time where a fault makes them trickle."""
_FALSE_TAG = '"' + "0" * 32 + '"'
_PAGE_LIMITS = {"ListParts": "max-parts", "ListMultipartUploads": "max-uploads"}
"""Name of the query's limit on entries; `max-keys` for the others."""
_NO_LIFECYCLE = Refusal(404, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist.")


class _Hangup(Exception):
    """The connection to the client is to break now."""


@dataclass(slots=True)
class _Answer:
    status: int
    headers: CIMultiDict[str]
    body: bytes


class Proxy:
    """Handles requests one by one; state is kept by key and bucket. To be used in one running loop."""

    def __init__(self, upstream: Upstream, faults: Faults, tally: Tally) -> None:
        self._upstream = upstream
        self._faults = faults
        self._tally = tally
        self._window = WriteWindow(time.monotonic)
        self._lifecycles: dict[str, bytes | None] = {}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; a connection that breaks, on either side, breaks on the other, too."""
        call = parse_call(request.method, request.raw_path, request.headers)
        fault = self._faults.choose_fault(call.operation)
        status = 0
        try:
            response = await self._serve(request, call, fault)
            status = response.status
        except (_Hangup, aiohttp.ClientError, ConnectionError):
            if request.transport is not None:
                request.transport.abort()
            return web.Response()  # nobody is there to read it
        finally:
            self._tally.count_call(call.operation, status)
        return response

    async def _serve(self, request: web.BaseRequest, call: S3Call, fault: Fault | None) -> web.StreamResponse:
        body = self._read_body(request, fault)
        if isinstance(fault, RefuseCall):
            answer = _refuse(Refusal(fault.status, fault.code, "Injected by r2strict."))
            if fault.retry_after is not None:
                answer.headers["Retry-After"] = str(fault.retry_after)
        elif (refusal := find_refusal(call)) is not None:
            answer = _refuse(refusal)
        elif call.operation == "GetObject":
            return await self._stream_object(request, fault)
        else:
            answer = await self._answer_in_window(request, call, body)
        async for _ in body:  # what the store did not want to read
            pass
        if isinstance(fault, FalsifyTag):
            _falsify(answer.headers)
            answer.body = replace_tags(answer.body, _FALSE_TAG)
        await _disturb_answer(fault)
        _add_ids(answer.headers)
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body or None)

    async def _answer_in_window(
        self, request: web.BaseRequest, call: S3Call, body: AsyncIterator[bytes]
    ) -> _Answer:
        """Answer a call, unless it writes to a key that was written less than a second ago."""
        if call.operation not in WRITES:
            return await self._answer(request, call, body)
        name = f"{call.bucket}/{call.key}"
        if not self._window.begin(name):
            return _refuse(TOO_MANY_WRITES)
        has_succeeded = False
        try:
            answer = await self._answer(request, call, body)
            has_succeeded = answer.status == 200
        finally:
            self._window.end(name, has_succeeded=has_succeeded)
        return answer

    async def _answer(self, request: web.BaseRequest, call: S3Call, body: AsyncIterator[bytes]) -> _Answer:
        if call.operation == "CompleteMultipartUpload":
            return await self._complete_upload(request, call, body)
        if "BucketLifecycle" in call.operation:
            return await self._answer_lifecycle(request, call, body)
        answer = await self._forward(request, body if request.can_read_body else None)
        if answer.status != 200:
            return answer
        if call.operation == "CreateMultipartUpload":
            self._add_abort_date(answer.headers, call)
        elif call.operation in LISTS and count_entries(call.operation, answer.body) > MAX_PAGE:
            # A page as R2 would cut it; the client's own request has just proven its signature.
            query = {name: value for name, value in call.query.items() if not name.startswith("X-Amz-")}
            query[_PAGE_LIMITS.get(call.operation, "max-keys")] = str(MAX_PAGE)
            answer.status, answer.body = await self._upstream.ask("GET", call, query)
        return answer

    async def _complete_upload(
        self, request: web.BaseRequest, call: S3Call, body: AsyncIterator[bytes]
    ) -> _Answer:
        """Complete an upload if its parts are equal; a condition that is not met destroys it."""
        wanted = b"".join([chunk async for chunk in body])
        stored = await self._upstream.list_parts(call)
        if stored is not None:
            sizes = {(part.number, part.etag): part.bytes for part in stored}
            try:
                listed = sorted(parse_parts(wanted), key=lambda part: part.number)
            except ValueError:
                listed = []  # the store will say so
            known = [sizes[part.number, part.etag] for part in listed if (part.number, part.etag) in sizes]
            if (refusal := find_part_refusal(known)) is not None:
                return _refuse(refusal)
        answer = await self._forward(request, wanted)
        if answer.status == 412:
            await self._upstream.abort_upload(call)
        return answer

    async def _answer_lifecycle(
        self, request: web.BaseRequest, call: S3Call, body: AsyncIterator[bytes]
    ) -> _Answer:
        """Keep a bucket's rules here, because seaweed knows no transitions; it judges the signature."""
        document = b"".join([chunk async for chunk in body])
        answer = await self._forward(request, document or None)
        if answer.status in {401, 403} or b"NoSuchBucket" in answer.body:
            return answer
        if call.operation == "PutBucketLifecycleConfiguration":
            return self._keep_lifecycle(call.bucket, document, answer)
        if call.operation == "DeleteBucketLifecycle":
            self._lifecycles[call.bucket] = None
            return _Answer(204, CIMultiDict(), b"")
        kept = self._lifecycles.get(call.bucket, DEFAULT_LIFECYCLE)
        if kept is None:
            return _refuse(_NO_LIFECYCLE)
        return _Answer(200, CIMultiDict({"Content-Type": "application/xml"}), kept)

    def _keep_lifecycle(self, bucket: str, document: bytes, answer: _Answer) -> _Answer:
        """Keep the rules if R2 would; `answer` is what seaweed said of them."""
        if answer.status not in {200, 501}:
            return answer
        if (refusal := find_lifecycle_refusal(document)) is not None:
            return _refuse(refusal)
        self._lifecycles[bucket] = document
        return _Answer(200, CIMultiDict(), b"")

    def _add_abort_date(self, headers: CIMultiDict[str], call: S3Call) -> None:
        kept = self._lifecycles.get(call.bucket, DEFAULT_LIFECYCLE)
        rule = find_abort_rule(kept, call.key) if kept is not None else None
        if rule is not None:
            due = datetime.now(UTC) + timedelta(days=rule.days)
            headers["x-amz-abort-date"] = format_datetime(due, usegmt=True)
            headers["x-amz-abort-rule-id"] = rule.id

    async def _forward(self, request: web.BaseRequest, body: AsyncIterator[bytes] | bytes | None) -> _Answer:
        async with self._upstream.forward(request.method, request.raw_path, request.headers, body) as found:
            headers = _copy_headers(found.headers)
            if request.method != "HEAD":
                headers.popall("Content-Length", None)
            return _Answer(found.status, headers, await found.read())

    async def _stream_object(self, request: web.BaseRequest, fault: Fault | None) -> web.StreamResponse:
        async with self._upstream.forward(request.method, request.raw_path, request.headers, None) as found:
            headers = _copy_headers(found.headers)
            if isinstance(fault, FalsifyTag):
                _falsify(headers)
            await _disturb_answer(fault)
            _add_ids(headers)
            response = web.StreamResponse(status=found.status, headers=headers)
            await response.prepare(request)
            async for chunk in _pace(found.content.iter_any(), fault):
                await response.write(chunk)
            await response.write_eof()
            return response

    async def _read_body(self, request: web.BaseRequest, fault: Fault | None) -> AsyncIterator[bytes]:
        """Yield what arrives of a request's body, once. Raises _Hangup where a fault cuts it."""
        cut_at = None
        if isinstance(fault, CutBody):
            cut_at = min(fault.after_bytes, max(int(request.headers.get("Content-Length", 0)) - 1, 0))
            if cut_at == 0:
                raise _Hangup
        done = 0
        async for chunk in _pace(request.content.iter_any(), fault):
            passed = chunk if cut_at is None else chunk[: cut_at - done]
            done += len(passed)
            self._tally.count_bytes(len(passed))
            yield passed
            if done == cut_at:
                raise _Hangup


async def _pace(chunks: AsyncIterator[bytes], fault: Fault | None) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        if not isinstance(fault, Trickle):
            yield chunk
            continue
        for at in range(0, len(chunk), _TRICKLE_BYTES):
            piece = chunk[at : at + _TRICKLE_BYTES]
            await asyncio.sleep(len(piece) / fault.bytes_per_s)
            yield piece


async def _disturb_answer(fault: Fault | None) -> None:
    """Wait or raise _Hangup, where a fault delays or loses the answer of a store that is done."""
    if isinstance(fault, DelayAnswer):
        await asyncio.sleep(fault.seconds)
    if isinstance(fault, LoseAnswer):
        raise _Hangup


def _refuse(refusal: Refusal) -> _Answer:
    return _Answer(
        refusal.status, CIMultiDict({"Content-Type": "application/xml"}), build_error_document(refusal)
    )


def _copy_headers(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in HOP_BY_HOP)


def _falsify(headers: CIMultiDict[str]) -> None:
    if "ETag" in headers:
        headers["ETag"] = _FALSE_TAG


def _add_ids(headers: CIMultiDict[str]) -> None:
    """Add what Cloudflare's support asks for: the ray, and the id of the request."""
    headers["CF-RAY"] = f"{secrets.token_hex(8)}-TST"
    headers.setdefault("x-amz-request-id", secrets.token_hex(16).upper())
