"""The typed client of the daemon's API: HTTP and server-sent events over its Unix socket.

Both user interfaces reach the daemon only through this module. A successful response is a body of
`mcsyncd.api`; any other raises an error of `mcsyncd.errors` with the daemon's message and hint. The
client does not say who is calling: the kernel tells the daemon.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar
from urllib.parse import quote, urlencode

import aiohttp
from pydantic import BaseModel, ValidationError
from yarl import URL

from mcsyncd import api
from mcsyncd.errors import (
    BadMedia,
    Conflict,
    McsyncError,
    NotPermitted,
    Unavailable,
    UnknownSession,
    Unreachable,
    UsageError,
)

MAX_SILENCE_S = 30.0
"""The daemon sends a heartbeat every 10 s; after three missed ones it counts as gone. Lower, and a busy
daemon is reported as gone; higher, and a dead one looks alive for longer."""

_MAX_RESPONSE_BYTES = 64 * 1024 * 1024
"""Judgement: far more than any log, peaks, frame or audio that a client asks for. Without a limit, whatever
listens on the socket could fill the client's memory."""
_RESPONSE_TIMEOUT_S = 30.0
"""Judgement: the slowest requests decode an audio excerpt or a frame. Lower, and they fail on a busy machine;
higher, and a daemon that hangs is reported late."""
_CONNECT_TIMEOUT_S = 5.0
"""Judgement: a Unix socket connects at once unless its backlog is full."""
_START_DAEMON_HINT = (
    "start it with `mcsyncd run` or `systemctl start mcsyncd`, or name another socket with --socket"
)
_ERROR_BY_CODE: dict[api.ProblemCode, type[McsyncError]] = {
    "invalid_request": UsageError,
    "not_found": UsageError,
    "method_not_allowed": UsageError,
    "too_large": UsageError,
    "unknown_session": UnknownSession,
    "not_permitted": NotPermitted,
    "bad_media": BadMedia,
    "unavailable": Unavailable,
    "failed": McsyncError,
    "internal": McsyncError,
}
"""The error to raise for each code but `conflict`, which carries the present session."""
_BodyT = TypeVar("_BodyT", bound=BaseModel)


class RevisionConflict(Conflict):
    """The session has moved on since the decision was made; `current` is its present state."""

    def __init__(self, message: str, hint: str = "", current: api.SessionBody | None = None) -> None:
        super().__init__(message, hint)
        self.current = current

    def __reduce__(self) -> tuple[type[RevisionConflict], tuple[str, str, api.SessionBody | None]]:  # type: ignore[override]  # carries one field more than its base
        return type(self), (self.message, self.hint, self.current)


class Client:
    """A connection to the daemon behind `socket`, open during the `async with` block.

    Every method may raise `Unreachable` (no daemon answers), `NotPermitted` (the caller may not use
    the socket or make the decision) and `McsyncError` (the daemon's own error).
    """

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(self.socket)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.close()

    async def fetch_version(self) -> str:
        """Return the daemon's version. The cheapest request, so also the way to ask whether it is up."""
        return (await self._fetch_body(_HealthBody, "health")).version

    async def fetch_status(self) -> api.StatusBody:
        """Return folders, storage, workers, and whether the caller may approve."""
        return await self._fetch_body(api.StatusBody, "status")

    async def list_sessions(
        self, *, before: str | None = None, finished: bool | None = None
    ) -> api.SessionsBody:
        """Return a page of the sessions, newest first: those before the id `before`, or the newest.

        `finished` chooses those that nothing more happens to by itself, or all others; None is all.
        """
        query = {"before": before, "finished": None if finished is None else str(finished).lower()}
        given = {name: value for name, value in query.items() if value is not None}
        return await self._fetch_body(api.SessionsBody, "sessions", query=given)

    async def read_sessions(self, *, finished: bool | None = None) -> AsyncIterator[api.SessionBody]:
        """Yield all sessions, newest first; each page is fetched when the one before it has been read."""
        page = await self.list_sessions(finished=finished)
        while True:
            for session in page.sessions:
                yield session
            if page.next_before is None:
                return
            page = await self.list_sessions(before=page.next_before, finished=finished)

    async def fetch_session(self, session: str) -> api.SessionBody:
        """Return one session. Raises `UnknownSession` if none has that id."""
        return await self._fetch_body(api.SessionBody, "sessions", session)

    async def check_originals(self, session: str) -> api.OriginalsBody:
        """Have the daemon look at the originals of a session now. Raises `UnknownSession`."""
        return await self._fetch_body(api.OriginalsBody, "sessions", session, "originals")

    async def fetch_peaks(
        self, session: str, camera: str, *, start_ms: float, step_ms: float, columns: int
    ) -> api.PeaksBody:
        """Return the peaks of one camera, one pair per column.

        Column 0 begins at `start_ms` on the session clock, and each covers `step_ms`.
        """
        query = {"camera": camera, "start_ms": start_ms, "step_ms": step_ms, "columns": columns}
        return await self._fetch_body(api.PeaksBody, "sessions", session, "peaks", query=query)

    async def fetch_audio(self, session: str, camera: str, *, start_ms: float, duration_ms: float) -> bytes:
        """Return that part of the session as WAV: the reference on the left, the camera on the right."""
        query = {"camera": camera, "start_ms": start_ms, "duration_ms": duration_ms}
        return await self._fetch_bytes("GET", "sessions", session, "audio", query=query)

    async def fetch_frame(
        self, session: str, camera: str, *, at_ms: float, width: int, height: int
    ) -> api.FrameBody:
        """Return what a camera shows at a moment of the session clock, within a size in pixels."""
        query = {"camera": camera, "at_ms": at_ms, "width": width, "height": height}
        return await self._fetch_body(api.FrameBody, "sessions", session, "frame", query=query)

    async def send_decision(
        self, session: str, decision: api.DecisionRequest, revision: int | None = None
    ) -> api.SessionBody:
        """Send a decision that is based on `revision`, and return the session that results.

        Raises `RevisionConflict` when the session is no longer at that revision, and `NotPermitted`
        when the caller is not an approver. Retry, resync, seal and return need none.
        """
        headers = {} if revision is None else {"If-Match": str(revision)}
        answer = await self._fetch_bytes(
            "POST", "sessions", session, "decisions", body=decision, headers=headers
        )
        return _parse_body(api.SessionBody, answer)

    async def claim_session(self, session: str) -> api.ClaimBody:
        """Show others that the caller is reviewing a session. It prevents nothing."""
        return _parse_body(api.ClaimBody, await self._fetch_bytes("POST", "sessions", session, "claim"))

    async def release_claim(self, session: str) -> None:
        """Show others that the caller does not review a session any more."""
        await self._fetch_bytes("DELETE", "sessions", session, "claim")

    async def seal_session(self, seal: api.SealRequest | None = None) -> api.SessionBody:
        """Seal the collecting session without waiting for the other cameras, and return it."""
        return _parse_body(
            api.SessionBody, await self._fetch_bytes("POST", "seal", body=seal or api.SealRequest())
        )

    async def read_log(self, session: str | None = None, after: int = 0) -> AsyncIterator[api.LogEntryBody]:
        """Yield the events after number `after`, oldest first, of one session or of all.

        The daemon sends them in pages; each is fetched when the one before it has been read.
        """
        next_after: int | None = after
        while next_after is not None:
            query = {"after": next_after} | ({} if session is None else {"session": session})
            page = await self._fetch_body(api.LogBody, "log", query=query)
            for entry in page.entries:
                yield entry
            next_after = page.next_after

    async def read_newest_entries(self, count: int) -> list[api.LogEntryBody]:
        """Return the newest `count` events of all sessions, oldest first; never more than a page."""
        return (await self._fetch_body(api.LogBody, "log", query={"newest": count})).entries

    async def fetch_manifest(self, session: str) -> dict[str, Any]:
        """Return the published manifest of a session."""
        answer = await self._fetch_bytes("GET", "sessions", session, "manifest")
        return _parse_body(_ManifestBody, answer).model_dump()

    async def reload_settings(self) -> api.ReloadBody:
        """Make the daemon reload its settings."""
        return _parse_body(api.ReloadBody, await self._fetch_bytes("POST", "reload"))

    async def direct_uploads(self, action: Literal["pause", "resume"]) -> api.StorageBody:
        """Pause or resume the uploads of all sessions."""
        answer = await self._fetch_bytes("POST", "uploads", body=api.UploadsRequest(action=action))
        return _parse_body(api.StorageBody, answer)

    async def stream_events(self, last_id: int | None = None) -> AsyncIterator[api.StreamEventBody]:
        """Yield events as they happen, from the one after ledger event `last_id` (None: from now on).

        The first is a heartbeat that the client itself adds once it is connected: a caller that then
        fetches the sessions misses nothing. Ends only by raising `Unreachable`, when the daemon is
        gone or silent for `MAX_SILENCE_S`. Reconnecting is left to the caller, who knows the last
        `seq` it has handled.
        """
        headers = {"Accept": "text/event-stream"}
        if last_id is not None:
            headers["Last-Event-ID"] = str(last_id)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_TIMEOUT_S, sock_read=MAX_SILENCE_S)
        async with self._send_request(
            "GET", _build_url("events"), headers=headers, timeout=timeout
        ) as response:
            yield api.StreamEventBody(what="heartbeat")
            async for body in _parse_event_stream(response):
                yield body
        raise Unreachable(f"the daemon on {self.socket} closed the event stream", _START_DAEMON_HINT)

    async def _fetch_body(
        self, body_type: type[_BodyT], *path: str, query: Mapping[str, Any] | None = None
    ) -> _BodyT:
        return _parse_body(body_type, await self._fetch_bytes("GET", *path, query=query))

    async def _fetch_bytes(
        self,
        method: str,
        *path: str,
        query: Mapping[str, Any] | None = None,
        body: BaseModel | None = None,
        headers: dict[str, str] | None = None,
    ) -> bytes:
        request: dict[str, Any] = {"headers": dict(headers or {})}
        if body is not None:
            request["data"] = body.model_dump_json(exclude_none=True).encode()
            request["headers"]["Content-Type"] = "application/json"
        timeout = aiohttp.ClientTimeout(total=_RESPONSE_TIMEOUT_S, sock_connect=_CONNECT_TIMEOUT_S)
        async with self._send_request(
            method, _build_url(*path, query=query), timeout=timeout, **request
        ) as response:
            return await _read_limited(response)

    @asynccontextmanager
    async def _send_request(
        self, method: str, url: URL, **request: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request, and translate every failure of the connection into an `McsyncError`."""
        if self._http is None:
            raise RuntimeError("a Client is used inside `async with`")
        if self._http.closed:  # a request that is late at the end of an app
            raise Unreachable(f"the connection to the daemon on {self.socket} is closed", _START_DAEMON_HINT)
        try:
            async with self._http.request(method, url, **request) as response:
                if response.status >= 400:
                    raise _error_from_problem(response.status, await _read_limited(response))
                yield response
        except aiohttp.ClientConnectorError as error:
            raise self._build_connection_error(error.os_error) from error
        except TimeoutError as error:
            raise Unreachable(f"the daemon on {self.socket} does not answer", _START_DAEMON_HINT) from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable(
                f"the connection to the daemon on {self.socket} broke: {error}", _START_DAEMON_HINT
            ) from error

    def _build_connection_error(self, error: OSError) -> McsyncError:
        if isinstance(error, PermissionError):
            return NotPermitted(
                f"you may not use the socket {self.socket}", "ask to be added to the group that owns it"
            )
        return Unreachable(f"no daemon answers on {self.socket}", _START_DAEMON_HINT)


class _HealthBody(api.ApiBody):
    version: str


class _ManifestBody(BaseModel, extra="allow"):
    """Any JSON object: the manifest has a schema of its own, which the client does not check."""


def _build_url(*path: str, query: Mapping[str, Any] | None = None) -> URL:
    # Encoded here because yarl would leave a "/" within a part as it is.
    parts = "/".join(quote(part, safe="") for part in path)
    return URL(f"http://mcsyncd/v1/{parts}{'?' + urlencode(query) if query else ''}", encoded=True)


def _parse_body(body_type: type[_BodyT], answer: bytes) -> _BodyT:
    try:
        return body_type.model_validate_json(answer)
    except ValidationError as error:
        raise McsyncError(
            f"cannot read the daemon's response: {error.errors()[0]['msg']}",
            "daemon and client may be different versions: compare `mcsyncd --version` with `mcsyncd status`",
        ) from error


def _error_from_problem(status: int, answer: bytes) -> McsyncError:
    try:
        problem = api.ProblemBody.model_validate_json(answer)
    except ValidationError:
        return McsyncError(f"the daemon answered HTTP {status}", "see its log: journalctl -u mcsyncd")
    if problem.code == "conflict":
        return RevisionConflict(problem.message, problem.hint, problem.current)
    return _ERROR_BY_CODE[problem.code](problem.message, problem.hint)


async def _read_limited(response: aiohttp.ClientResponse) -> bytes:
    answer = bytearray()
    async for chunk in response.content.iter_any():
        answer += chunk
        if len(answer) > _MAX_RESPONSE_BYTES:
            raise McsyncError(
                f"the daemon's response is larger than {_MAX_RESPONSE_BYTES >> 20} MiB",
                "ask for less at once",
            )
    return bytes(answer)


async def _parse_event_stream(response: aiohttp.ClientResponse) -> AsyncIterator[api.StreamEventBody]:
    """Yield the bodies of server-sent events (WHATWG HTML, section 9.2).

    An event is a run of `data:` lines that ends with an empty line. All other lines are skipped; the
    `id:` lines repeat the body's `seq`.
    """
    data: list[bytes] = []
    async for line in response.content:
        field, _, value = line.rstrip(b"\r\n").partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif not field and not value and data:
            yield _parse_body(api.StreamEventBody, b"\n".join(data))
            data.clear()
