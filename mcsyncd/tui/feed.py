"""The only reader of the event stream: it connects, reconnects, and posts messages to the app.

An event names a session, and the feed then reads that session from the API. So a screen never
shows a state that was pieced together from events.
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
"""Seconds before the first attempt to reconnect; a restart of the daemon takes about as long."""

MAX_RETRY_S = 8.0
"""Longest wait between two attempts, which doubles each time. Judgement: a person watches the countdown."""


class Feed:
    """Follows the daemon behind `client` and gives each piece of news to `post` as a message."""

    def __init__(self, client: Client, post: Callable[[Message], object]) -> None:
        self._client = client
        self._post = post
        self._last_seq: int | None = None
        self._daemon_id: tuple[int, str] | None = None

    async def run(self) -> None:
        """Connect and follow until cancelled; after an error, wait longer each time and reconnect.

        After a break the stream resumes behind the last event seen (Last-Event-ID).
        """
        retry_s = FIRST_RETRY_S
        while True:
            try:
                async for event in self._client.stream_events(self._last_seq):
                    await self._handle_event(event)
                    retry_s = FIRST_RETRY_S
            except McsyncError as error:
                self._post(Disconnected(error.message, error.hint, retry_s))
                if self._last_seq is None:  # nothing to resume from: read everything again
                    self._daemon_id = None
            await asyncio.sleep(retry_s)
            retry_s = min(retry_s * 2, MAX_RETRY_S)

    async def _handle_event(self, event: StreamEventBody) -> None:
        if event.seq is not None:
            self._last_seq = max(event.seq, self._last_seq or 0)
        if event.what in {"heartbeat", "folders"}:
            await self._read_status()
        elif event.what == "progress" and event.session is not None and event.progress is not None:
            self._post(ProgressChanged(event.session, event.progress))
        elif event.session is not None:
            await self._read_session(event.session)

    async def _read_status(self) -> None:
        """Read the daemon's status, and everything if this is not the same daemon process as before."""
        status = await self._client.fetch_status()
        if (status.pid, status.started_at) == self._daemon_id:
            self._post(StatusChanged(status))
            return
        finished = await self._client.list_sessions(finished=True)
        sessions = [*finished.sessions, *[one async for one in self._client.read_sessions(finished=False)]]
        self._daemon_id = (status.pid, status.started_at)
        self._post(Connected(status, sessions, finished.next_before))

    async def _read_session(self, session: str) -> None:
        try:
            self._post(SessionChanged(await self._client.fetch_session(session)))
        except UsageError:  # it was removed in the meantime
            return
