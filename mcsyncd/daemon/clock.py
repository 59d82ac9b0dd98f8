"""The wall clock, session ids, and the scheduler of the housekeeping.

APScheduler drives housekeeping only: a missed run makes something late, and loses nothing. It stores
nothing. Its default of skipping a run that is more than a second late is switched off. It plans by a
calendar, which is made to show monotonic time: with the wall clock a day back, it would wake for
nothing until tomorrow, and with one years ahead, it would count every run that it had missed.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, tzinfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
"""Letters of a session id, without those that look alike (l, o, 0, 1): people read ids to each other."""
_BOOT = datetime(1970, 1, 1)  # noqa: DTZ001  # its zone is `_MonotonicZone`
"""What the scheduler's calendar shows when the monotonic clock is at 0. Any date will do."""


def utc_now() -> str:
    """Return the present time in UTC, ISO 8601 with microseconds."""
    return _format_utc(datetime.now(UTC))


def utc_in(wait_s: float) -> str:
    """Return the time in UTC in `wait_s` seconds, as `utc_now` writes it."""
    return _format_utc(datetime.now(UTC) + timedelta(seconds=wait_s))


def _format_utc(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def new_session_id(now: datetime | None = None) -> str:
    """Return an id for a new session: ids sort by time; random letters tell apart two of one second."""
    now = now or datetime.now(UTC)
    return f"{now:%Y%m%d-%H%M%S}-{''.join(secrets.choice(_LETTERS) for _ in range(3))}"


def build_scheduler(*ticks: tuple[Callable[[], Awaitable[None]], float]) -> AsyncIOScheduler:
    """Return a scheduler that calls each coroutine function at its interval in seconds. Not started yet.

    The intervals are on the monotonic clock.
    """
    scheduler = AsyncIOScheduler(timezone=_MonotonicZone())
    for tick, every_s in ticks:
        scheduler.add_job(
            tick, _Every(timedelta(seconds=every_s)), max_instances=1, coalesce=True, misfire_grace_time=None
        )
    return scheduler


class _MonotonicZone(tzinfo):
    """A time zone in which it is always as late as the monotonic clock says: `datetime.now` asks it."""

    def fromutc(self, _: datetime) -> datetime:
        return (_BOOT + timedelta(seconds=time.monotonic())).replace(tzinfo=self)

    def utcoffset(self, _: datetime | None) -> timedelta:
        return timedelta(0)

    def dst(self, _: datetime | None) -> timedelta:
        return timedelta(0)

    def tzname(self, _: datetime | None) -> str:
        return "monotonic"


class _Every(BaseTrigger):  # type: ignore[misc]  # APScheduler ships no types
    """Fires at an interval from now. Unlike APScheduler's own, it converts no time from zone to zone."""

    def __init__(self, interval: timedelta) -> None:
        self._interval = interval

    def get_next_fire_time(self, _: datetime | None, now: datetime) -> datetime:
        return now + self._interval
