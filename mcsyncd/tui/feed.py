"""The one reader of the event stream: it connects, connects again, and posts messages.

A word on the stream names a session; the session itself is then read, so the screen never shows
what was put together from words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.message import Message

from mcsyncd.api import StreamEventBody
from mcsyncd.client import Client
from mcsyncd.errors import McsyncError, UsageError
from mcsyncd.tui.messages import Connected, Disconnected, ProgressChanged, SessionChanged, StatusChanged

FIRST_RETRY_S = 0.5
MAX_RETRY_S = 8.0


class Feed:
    """Follows the daemon behind `client` for ever and tells `post` what it hears."""

    def __init__(self, client: Client, post: Callable[[Message], object]) -> None:
        self._client = client
        self._post = post
        self._last_seq: int | None = None
        self._daemon_id: tuple[int, str] | None = None

    async def run(self) -> None:
        """Connect and follow; on any trouble wait, slower each time, and connect again.

        After a break the stream goes on behind the last event seen (Last-Event-ID).
        """
        retry_s = FIRST_RETRY_S
        while True:
            try:
                async for word in self._client.stream_events(self._last_seq):
                    await self._handle_event(word)
                    retry_s = FIRST_RETRY_S
            except McsyncError as error:
                self._post(Disconnected(error.message, error.hint, retry_s))
                if self._last_seq is None:  # there is nothing to go on from: read everything again
                    self._daemon_id = None
            await asyncio.sleep(retry_s)
            retry_s = min(retry_s * 2, MAX_RETRY_S)

    async def _handle_event(self, event: StreamEventBody) -> None:
        if event.seq is not None:
            self._last_seq = max(event.seq, self._last_seq or 0)
        if event.what in {"heartbeat", "folders"}:
            await self._read_status()
        elif event.what == "progress" and event.session is not None:
            self._post(ProgressChanged(event.session, event.progress))
        elif event.session is not None:
            await self._read_session(event.session)

    async def _read_status(self) -> None:
        """Read the daemon's state; another daemon than before means reading everything."""
        status = await self._client.fetch_status()
        if (status.pid, status.started_at) == self._daemon_id:
            self._post(StatusChanged(status))
            return
        sessions = (await self._client.list_sessions()).sessions
        self._daemon_id = (status.pid, status.started_at)
        self._post(Connected(status, sessions))

    async def _read_session(self, session: str) -> None:
        try:
            self._post(SessionChanged(await self._client.fetch_session(session)))
        except UsageError:  # it went between the word and the question
            return
