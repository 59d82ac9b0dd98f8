"""The one reader of the event stream: it connects, connects again, and posts messages.

A word on the stream names a session; the session itself is then read, so the screen never shows
what was put together from words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.message import Message

from mcsyncd.api import StreamBody
from mcsyncd.client import Client
from mcsyncd.errors import McsyncError, UsageError
from mcsyncd.tui.messages import Connected, Gone, Progressed, SessionChanged, StatusChanged

FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 8.0


class Feed:
    """Follows the daemon behind `client` for ever and tells `post` what it hears."""

    def __init__(self, client: Client, post: Callable[[Message], object]) -> None:
        self._client = client
        self._post = post
        self._last: int | None = None
        self._daemon: tuple[int, str] | None = None

    async def run(self) -> None:
        """Connect and follow; on any trouble wait, slower each time, and connect again.

        After a break the stream goes on behind the last event seen (Last-Event-ID).
        """
        retry_s = FIRST_RETRY_S
        while True:
            try:
                async for word in self._client.events(self._last):
                    await self._take(word)
                    retry_s = FIRST_RETRY_S
            except McsyncError as error:
                self._post(Gone(error.message, error.hint, retry_s))
                if self._last is None:  # there is nothing to go on from: read everything again
                    self._daemon = None
            await asyncio.sleep(retry_s)
            retry_s = min(retry_s * 2, LONGEST_RETRY_S)

    async def _take(self, word: StreamBody) -> None:
        if word.seq is not None:
            self._last = max(word.seq, self._last or 0)
        if word.what in {"heartbeat", "folders"}:
            await self._read_status()
        elif word.what == "progress" and word.session is not None:
            self._post(Progressed(word.session, word.progress))
        elif word.session is not None:
            await self._read_session(word.session)

    async def _read_status(self) -> None:
        """Read the daemon's state; another daemon than before means reading everything."""
        status = await self._client.status()
        if (status.pid, status.started_at) == self._daemon:
            self._post(StatusChanged(status))
            return
        sessions = (await self._client.sessions()).sessions
        self._daemon = (status.pid, status.started_at)
        self._post(Connected(status, sessions))

    async def _read_session(self, session: str) -> None:
        try:
            self._post(SessionChanged(await self._client.session(session)))
        except UsageError:  # it went between the word and the question
            return
