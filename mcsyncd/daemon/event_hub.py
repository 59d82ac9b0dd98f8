"""The event hub: sends each event to all open event streams."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from mcsyncd.api import StreamEventBody

_MAX_QUEUED = 2000
"""Events that may wait for a subscriber. Judgement: a ledger event has about 130 bytes, so 270 kB.
Fewer, and a client on a slow line is cut off; without a limit, one that stopped reading fills the memory."""


class EventHub:
    """Broadcasts events. A subscriber that is too slow is cut off; it resumes with Last-Event-ID."""

    def __init__(self) -> None:
        self._subscribers: set[asyncio.Queue[StreamEventBody | None]] = set()

    @contextmanager
    def subscribe(self) -> Iterator[asyncio.Queue[StreamEventBody | None]]:
        """Yield a queue of events; None in it means that the stream ends."""
        queue: asyncio.Queue[StreamEventBody | None] = asyncio.Queue(_MAX_QUEUED)
        self._subscribers.add(queue)
        try:
            yield queue
        finally:
            self._subscribers.discard(queue)

    def broadcast(self, event: StreamEventBody) -> None:
        """Send an event to all subscribers."""
        for queue in list(self._subscribers):
            try:
                queue.put_nowait(event)
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
