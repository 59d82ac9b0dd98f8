"""The gate of the API: how many clients are served at once, and for how long one may keep them waiting.

Without it, clients that only connect use up the daemon's file descriptors, and the drop folders are no
longer read. Above a limit, the connection that has been idle for longest makes room; only if all
are at work is a new one refused.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from aiohttp.web_protocol import RequestHandler

from mcsyncd.api import ProblemBody
from mcsyncd.daemon.accounts import read_peer_uid
from mcsyncd.daemon.api_socket import BACKLOG

MAX_CLIENTS = 256
"""Connections at once. A process has 1,024 file descriptors by default, and workers and scans need some.
Judgement: far more than the people of one machine; the terminal app holds about three."""
MAX_CLIENTS_OF_ONE = 64
"""Connections of one user at once: one who leaves them all open takes no room from the others."""
IDLE_S = 30.0
"""Seconds that a client may take for the head of a request, and be silent between two. Judgement: the client
sends a head at once, and connects again by itself; longer, and idle connections hold their descriptors."""
BODY_S = 10.0
"""Seconds that a client may take for the body of a request, at most 64 KiB. Judgement: over ssh to the other
side of the world it takes one; longer, and slow senders hold their descriptors."""
WRITE_S = 30.0
"""Seconds that one event may take to be sent. Judgement: as long as the client waits for a heartbeat; one
that does not read for longer has hung, and connects again when it goes on."""
_ACCEPTS_AT_ONCE = 32
"""Connections that are accepted before those that must make room are closed. Judgement: with a thousand, a
burst would use up the descriptors for a moment; with one, accepting is slow."""
_SHUTDOWN_S = 2.0
"""Seconds that running requests get when the daemon stops."""
_LINGER_S = 1.0
"""Seconds that the rest of a refused body is read, so that the sender gets the answer and not a reset."""

log = structlog.get_logger("mcsyncd.api")


class ClientConnection(RequestHandler):
    """One connection. `uid` is its user's, None before it is known; `running` counts its requests."""

    def __init__(self, gate: ClientGate, server: web.Server) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=IDLE_S,
            lingering_time=_LINGER_S,
            access_log=None,  # type: ignore[arg-type]  # aiohttp's own way to switch it off
        )
        self._gate = gate
        self._is_refused = False
        self.uid: int | None = None
        self.running = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Serve the client, or answer at once that there are too many."""
        connection = transport.get_extra_info("socket")
        self.uid = read_peer_uid(cast(socket.socket, connection))
        if self._gate.admit(self):
            super().connection_made(transport)
            return
        self._is_refused = True
        writer = cast(asyncio.WriteTransport, transport)
        writer.write(_build_refusal())
        writer.close()

    def cut_off(self) -> None:
        """Close at once: a client that does not read its answer would keep the connection open."""
        transport = self.transport
        self.force_close()
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take in a part of a request, unless the client was refused."""
        if not self._is_refused:
            super().data_received(data)

    def eof_received(self) -> None:
        """The client sends no more."""
        if not self._is_refused:
            super().eof_received()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Make room for others."""
        self._gate.release(self)
        if not self._is_refused:
            super().connection_lost(exc)


class ClientGate:
    """Admits connections, in the order of their last activity."""

    def __init__(
        self, server: web.Server, max_clients: int = MAX_CLIENTS, max_of_one: int = MAX_CLIENTS_OF_ONE
    ) -> None:
        self._server = server
        self._max_clients = max_clients
        self._max_of_one = max_of_one
        self._clients: dict[ClientConnection, None] = {}

    def build_connection(self) -> ClientConnection:
        """Return the protocol of a new connection."""
        return ClientConnection(self, self._server)

    def admit(self, client: ClientConnection) -> bool:
        """Take in a connection, in the place of an idle one if need be; False if there is no room."""
        own = [other for other in self._clients if other.uid == client.uid]
        crowd = own if len(own) >= self._max_of_one else list(self._clients)
        if len(own) >= self._max_of_one or len(self._clients) >= self._max_clients:
            idle = next((other for other in crowd if not other.running), None)
            if idle is None:
                log.warning("too many clients", uid=client.uid, clients=len(self._clients), of_one=len(own))
                return False
            self.release(idle)
            idle.cut_off()
        self._clients[client] = None
        return True

    def release(self, client: ClientConnection) -> None:
        """Forget a connection."""
        self._clients.pop(client, None)

    def note_activity(self, client: ClientConnection) -> None:
        """Put a connection at the end of those that may have to make room."""
        if client in self._clients:
            self.release(client)
            self._clients[client] = None


@web.middleware
async def mark_activity(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Keep a connection from making room while a request of it is answered."""
    client = request.protocol
    if not isinstance(client, ClientConnection):
        return await handler(request)
    client.running += 1
    try:
        return await handler(request)
    finally:
        client.running -= 1
        client._gate.note_activity(client)  # noqa: SLF001  # the two belong together


@asynccontextmanager
async def serve_app(
    app: web.Application,
    listener: socket.socket,
    *,
    max_clients: int = MAX_CLIENTS,
    max_of_one: int = MAX_CLIENTS_OF_ONE,
) -> AsyncIterator[None]:
    """Serve an application on a listening Unix socket until the end of the block, then close both."""
    runner = web.AppRunner(app, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    gate = ClientGate(cast(web.Server, runner.server), max_clients, max_of_one)
    server = await asyncio.get_running_loop().create_unix_server(
        gate.build_connection, sock=listener, backlog=_ACCEPTS_AT_ONCE
    )
    listener.listen(BACKLOG)  # asyncio has just set it to the number that it accepts at once
    try:
        yield
    finally:
        server.close()
        await runner.cleanup()


def _build_refusal() -> bytes:
    body = ProblemBody(
        code="unavailable",
        message="too many clients are connected",
        hint="close some of them, or try again in a moment",
    )
    text = body.model_dump_json().encode()
    head = (
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json; charset=utf-8\r\n"
        f"Content-Length: {len(text)}\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + text
