"""The upload guard: holds uploads that would exceed a limit of the settings, before they start.

What is stored and was called is read from the ledger once an hour; what is started in between is added to it.
So no event costs anything, and a restart forgets nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TypeGuard

import structlog

from mcsyncd.checks.sessions import locate_ledger
from mcsyncd.checks.store_cost import count_recorded_calls
from mcsyncd.daemon.bounded_calls import run_in_thread
from mcsyncd.daemon.clock import utc_now
from mcsyncd.daemon.upload_limits import ExceededLimit, StoreLoad, find_exceeded_limit
from mcsyncd.errors import McsyncError
from mcsyncd.model.jobs import Job, Upload
from mcsyncd.model.upload_limits import UploadLimits
from mcsyncd.publish.price_table import load_price_table
from mcsyncd.settings.schema import Settings
from mcsyncd.settings.stores import R2Storage
from mcsyncd.store.upload_history import read_upload_history

_READ_EVERY_S = 3600.0
"""Seconds between two readings of the ledger. Judgement: a new day begins an hour late at most, and a large
ledger takes a second to read."""
_NOT_READ = ExceededLimit("what is stored is being counted", "nothing: uploads go on by themselves")

log = structlog.get_logger("mcsyncd.upload_guard")


class UploadGuard:
    """Knows the load of the store. Used by the event loop alone."""

    def __init__(self, settings: Callable[[], Settings], clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._prices = load_price_table()
        self._load: StoreLoad | None = None
        self._read_at = 0.0
        self._started: dict[str, int] = {}
        """Bytes by job of the uploads that were started since the last reading."""
        self.held: ExceededLimit | None = None
        """Why uploads wait, if any that is due does."""

    async def refresh(self) -> None:
        """Read the ledger if there is a limit and the last reading is an hour old. Called regularly."""
        if self._limits.are_none or (
            self._load is not None and self._clock() - self._read_at < _READ_EVERY_S
        ):
            return
        try:
            self._load = await run_in_thread(partial(_read_load, self._settings(), utc_now()))
        except McsyncError as error:
            log.warning("what is stored could not be counted", error=str(error))
            return
        self._read_at, self._started = self._clock(), {}

    def choose_allowed(self, due: list[Job]) -> list[Job]:
        """Return the due jobs without the uploads that would exceed a limit."""
        self.held = None
        if self._limits.are_none:
            return due
        return [job for job in due if self._judge(job) is None]

    def admit(self, job: Job) -> bool:
        """Count a job that is about to start; return False for an upload that would exceed a limit."""
        if self._limits.are_none or not self._is_counted(job):
            return True
        if self._judge(job) is not None:
            return False
        self._started[job.id] = job.object.bytes
        return True

    @property
    def _limits(self) -> UploadLimits:
        settings = self._settings()
        return settings.uploads.guards.limits if _list_buckets(settings) else UploadLimits()

    def _is_counted(self, job: Job) -> TypeGuard[Upload]:
        """Tell whether a job sends something to a bucket."""
        return isinstance(job, Upload) and job.store in _list_buckets(self._settings())

    def _judge(self, job: Job) -> ExceededLimit | None:
        """Return the limit that an upload would exceed, and remember it; None for every other job."""
        if not self._is_counted(job):
            return None
        if self._load is None:
            found: ExceededLimit | None = _NOT_READ
        else:
            load = self._load
            for size in (self._started | {job.id: job.object.bytes}).values():
                load = load.add_upload(size)
            found = find_exceeded_limit(self._limits, load, self._prices)
        self.held = self.held or found
        return found


def _list_buckets(settings: Settings) -> frozenset[str]:
    """Return the names of the buckets, as the ledger has them: together they keep to the limits."""
    return frozenset(settings.name_store(one) for one in settings.stores if isinstance(one, R2Storage))


def _read_load(settings: Settings, now: str) -> StoreLoad:
    """Return the load of the buckets by the ledger, on the day and in the month of `now` (UTC, ISO 8601)."""
    history = read_upload_history(locate_ledger(settings)).select_stores(_list_buckets(settings))
    stored = sum(one.object.bytes for one in history.stored)
    return StoreLoad(stored, count_recorded_calls(history, now[:10]), count_recorded_calls(history, now[:7]))
