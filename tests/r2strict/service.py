"""The proxy as a server on the loopback, in a thread of its own."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from mcsyncd.publish.credentials import AccessKey
from r2strict.faults import Faults
from r2strict.proxy import Proxy
from r2strict.tally import Tally
from r2strict.upstream import Upstream

_HOST = "127.0.0.1"
_MAX_LINE_BYTES = 1 << 16
"""Longest line of a request's head: what is too long for R2 must reach its rules, not fail before."""
_WAIT_S = 30
"""Seconds that the thread may take to open or close. Judgement: it takes milliseconds."""


class StrictStore:
    """A store on the loopback that behaves as R2 does, while the context is open.

    `address` is that of the real store behind it, `access` a key of it. With `tls` it serves https.
    """

    def __init__(
        self, address: str, access: AccessKey, *, tls: ssl.SSLContext | None = None, seed: int = 0
    ) -> None:
        self.faults = Faults(seed)
        self.tally = Tally()
        self._address = address
        self._access = access
        self._tls = tls
        self._port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="r2strict", daemon=True)

    @property
    def endpoint(self) -> str:
        """The URL that clients connect to."""
        return f"{'https' if self._tls else 'http'}://{_HOST}:{self._port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def go_away(self) -> None:
        """Refuse connections and end those that are open, as if the store were not there."""
        self._call(self._stop_listening())

    def come_back(self) -> None:
        """Listen again, on the same port."""
        self._call(self._listen())

    def _call(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_WAIT_S)

    async def _open(self) -> None:
        self._upstream = Upstream(self._address, self._access)
        # Not an Application: that would answer `Expect: 100-continue`, which R2 never does.
        self._server = web.Server(
            Proxy(self._upstream, self.faults, self.tally).handle,
            auto_decompress=False,
            access_log=None,
            max_line_size=_MAX_LINE_BYTES,
            max_field_size=_MAX_LINE_BYTES,
        )
        await self._listen()

    async def _listen(self) -> None:
        self._listener = await self._loop.create_server(
            self._server, _HOST, self._port, ssl=self._tls, reuse_address=True
        )
        self._port = self._listener.sockets[0].getsockname()[1]

    async def _stop_listening(self) -> None:
        self._listener.close()
        for connection in list(self._server.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(0)

    async def _close(self) -> None:
        await self._stop_listening()
        late = asyncio.all_tasks() - {asyncio.current_task()}  # answers that a fault delays
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        await self._server.shutdown(0)
        await self._upstream.close()
        await self._loop.shutdown_asyncgens()
