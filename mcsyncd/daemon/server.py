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
from mcsyncd.daemon.desk import Desk
from mcsyncd.daemon.hub import Hub
from mcsyncd.daemon.listening import Listening, View
from mcsyncd.daemon.loop import Loop
from mcsyncd.daemon.peer import actor_of
from mcsyncd.errors import Conflict, McsyncError, NotPermitted, UsageError
from mcsyncd.model.session import Actor
from mcsyncd.store.chain import Entry

_DECISION: TypeAdapter[api.DecisionRequest] = TypeAdapter(api.DecisionRequest)
_STATUS = {Conflict: 412, NotPermitted: 403, UsageError: 400}
_BODY_LIMIT = 64 * 1024
_MOST_COLUMNS = 4000

log = structlog.get_logger("mcsyncd.api")

Reload = Callable[[], Awaitable[api.ReloadBody]]


class Server:
    """The routes. Everything they answer comes from the desk, the loop and the listening post."""

    def __init__(self, desk: Desk, loop: Loop, listening: Listening, hub: Hub, reload: Reload) -> None:
        self._desk = desk
        self._loop = loop
        self._listening = listening
        self._hub = hub
        self._reload = reload

    def app(self) -> web.Application:
        """Return the application with all routes."""
        made = web.Application(middlewares=[_errors_as_answers(self._desk)], client_max_size=_BODY_LIMIT)
        one = "/v1/sessions/{session}"
        made.add_routes(
            [
                web.get("/v1/health", self._health),
                web.get("/v1/status", self._status),
                web.get("/v1/sessions", self._sessions),
                web.get(one, self._session),
                web.get(f"{one}/peaks", self._peaks),
                web.get(f"{one}/audio", self._audio),
                web.get(f"{one}/manifest", self._manifest),
                web.post(f"{one}/decisions", self._decide),
                web.post(f"{one}/claim", self._claim),
                web.post("/v1/seal", self._seal),
                web.post("/v1/reload", self._reloaded),
                web.get("/v1/log", self._log),
                web.get("/v1/events", self._events),
            ]
        )
        return made

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"version": __version__})

    async def _status(self, request: web.Request) -> web.Response:
        return _answer(self._desk.status(_actor(request)))

    async def _sessions(self, _: web.Request) -> web.Response:
        return _answer(self._desk.sessions())

    async def _session(self, request: web.Request) -> web.Response:
        return _answer(self._desk.session(request.match_info["session"]))

    async def _peaks(self, request: web.Request) -> web.Response:
        view = View(
            request.query.get("camera", ""),
            start_us=round(_number(request, "start_ms") * 1000),
            step_us=max(1, round(_number(request, "step_ms") * 1000)),
            columns=min(_MOST_COLUMNS, max(1, int(_number(request, "columns")))),
        )
        session = self._loop.session(request.match_info["session"])
        return _answer(await self._listening.peaks(session, view))

    async def _audio(self, request: web.Request) -> web.Response:
        session = self._loop.session(request.match_info["session"])
        wav = await self._listening.audio(
            session,
            request.query.get("camera", ""),
            start_us=round(_number(request, "start_ms") * 1000),
            duration_us=round(_number(request, "duration_ms") * 1000),
        )
        return web.Response(body=wav, content_type="audio/wav")

    async def _manifest(self, request: web.Request) -> web.Response:
        session = self._loop.session(request.match_info["session"])
        if session.published is None:
            raise UsageError(f"{session.id} is not published", "a manifest comes with approval")
        path = self._loop.live.places.manifest(session.id, session.published.revision)
        return web.Response(body=path.read_bytes(), content_type="application/json")

    async def _decide(self, request: web.Request) -> web.Response:
        decision = _DECISION.validate_json(await request.read())
        revision = request.headers.get("If-Match")
        after = await self._desk.decide(
            request.match_info["session"],
            decision,
            _revision(revision) if revision is not None else None,
            _actor(request),
        )
        return _answer(after)

    async def _claim(self, request: web.Request) -> web.Response:
        return _answer(self._desk.claim(request.match_info["session"], _actor(request)))

    async def _seal(self, request: web.Request) -> web.Response:
        return _answer(await self._desk.seal(_actor(request)))

    async def _reloaded(self, request: web.Request) -> web.Response:
        self._desk.require_decider(_actor(request))
        return _answer(await self._reload())

    async def _log(self, request: web.Request) -> web.Response:
        session = request.query.get("session")
        if session is not None:
            self._loop.session(session)
        entries = await self._loop.entries(session)
        return _answer(api.LogBody(entries=[_entry(entry) for entry in entries]))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Send server-sent events: what was missed since Last-Event-ID, then what comes."""
        stream = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        with self._hub.listening() as news:
            await stream.prepare(request)
            last = request.headers.get("Last-Event-ID")
            seen = await self._send_missed(stream, _revision(last)) if last is not None else 0
            while (one := await news.get()) is not None:
                if one.seq is None or one.seq > seen:
                    await _send(stream, one)
        return stream

    async def _send_missed(self, stream: web.StreamResponse, last: int) -> int:
        for entry in await self._loop.entries(None, last):
            await _send(
                stream,
                api.StreamEventBody(
                    what="event", session=entry.session_id, seq=entry.seq, kind=entry.kind, at=entry.at
                ),
            )
            last = entry.seq
        return last


async def _send(stream: web.StreamResponse, news: api.StreamEventBody) -> None:
    id_line = f"id: {news.seq}\n" if news.seq is not None else ""
    await stream.write(f"{id_line}data: {news.model_dump_json()}\n\n".encode())


def _entry(entry: Entry) -> api.LogEntryBody:
    return api.LogEntryBody(
        seq=entry.seq,
        at=entry.at,
        session=entry.session_id,
        kind=entry.kind,
        body=json.loads(entry.body),
        hash=entry.hash,
    )


def _answer(body: BaseModel, status: int = 200) -> web.Response:
    return web.Response(text=body.model_dump_json(), content_type="application/json", status=status)


def _actor(request: web.Request) -> Actor:
    connection = request.transport.get_extra_info("socket") if request.transport else None
    if connection is None:
        raise NotPermitted("the connection is gone", "call again")
    return actor_of(connection)


def _number(request: web.Request, name: str) -> float:
    try:
        value = float(request.query[name])
    except (KeyError, ValueError):
        raise UsageError(f"{name} must be a number", f"add ?{name}=…") from None
    if not abs(value) < 1e12:  # refuses NaN, too
        raise UsageError(f"{name} is out of range", "a time on the session clock is meant")
    return value


def _revision(text: str) -> int:
    try:
        return int(text.strip().strip('"'))
    except ValueError:
        raise UsageError(f"{text!r} is no revision", "send the number that `show` gives") from None


def _errors_as_answers(desk: Desk) -> Middleware:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException:
            raise
        except ValidationError as error:
            words = "; ".join(one["msg"] for one in error.errors(include_url=False))
            return _problem(UsageError(f"the request makes no sense: {words}", "see docs/api.md"))
        except McsyncError as error:
            return _problem(error, _current(desk, request) if isinstance(error, Conflict) else None)
        except ConnectionError:
            raise
        except Exception:
            log.exception("a request failed", path=request.path)
            return _problem(McsyncError("the daemon stumbled over this request", "look into its log"))

    return middleware


def _current(desk: Desk, request: web.Request) -> api.SessionBody | None:
    try:
        return desk.session(request.match_info["session"])
    except (KeyError, UsageError):
        return None


def _problem(error: McsyncError, current: api.SessionBody | None = None) -> web.Response:
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    body = api.ProblemBody(
        message=error.message, hint=error.hint, exit_code=int(error.exit_code), current=current
    )
    return _answer(body, status)
