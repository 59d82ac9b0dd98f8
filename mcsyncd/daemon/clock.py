"""The clocks, read at the edge, and the housekeeping ticks.

APScheduler drives housekeeping only: what it forgets is a little late, never lost. It stores
nothing, and its default of skipping a tick that is a second late is switched off.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler

_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


def utc_now() -> str:
    """Return the wall clock in UTC, ISO 8601 with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def new_session_id(now: datetime | None = None) -> str:
    """Return a new session's id: it sorts by time, and two in one second differ."""
    now = now or datetime.now(UTC)
    return f"{now:%Y%m%d-%H%M%S}-{''.join(secrets.choice(_LETTERS) for _ in range(3))}"


def build_scheduler(*ticks: tuple[Callable[[], Awaitable[None]], float]) -> AsyncIOScheduler:
    """Return a scheduler that calls each coroutine function every so many seconds; start it yourself."""
    made = AsyncIOScheduler(timezone=UTC)
    for tick, every_s in ticks:
        made.add_job(
            tick, "interval", seconds=every_s, max_instances=1, coalesce=True, misfire_grace_time=None
        )
    return made
