"""Serve the preview page of one session on the loopback interface.

Every user of the machine reaches the loopback interface, so the address holds a secret, and it ends with
the server. The page is served, and the objects that the session's manifest names for it. Nothing is written.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from mcsyncd.errors import McsyncError, StorageError
from mcsyncd.preview.media_source import MediaSource
from mcsyncd.preview.static_page import CONTENT_TYPES, build_page_files, build_policy
from mcsyncd.publish.share import SharedObject

MEDIA_PATH = "media"
"""Below it, the objects have their keys as addresses."""
_SECRET_BYTES = 16
"""Random bytes in the address: 128 bits, as many as nobody guesses (RFC 4122 has 122)."""
_HEADERS = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
_MEDIA_HEADERS = _HEADERS | {"Cache-Control": "private, max-age=3600"}
"""An object never changes. An hour: judgement, a page that is opened again need not load it twice."""


class PageServer:
    """Serves one session's page under an address with a secret."""

    def __init__(
        self,
        document: Mapping[str, Any],
        shown: Iterable[SharedObject],
        source: MediaSource,
    ) -> None:
        self._shown = {one.key: one for one in shown}
        self._source = source
        self._secret = secrets.token_urlsafe(_SECRET_BYTES)
        self._policy = build_policy(source.origins) + "; frame-ancestors 'none'"
        self._files = build_page_files(document, source.origins)

    async def serve(self, port: int, report: Callable[[str], None]) -> None:
        """Serve until cancelled; `report` gets the address. Raises McsyncError if the port is taken."""
        app = web.Application()
        app.router.add_get(f"/{self._secret}/{MEDIA_PATH}/{{key:.+}}", self._answer_media)
        app.router.add_get(f"/{self._secret}/{{name:[a-z.]*}}", self._answer_page)
        runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", port)
            try:
                await site.start()
            except OSError as error:
                raise McsyncError(f"port {port}: {error.strerror}", "name another one with --port") from error
            report(f"http://127.0.0.1:{runner.addresses[0][1]}/{self._secret}/")
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    async def _answer_page(self, request: web.Request) -> web.Response:
        name = request.match_info["name"] or "index.html"
        if name not in self._files:
            raise web.HTTPNotFound
        return web.Response(
            body=self._files[name],
            content_type=CONTENT_TYPES[Path(name).suffix],
            charset="utf-8",
            headers={**_HEADERS, "Content-Security-Policy": self._policy},
        )

    async def _answer_media(self, request: web.Request) -> web.StreamResponse:
        shown = self._shown.get(request.match_info["key"])
        if shown is None:
            raise web.HTTPNotFound
        try:
            answer = await self._source.answer(shown)
        except (
            StorageError
        ) as error:  # the bucket is away, or lets nobody in: the page says that it is missing
            raise web.HTTPBadGateway(text=str(error)) from error
        answer.headers.update(_MEDIA_HEADERS)
        return answer
