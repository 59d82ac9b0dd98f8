"""The API on its Unix socket: HTTP in and out, nothing decided here.

aiohttp gives the socket of a request, and with it the kernel's word on who is calling; servers
that speak ASGI hide it.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import BaseModel, TypeAdapter, ValidationError

from mcsyncd import __version__, api
from mcsyncd.daemon.event_hub import EventHub
from mcsyncd.daemon.loop import SessionLoop
from mcsyncd.daemon.peer import identify_peer
from mcsyncd.daemon.request_handler import RequestHandler
from mcsyncd.daemon.review_audio import PeaksQuery, ReviewAudio
from mcsyncd.errors import Conflict, McsyncError, NotPermitted, UsageError
from mcsyncd.model.session import Actor
from mcsyncd.store.chain import LogEntry
from mcsyncd.store.ledger import PAGE_ENTRIES

_DECISION: TypeAdapter[api.DecisionRequest] = TypeAdapter(api.DecisionRequest)
_STATUS_BY_ERROR = {Conflict: 412, NotPermitted: 403, UsageError: 400}
_MAX_BODY_BYTES = 64 * 1024
_MAX_COLUMNS = 4000

log = structlog.get_logger("mcsyncd.api")

Reload = Callable[[], Awaitable[api.ReloadBody]]


class ApiServer:
    """The routes. Everything they answer comes from the desk, the loop and the listening post."""

    def __init__(
        self,
        desk: RequestHandler,
        loop: SessionLoop,
        review_audio: ReviewAudio,
        hub: EventHub,
        reload: Reload,
    ) -> None:
        self._desk = desk
        self._loop = loop
        self._review_audio = review_audio
        self._hub = hub
        self._reload = reload

    def build_app(self) -> web.Application:
        """Return the application with all routes."""
        made = web.Application(
            middlewares=[_build_error_middleware(self._desk)], client_max_size=_MAX_BODY_BYTES
        )
        one = "/v1/sessions/{session}"
        made.add_routes(
            [
                web.get("/v1/health", self._get_health),
                web.get("/v1/status", self._get_status),
                web.get("/v1/sessions", self._get_sessions),
                web.get(one, self._get_session),
                web.get(f"{one}/peaks", self._get_peaks),
                web.get(f"{one}/audio", self._get_audio),
                web.get(f"{one}/manifest", self._get_manifest),
                web.post(f"{one}/decisions", self._post_decision),
                web.post(f"{one}/claim", self._post_claim),
                web.post("/v1/seal", self._post_seal),
                web.post("/v1/reload", self._post_reload),
                web.get("/v1/log", self._get_log),
                web.get("/v1/events", self._stream_events),
            ]
        )
        return made

    async def _get_health(self, _: web.Request) -> web.Response:
        return web.json_response({"version": __version__})

    async def _get_status(self, request: web.Request) -> web.Response:
        return _build_response(self._desk.get_status(_identify_caller(request)))

    async def _get_sessions(self, _: web.Request) -> web.Response:
        return _build_response(self._desk.list_sessions())

    async def _get_session(self, request: web.Request) -> web.Response:
        return _build_response(self._desk.get_session(request.match_info["session"]))

    async def _get_peaks(self, request: web.Request) -> web.Response:
        view = PeaksQuery(
            request.query.get("camera", ""),
            start_us=round(_parse_number(request, "start_ms") * 1000),
            step_us=max(1, round(_parse_number(request, "step_ms") * 1000)),
            columns=min(_MAX_COLUMNS, max(1, int(_parse_number(request, "columns")))),
        )
        session = self._loop.get_session(request.match_info["session"])
        return _build_response(await self._review_audio.read_peaks(session, view))

    async def _get_audio(self, request: web.Request) -> web.Response:
        session = self._loop.get_session(request.match_info["session"])
        wav = await self._review_audio.render_audio(
            session,
            request.query.get("camera", ""),
            start_us=round(_parse_number(request, "start_ms") * 1000),
            duration_us=round(_parse_number(request, "duration_ms") * 1000),
        )
        return web.Response(body=wav, content_type="audio/wav")

    async def _get_manifest(self, request: web.Request) -> web.Response:
        session = self._loop.get_session(request.match_info["session"])
        if session.published is None:
            raise UsageError(f"{session.id} is not published", "a manifest comes with approval")
        path = self._loop.config.layout.locate_manifest(session.id, session.published.revision)
        return web.Response(body=path.read_bytes(), content_type="application/json")

    async def _post_decision(self, request: web.Request) -> web.Response:
        decision = _DECISION.validate_json(await request.read())
        revision = request.headers.get("If-Match")
        after = await self._desk.decide_session(
            request.match_info["session"],
            decision,
            _parse_revision(revision) if revision is not None else None,
            _identify_caller(request),
        )
        return _build_response(after)

    async def _post_claim(self, request: web.Request) -> web.Response:
        return _build_response(
            self._desk.claim_session(request.match_info["session"], _identify_caller(request))
        )

    async def _post_seal(self, request: web.Request) -> web.Response:
        return _build_response(await self._desk.seal_session(_identify_caller(request)))

    async def _post_reload(self, request: web.Request) -> web.Response:
        self._desk.require_decider(_identify_caller(request))
        return _build_response(await self._reload())

    async def _get_log(self, request: web.Request) -> web.Response:
        session = request.query.get("session")
        if session is not None:
            self._loop.get_session(session)
        entries = await self._loop.read_entries(session, _parse_sequence(request.query.get("after", "0")))
        body = api.LogBody(
            entries=[_build_log_entry_body(entry) for entry in entries],
            next_after=entries[-1].seq if len(entries) == PAGE_ENTRIES else None,
        )
        return _build_response(body)

    async def _stream_events(self, request: web.Request) -> web.StreamResponse:
        """Send server-sent events: what was missed since Last-Event-ID, then what comes."""
        stream = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        last = request.headers.get("Last-Event-ID")
        after = _parse_sequence(last) if last is not None else None  # before the answer begins: it may refuse
        with self._hub.subscribe() as news:
            await stream.prepare(request)
            seen = await self._send_missed_events(stream, after) if after is not None else 0
            while (one := await news.get()) is not None:
                if one.seq is None or one.seq > seen:
                    await _send_event(stream, one)
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


async def _send_event(stream: web.StreamResponse, news: api.StreamEventBody) -> None:
    id_line = f"id: {news.seq}\n" if news.seq is not None else ""
    await stream.write(f"{id_line}data: {news.model_dump_json()}\n\n".encode())


def _build_log_entry_body(entry: LogEntry) -> api.LogEntryBody:
    return api.LogEntryBody(
        seq=entry.seq,
        at=entry.at,
        session=entry.session_id,
        kind=entry.kind,
        body=json.loads(entry.body),
        hash=entry.hash,
    )


def _build_response(body: BaseModel, status: int = 200) -> web.Response:
    return web.Response(text=body.model_dump_json(), content_type="application/json", status=status)


def _identify_caller(request: web.Request) -> Actor:
    connection = request.transport.get_extra_info("socket") if request.transport else None
    if connection is None:
        raise NotPermitted("the connection is gone", "call again")
    return identify_peer(connection)


def _parse_number(request: web.Request, name: str) -> float:
    try:
        value = float(request.query[name])
    except (KeyError, ValueError):
        raise UsageError(f"{name} must be a number", f"add ?{name}=…") from None
    if not abs(value) < 1e12:  # refuses NaN, too
        raise UsageError(f"{name} is out of range", "a time on the session clock is meant")
    return value


def _parse_revision(text: str) -> int:
    try:
        return int(text.strip().strip('"'))
    except ValueError:
        raise UsageError(f"{text!r} is no revision", "send the number that `show` gives") from None


def _parse_sequence(text: str) -> int:
    """Return the number of a ledger event. Raises UsageError."""
    try:
        value = int(text)
    except ValueError:
        value = -1
    if not 0 <= value < 1 << 63:  # SQLite's integers end there
        raise UsageError(
            f"{text!r} is not the number of an event", "send the `seq` of the last event you have"
        )
    return value


def _build_error_middleware(desk: RequestHandler) -> Middleware:
    @web.middleware
    async def handle_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException:
            raise
        except ValidationError as error:
            words = "; ".join(one["msg"] for one in error.errors(include_url=False))
            return _build_problem_response(
                UsageError(f"the request makes no sense: {words}", "see docs/api.md")
            )
        except McsyncError as error:
            return _build_problem_response(
                error, _find_current_session(desk, request) if isinstance(error, Conflict) else None
            )
        except ConnectionError:
            raise
        except Exception:
            log.exception("a request failed", path=request.path)
            return _build_problem_response(
                McsyncError("the daemon stumbled over this request", "look into its log")
            )

    return handle_errors


def _find_current_session(desk: RequestHandler, request: web.Request) -> api.SessionBody | None:
    try:
        return desk.get_session(request.match_info["session"])
    except (KeyError, UsageError):
        return None


def _build_problem_response(error: McsyncError, current: api.SessionBody | None = None) -> web.Response:
    status = next((code for kind, code in _STATUS_BY_ERROR.items() if isinstance(error, kind)), 500)
    body = api.ProblemBody(
        message=error.message, hint=error.hint, exit_code=int(error.exit_code), current=current
    )
    return _build_response(body, status)
