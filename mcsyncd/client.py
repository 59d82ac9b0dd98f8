"""The typed client of the daemon's API: HTTP and server-sent events over its Unix socket.

Both faces speak through this and nothing else. An answer is a body of `mcsyncd.api`; a refusal
is an error of `mcsyncd.errors` with the daemon's own words. Who is calling is not sent: the
kernel tells the daemon.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlencode

import aiohttp
from pydantic import BaseModel, ValidationError
from yarl import URL

from mcsyncd import api
from mcsyncd.errors import BadMedia, Conflict, ExitCode, McsyncError, NotPermitted, Unreachable, UsageError

SILENCE_S = 30.0
"""The event stream has a heartbeat every 10 s; three missed and the daemon counts as gone."""

_LARGEST_ANSWER = 64 * 1024 * 1024
_RESPONSE_TIMEOUT_S = 30.0
_CONNECT_TIMEOUT_S = 5.0
_START_DAEMON_HINT = (
    "start it with `mcsyncd run` or `systemctl start mcsyncd`, or name another socket with --socket"
)
_ERROR_BY_EXIT_CODE: dict[int, type[McsyncError]] = {
    ExitCode.USAGE: UsageError,
    ExitCode.UNREACHABLE: Unreachable,
    ExitCode.CONFLICT: Conflict,
    ExitCode.NOT_PERMITTED: NotPermitted,
    ExitCode.BAD_MEDIA: BadMedia,
}
_BodyT = TypeVar("_BodyT", bound=BaseModel)


class RevisionConflict(Conflict):
    """The session has moved on; `current` is how it stands now."""

    def __init__(self, message: str, hint: str = "", current: api.SessionBody | None = None) -> None:
        super().__init__(message, hint)
        self.current = current

    def __reduce__(self) -> tuple[type[RevisionConflict], tuple[str, str, api.SessionBody | None]]:  # type: ignore[override]  # carries one field more than its base
        return type(self), (self.message, self.hint, self.current)


class Client:
    """A connection to the daemon behind `socket`, open for as long as the `async with` block.

    Every method may raise `Unreachable` (no daemon answers), `NotPermitted` (the socket or the
    decision is not yours) and `McsyncError` (what the daemon refused, in its words).
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
            self._http = None

    async def fetch_version(self) -> str:
        """Return the daemon's version: the cheapest question there is."""
        return (await self._fetch_body(_HealthBody, "health")).version

    async def fetch_status(self) -> api.StatusBody:
        """Return what is going on: folders, storage, workers, and whether the caller may approve."""
        return await self._fetch_body(api.StatusBody, "status")

    async def list_sessions(self) -> api.SessionsBody:
        """Return all sessions, newest first."""
        return await self._fetch_body(api.SessionsBody, "sessions")

    async def fetch_session(self, session: str) -> api.SessionBody:
        """Return one session. Raises `UsageError` if there is none of that id."""
        return await self._fetch_body(api.SessionBody, "sessions", session)

    async def fetch_peaks(
        self, session: str, camera: str, *, start_ms: float, step_ms: float, columns: int
    ) -> api.PeaksBody:
        """Return the peaks of one camera from `start_ms` on the session clock, a pair for each column."""
        wanted = {"camera": camera, "start_ms": start_ms, "step_ms": step_ms, "columns": columns}
        return await self._fetch_body(api.PeaksBody, "sessions", session, "peaks", query=wanted)

    async def fetch_audio(self, session: str, camera: str, *, start_ms: float, duration_ms: float) -> bytes:
        """Return a WAV of that stretch of the session: the reference left, the camera right."""
        wanted = {"camera": camera, "start_ms": start_ms, "duration_ms": duration_ms}
        return await self._fetch_bytes("GET", "sessions", session, "audio", query=wanted)

    async def send_decision(
        self, session: str, decision: api.DecisionRequest, revision: int | None = None
    ) -> api.SessionBody:
        """Send a decision made while looking at `revision`; return the session as it then stands.

        Raises `MovedOn` when the session is no longer at that revision, `NotPermitted` when the
        caller is no approver. Retry and resync need no revision.
        """
        headers = {} if revision is None else {"If-Match": str(revision)}
        answer = await self._fetch_bytes(
            "POST", "sessions", session, "decisions", body=decision, headers=headers
        )
        return _parse_body(api.SessionBody, answer)

    async def claim_session(self, session: str) -> api.ClaimBody:
        """Show others that the caller is looking at a session. It gates nothing."""
        return _parse_body(api.ClaimBody, await self._fetch_bytes("POST", "sessions", session, "claim"))

    async def seal_session(self) -> api.SessionBody:
        """Start with the files that are there, waiting for no other camera."""
        return _parse_body(api.SessionBody, await self._fetch_bytes("POST", "seal", body=api.SealRequest()))

    async def read_log(self, session: str | None = None, after: int = 0) -> AsyncIterator[api.LogEntryBody]:
        """Yield the ledger's events after number `after`, oldest first: of one session, or all.

        The daemon sends them in pages, and a page is fetched when the one before it was read.
        """
        next_after: int | None = after
        while next_after is not None:
            query = {"after": next_after} | ({} if session is None else {"session": session})
            page = await self._fetch_body(api.LogBody, "log", query=query)
            for entry in page.entries:
                yield entry
            next_after = page.next_after

    async def fetch_manifest(self, session: str) -> dict[str, Any]:
        """Return the published manifest of a session."""
        answer = await self._fetch_bytes("GET", "sessions", session, "manifest")
        return _parse_body(_ManifestBody, answer).model_dump()

    async def reload_settings(self) -> api.ReloadBody:
        """Have the daemon read its settings again."""
        return _parse_body(api.ReloadBody, await self._fetch_bytes("POST", "reload"))

    async def stream_events(self, last_id: int | None = None) -> AsyncIterator[api.StreamEventBody]:
        """Yield what happens, beginning after ledger event `last_id` (None: from now on).

        The first is a heartbeat of the client's own, as soon as the stream stands: whoever reads
        the sessions upon it misses nothing that comes after. Ends only by raising `Unreachable`:
        when the daemon goes, or is silent for `SILENCE_S`. To connect again is the caller's
        business, who knows the last `seq` it has seen.
        """
        headers = {"Accept": "text/event-stream"}
        if last_id is not None:
            headers["Last-Event-ID"] = str(last_id)
        patience = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_TIMEOUT_S, sock_read=SILENCE_S)
        async with self._send_request(
            "GET", _build_url("events"), headers=headers, timeout=patience
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
            request["data"] = body.model_dump_json().encode()
            request["headers"]["Content-Type"] = "application/json"
        patience = aiohttp.ClientTimeout(total=_RESPONSE_TIMEOUT_S, sock_connect=_CONNECT_TIMEOUT_S)
        async with self._send_request(
            method, _build_url(*path, query=query), timeout=patience, **request
        ) as response:
            return await _read_limited(response)

    @asynccontextmanager
    async def _send_request(
        self, method: str, url: URL, **request: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send, and turn every way in which the other end can fail into an error of ours."""
        if self._http is None:
            raise RuntimeError("a Client is used inside `async with`")
        try:
            async with self._http.request(method, url, **request) as response:
                if response.status >= 400:
                    raise _error_from_problem(response.status, await _read_limited(response))
                yield response
        except aiohttp.ClientConnectorError as error:
            raise self._build_connection_error(error.os_error) from error
        except TimeoutError as error:
            raise Unreachable(f"the daemon on {self.socket} is silent", _START_DAEMON_HINT) from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable(
                f"the daemon on {self.socket} broke off: {error}", _START_DAEMON_HINT
            ) from error

    def _build_connection_error(self, error: OSError) -> McsyncError:
        if isinstance(error, PermissionError):
            return NotPermitted(
                f"you may not use the socket {self.socket}", "ask for membership in the group that owns it"
            )
        return Unreachable(f"no daemon answers on {self.socket}", _START_DAEMON_HINT)


class _HealthBody(api.ApiBody):
    version: str


class _ManifestBody(BaseModel, extra="allow"):
    """Any JSON object: the manifest has its own schema, which is not a client's business."""


def _build_url(*path: str, query: Mapping[str, Any] | None = None) -> URL:
    # Encoded here because yarl would leave a "/" within a part as it is.
    parts = "/".join(quote(part, safe="") for part in path)
    return URL(f"http://mcsyncd/v1/{parts}{'?' + urlencode(query) if query else ''}", encoded=True)


def _parse_body(body_type: type[_BodyT], answer: bytes) -> _BodyT:
    try:
        return body_type.model_validate_json(answer)
    except ValidationError as error:
        raise McsyncError(
            f"the daemon's answer is not understood: {error.errors()[0]['msg']}",
            "daemon and client may differ in version: compare `mcsyncd --version` with `mcsyncd status`",
        ) from error


def _error_from_problem(status: int, answer: bytes) -> McsyncError:
    try:
        told = api.ProblemBody.model_validate_json(answer)
    except ValidationError:
        return McsyncError(f"the daemon answered HTTP {status}", "its log says why: journalctl -u mcsyncd")
    if told.exit_code == ExitCode.CONFLICT:
        return RevisionConflict(told.message, told.hint, told.current)
    return _ERROR_BY_EXIT_CODE.get(told.exit_code, McsyncError)(told.message, told.hint)


async def _read_limited(response: aiohttp.ClientResponse) -> bytes:
    answer = bytearray()
    async for piece in response.content.iter_any():
        answer += piece
        if len(answer) > _LARGEST_ANSWER:
            raise McsyncError("the daemon's answer is too large to be one", "ask for a shorter stretch")
    return bytes(answer)


async def _parse_event_stream(response: aiohttp.ClientResponse) -> AsyncIterator[api.StreamEventBody]:
    """Read server-sent events (WHATWG HTML, section 9.2): `data:` lines, ended by an empty one.

    The `id:` lines repeat the body's `seq` and are skipped with everything else.
    """
    told: list[bytes] = []
    async for line in response.content:
        field, _, value = line.rstrip(b"\r\n").partition(b":")
        if field == b"data":
            told.append(value.removeprefix(b" "))
        elif not field and not value and told:
            yield _parse_body(api.StreamEventBody, b"\n".join(told))
            told.clear()
