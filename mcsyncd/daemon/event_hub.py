"""Everybody who listens: news go out to all open event streams."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from mcsyncd.api import StreamEventBody

_MAX_QUEUED = 2000


class EventHub:
    """Fans news out. A listener too slow to follow is cut off: it comes back with Last-Event-ID."""

    def __init__(self) -> None:
        self._subscribers: set[asyncio.Queue[StreamEventBody | None]] = set()

    @contextmanager
    def subscribe(self) -> Iterator[asyncio.Queue[StreamEventBody | None]]:
        """Give a queue of news; None in it means that the stream ends."""
        queue: asyncio.Queue[StreamEventBody | None] = asyncio.Queue(_MAX_QUEUED)
        self._subscribers.add(queue)
        try:
            yield queue
        finally:
            self._subscribers.discard(queue)

    def broadcast(self, news: StreamEventBody) -> None:
        """Send news to everybody."""
        for queue in list(self._subscribers):
            try:
                queue.put_nowait(news)
            except asyncio.QueueFull:
                self._cut_off(queue)

    def close(self) -> None:
        """End all streams."""
        for queue in list(self._subscribers):
            self._cut_off(queue)

    def _cut_off(self, queue: asyncio.Queue[StreamEventBody | None]) -> None:
        self._subscribers.discard(queue)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)
