"""The API on its Unix socket: HTTP in and out; nothing is decided here.

aiohttp, because it gives access to the socket of a request, and so to the kernel's answer to who is
calling; ASGI servers hide it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import structlog
from aiohttp import web
from pydantic import TypeAdapter

from mcsyncd import __version__, api
from mcsyncd.daemon.accounts import read_peer_uid
from mcsyncd.daemon.bodies import build_log_entry_body
from mcsyncd.daemon.bounded_calls import BlockingCalls
from mcsyncd.daemon.client_gate import WRITE_S, mark_activity
from mcsyncd.daemon.event_hub import EventHub
from mcsyncd.daemon.loop import SessionLoop
from mcsyncd.daemon.problems import build_error_middleware, build_response
from mcsyncd.daemon.request_handler import RequestHandler
from mcsyncd.daemon.review_audio import PeaksQuery, ReviewAudio
from mcsyncd.daemon.review_frames import FrameQuery, ReviewFrames
from mcsyncd.errors import McsyncError, NotPermitted, UsageError
from mcsyncd.present.metrics import CONTENT_TYPE, format_metrics
from mcsyncd.store.ledger import SessionsQuery
from mcsyncd.store.rows import PAGE_ENTRIES

_DECISION: TypeAdapter[api.DecisionRequest] = TypeAdapter(api.DecisionRequest)
_MAX_BODY_BYTES = 64 * 1024
"""Bytes of a request body. The largest decision, a reason of 2,000 escaped characters, has 12 kB.
Lower than that, and long reasons are refused; much higher, and a client can fill the memory."""
_MAX_COLUMNS = 4000
"""Columns of peaks in one answer. Judgement: several times the width of a terminal; more costs memory."""
_PAGE_SESSIONS = 100
"""Sessions in one answer unless the client asks for another number. A session has about 5 kB of JSON, and
decoding and encoding it takes about a millisecond; larger pages hold up the ledger's thread for longer."""
_MAX_PAGE_SESSIONS = 500
"""Sessions in one answer at most: half a second of work."""
_MAX_DIGITS = 20
"""Digits of an event's number, one more than 2**63 has."""
_MAX_MS = 1e12
"""Milliseconds, 30 years: a time on the session clock beyond it is a mistake, and overflows as µs."""

log = structlog.get_logger("mcsyncd.api")

Reload = Callable[[], Awaitable[api.ReloadBody]]


class ApiServer:
    """The routes. Their answers come from the request handler, the loop, the review's audio and frames."""

    def __init__(
        self,
        handler: RequestHandler,
        loop: SessionLoop,
        review_audio: ReviewAudio,
        hub: EventHub,
        *,
        review_frames: ReviewFrames,
        reload: Reload,
        files: BlockingCalls,
    ) -> None:
        self._handler = handler
        self._loop = loop
        self._review_audio = review_audio
        self._review_frames = review_frames
        self._hub = hub
        self._reload = reload
        self._files = files

    def build_app(self) -> web.Application:
        """Return the application with all routes."""
        app = web.Application(
            middlewares=[mark_activity, build_error_middleware(self._handler.find_session)],
            client_max_size=_MAX_BODY_BYTES,
        )
        session = "/v1/sessions/{session}"
        app.add_routes(
            [
                web.get("/v1/health", self._get_health),
                web.get("/v1/status", self._get_status),
                web.get("/v1/metrics", self._get_metrics),
                web.get("/v1/sessions", self._get_sessions),
                web.get(session, self._get_session),
                web.get(f"{session}/originals", self._get_originals),
                web.get(f"{session}/peaks", self._get_peaks),
                web.get(f"{session}/audio", self._get_audio),
                web.get(f"{session}/frame", self._get_frame),
                web.get(f"{session}/manifest", self._get_manifest),
                web.post(f"{session}/decisions", self._post_decision),
                web.post(f"{session}/claim", self._post_claim),
                web.delete(f"{session}/claim", self._delete_claim),
                web.post("/v1/seal", self._post_seal),
                web.post("/v1/reload", self._post_reload),
                web.post("/v1/uploads", self._post_uploads),
                web.get("/v1/log", self._get_log),
                web.get("/v1/events", self._stream_events),
            ]
        )
        return app

    async def _get_health(self, _: web.Request) -> web.Response:
        return web.json_response({"version": __version__})

    async def _get_status(self, request: web.Request) -> web.Response:
        return build_response(await self._handler.get_status(_read_caller_uid(request)))

    async def _get_metrics(self, request: web.Request) -> web.Response:
        status = await self._handler.get_status(_read_caller_uid(request))
        return web.Response(body=format_metrics(status).encode(), headers={"Content-Type": CONTENT_TYPE})

    async def _get_sessions(self, request: web.Request) -> web.Response:
        limit = _parse_count(request, "limit", _MAX_PAGE_SESSIONS, _PAGE_SESSIONS)
        query = SessionsQuery(request.query.get("before"), limit, _parse_finished(request))
        return build_response(await self._handler.list_sessions(query))

    async def _get_session(self, request: web.Request) -> web.Response:
        return build_response(await self._handler.fetch_session(request.match_info["session"]))

    async def _get_originals(self, request: web.Request) -> web.Response:
        return build_response(await self._handler.check_originals(request.match_info["session"]))

    async def _get_peaks(self, request: web.Request) -> web.Response:
        view = PeaksQuery(
            request.query.get("camera", ""),
            start_us=round(_parse_number(request, "start_ms") * 1000),
            step_us=max(1, round(_parse_number(request, "step_ms") * 1000)),
            columns=min(_MAX_COLUMNS, max(1, int(_parse_number(request, "columns")))),
        )
        session = await self._loop.load_session(request.match_info["session"])
        return build_response(await self._review_audio.read_peaks(session, view))

    async def _get_audio(self, request: web.Request) -> web.Response:
        session = await self._loop.load_session(request.match_info["session"])
        wav = await self._review_audio.render_audio(
            session,
            request.query.get("camera", ""),
            start_us=round(_parse_number(request, "start_ms") * 1000),
            duration_us=round(_parse_number(request, "duration_ms") * 1000),
        )
        return web.Response(body=wav, content_type="audio/wav")

    async def _get_frame(self, request: web.Request) -> web.Response:
        query = FrameQuery(
            request.query.get("camera", ""),
            at_us=round(_parse_number(request, "at_ms") * 1000),
            width=int(_parse_number(request, "width")),
            height=int(_parse_number(request, "height")),
        )
        session = await self._loop.load_session(request.match_info["session"])
        return build_response(await self._review_frames.read_frame(session, query))

    async def _get_manifest(self, request: web.Request) -> web.Response:
        session = await self._loop.load_session(request.match_info["session"])
        if session.published is None:
            raise UsageError(f"{session.id} is not published", "approve it, then wait until it is published")
        path = self._loop.config.layout.locate_manifest(session.id, session.published.revision)
        read_manifest = partial(_read_manifest, path, session.published.sha256)
        body = await self._files.run(read_manifest, "the work folder")
        return web.Response(body=body, content_type="application/json")

    async def _post_decision(self, request: web.Request) -> web.Response:
        decision = _DECISION.validate_json(await request.read())
        revision = request.headers.get("If-Match")
        after = await self._handler.decide_session(
            request.match_info["session"],
            decision,
            _parse_revision(revision) if revision is not None else None,
            _read_caller_uid(request),
        )
        return build_response(after)

    async def _post_claim(self, request: web.Request) -> web.Response:
        claim = await self._handler.claim_session(request.match_info["session"], _read_caller_uid(request))
        return build_response(claim)

    async def _delete_claim(self, request: web.Request) -> web.Response:
        claim = await self._handler.release_claim(request.match_info["session"], _read_caller_uid(request))
        return build_response(claim)

    async def _post_seal(self, request: web.Request) -> web.Response:
        seal = api.SealRequest.model_validate_json(await request.read() or b"{}")
        return build_response(await self._handler.seal_session(seal, _read_caller_uid(request)))

    async def _post_reload(self, request: web.Request) -> web.Response:
        await self._handler.require_reloader(_read_caller_uid(request))
        return build_response(await self._reload())

    async def _post_uploads(self, request: web.Request) -> web.Response:
        wanted = api.UploadsRequest.model_validate_json(await request.read())
        return build_response(await self._handler.direct_uploads(wanted, _read_caller_uid(request)))

    async def _get_log(self, request: web.Request) -> web.Response:
        session = request.query.get("session")
        if session is not None:
            await self._loop.load_session(session)
        if "newest" in request.query:
            count = _parse_count(request, "newest", PAGE_ENTRIES, PAGE_ENTRIES)
            entries = await self._loop.read_newest_entries(session, count)
            return build_response(api.LogBody(entries=[build_log_entry_body(entry) for entry in entries]))
        entries = await self._loop.read_entries(session, _parse_sequence(request.query.get("after", "0")))
        body = api.LogBody(
            entries=[build_log_entry_body(entry) for entry in entries],
            next_after=entries[-1].seq if len(entries) == PAGE_ENTRIES else None,
        )
        return build_response(body)

    async def _stream_events(self, request: web.Request) -> web.StreamResponse:
        """Send server-sent events: those missed since Last-Event-ID, then new ones as they happen."""
        stream = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        last = request.headers.get("Last-Event-ID")
        after = _parse_sequence(last) if last else None  # before the answer begins: it may refuse
        with self._hub.subscribe() as events:
            head, _ = await self._loop.read_head()
            if after is not None and after > head:
                after = None  # an event of another ledger: there is nothing to resume behind it
            await stream.prepare(request)
            try:
                seen = await self._send_missed_events(stream, after) if after is not None else 0
                while (event := await events.get()) is not None:
                    if event.seq is None or event.seq > seen:
                        await _send_event(stream, event)
            except ConnectionError:
                return stream  # the client left, as each does in the end
            except Exception as error:  # noqa: BLE001  # an answer to it would be written into the stream
                # The answer has begun: all that is left is to end it. The client connects again.
                log.warning("an event stream was cut off", error=str(error), kind=type(error).__name__)
                if request.transport is not None:
                    request.transport.abort()
        return stream

    async def _send_missed_events(self, stream: web.StreamResponse, last: int) -> int:
        while page := await self._loop.read_entries(None, last):
            for entry in page:
                await _send_event(
                    stream,
                    api.StreamEventBody(
                        what="event", session=entry.session_id, seq=entry.seq, kind=entry.kind, at=entry.at
                    ),
                )
            last = page[-1].seq
        return last


async def _send_event(stream: web.StreamResponse, event: api.StreamEventBody) -> None:
    id_line = f"id: {event.seq}\n" if event.seq is not None else ""
    async with asyncio.timeout(WRITE_S):
        await stream.write(f"{id_line}data: {event.model_dump_json()}\n\n".encode())


def _read_caller_uid(request: web.Request) -> int:
    connection = request.transport.get_extra_info("socket") if request.transport else None
    if connection is None:
        raise NotPermitted("the connection is closed", "connect again")
    return read_peer_uid(connection)


def _read_manifest(path: Path, sha256: str) -> bytes:
    """Return the copy of a published manifest in the work folder. Blocks. Raises McsyncError."""
    hint = "read the manifest from the object store"
    try:
        body = path.read_bytes()
    except OSError as error:
        raise McsyncError(f"{path}: {error.strerror}", hint) from error
    if hashlib.sha256(body).hexdigest() != sha256:
        raise McsyncError(f"{path}: not what was published", hint)
    return body


def _parse_number(request: web.Request, name: str) -> float:
    try:
        value = float(request.query[name])
    except (KeyError, ValueError):
        raise UsageError(f"{name} must be a number", f"add ?{name}=…") from None
    if not abs(value) < _MAX_MS:  # refuses NaN, too
        raise UsageError(f"{name} is out of range", "send milliseconds on the session clock")
    return value


def _parse_count(request: web.Request, name: str, most: int, default: int) -> int:
    """Return how many things are asked for, 1 to `most`. Raises UsageError."""
    text = request.query.get(name, str(default))
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= most:
        raise UsageError(f"{name} must be 1 to {most}", "leave it out, or send a smaller one")
    return int(text)


def _parse_finished(request: web.Request) -> bool | None:
    """Return which sessions are asked for: finished ones, the others, or all (None). Raises UsageError."""
    try:
        return {None: None, "true": True, "false": False}[request.query.get("finished")]
    except KeyError:
        raise UsageError("finished must be true or false", "leave it out for all sessions") from None


def _parse_revision(text: str) -> int:
    try:
        return int(text.strip().strip('"'))
    except ValueError:
        raise UsageError(
            f"{text!r} is not a revision", "send the number that `mcsyncd show` prints"
        ) from None


def _parse_sequence(text: str) -> int:
    """Return the number of a ledger event. Raises UsageError."""
    value = int(text) if text.isascii() and text.isdecimal() and len(text) < _MAX_DIGITS else -1
    if not 0 <= value < 1 << 63:  # SQLite's integers end there
        raise UsageError(
            f"{text!r} is not the number of an event", "send the `seq` of the last event you have"
        )
    return value
