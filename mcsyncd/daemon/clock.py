"""The wall clock, session ids, and the scheduler of the housekeeping.

APScheduler drives housekeeping only: a missed run makes something late, and loses nothing. It stores
nothing. Its default of skipping a run that is more than a second late is switched off.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler

_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
"""Letters of a session id, without those that look alike (l, o, 0, 1): people read ids to each other."""


def utc_now() -> str:
    """Return the present time in UTC, ISO 8601 with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def new_session_id(now: datetime | None = None) -> str:
    """Return an id for a new session: ids sort by time; random letters tell apart two of one second."""
    now = now or datetime.now(UTC)
    return f"{now:%Y%m%d-%H%M%S}-{''.join(secrets.choice(_LETTERS) for _ in range(3))}"


def build_scheduler(*ticks: tuple[Callable[[], Awaitable[None]], float]) -> AsyncIOScheduler:
    """Return a scheduler that calls each coroutine function at its interval in seconds. Not started yet."""
    scheduler = AsyncIOScheduler(timezone=UTC)
    for tick, every_s in ticks:
        scheduler.add_job(
            tick, "interval", seconds=every_s, max_instances=1, coalesce=True, misfire_grace_time=None
        )
    return scheduler
