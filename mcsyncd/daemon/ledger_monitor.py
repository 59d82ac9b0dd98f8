"""The ledger monitor: the rest of the check that a start had no time for, the daily copy, and its health."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import structlog

from mcsyncd.api import AlertBody, LedgerBody
from mcsyncd.daemon.bounded_calls import run_in_thread
from mcsyncd.daemon.ledger_thread import LedgerThread
from mcsyncd.daemon.snapshot_publisher import SnapshotPublisher
from mcsyncd.errors import LedgerUnavailable
from mcsyncd.settings.schema import Settings
from mcsyncd.store.audit import LedgerCheck
from mcsyncd.store.backup import back_up_daily, list_daily_backups, locate_daily_backup

_SLICE_S, _PAUSE_S = 0.02, 0.06
"""Seconds of checking at once, and seconds between: a quarter of one core. Judgement: more, and answers of
the API are noticeably late while a huge ledger is checked; less, and the check takes hours."""
_RETRY_S = 60.0
"""Seconds before a check that could not read the disk begins again. Judgement: a disk that fails is shown
elsewhere; checking it all the time would not help."""
_SHOWN_FAULTS = 5
"""Faults in a status. Judgement: one is enough to act on; `mcsyncd verify log` prints all."""

log = structlog.get_logger("mcsyncd.ledger")


class LedgerMonitor:
    """Watches over one ledger. `check` is the check as far as the start came; None for a new ledger."""

    def __init__(
        self,
        ledger: LedgerThread,
        check: LedgerCheck | None,
        settings: Callable[[], Settings],
        snapshots: SnapshotPublisher,
    ) -> None:
        self._ledger = ledger
        self._check = check
        self._settings = settings
        self._snapshots = snapshots
        self._backup_error: LedgerUnavailable | None = None
        self._last_backup: Path | None = None
        self._copying = asyncio.Lock()

    async def run_check(self) -> None:
        """Finish the check, a little at a time, then make the copy of the day. A fault stops decisions."""
        while (check := self._check) is not None and not check.is_complete:
            try:
                await run_in_thread(partial(_check_for, check, _SLICE_S))
            except sqlite3.OperationalError as error:
                log.warning("the check of the ledger begins again", error=str(error))
                check.close()
                self._check = await self._begin_check_again()
                continue
            if check.faults:
                self._ledger.report_faults(check.faults)
            await asyncio.sleep(_PAUSE_S)
        if check is not None:
            log.info("the ledger is checked", events=check.event_count, faults=len(check.faults))
            check.close()
            await self.make_backup()

    async def _begin_check_again(self) -> LedgerCheck:
        """Return a new check, as soon as the disk lets the ledger be opened."""
        while True:
            await asyncio.sleep(_RETRY_S)
            with suppress(sqlite3.OperationalError):
                return await run_in_thread(partial(LedgerCheck, self._ledger.ledger.path))

    async def make_backup(self) -> None:
        """Make the copy of the day, once the whole ledger is known to be intact, and let it be published.

        Called regularly.
        """
        async with self._copying:
            if self._ledger.fault is None and self._is_checked:
                await self._make_backup()

    async def _make_backup(self) -> None:
        settings, today = self._settings(), f"{datetime.now(UTC):%Y%m%d}"
        make = partial(
            back_up_daily,
            self._ledger.ledger.path,
            settings.backup_folder,
            settings.ledger.backups,
            today,
        )
        try:
            if await self._ledger.call(self._ledger.ledger.read_head) == (0, ""):
                return  # a copy of nothing would stand for the first day's work until tomorrow
            made = await run_in_thread(make)
            found = await run_in_thread(partial(list_daily_backups, settings.backup_folder))
        except (LedgerUnavailable, OSError) as error:
            self._backup_error = (
                error if isinstance(error, LedgerUnavailable) else LedgerUnavailable(str(error))
            )
            log.warning("the ledger was not copied", error=str(error))
            return
        self._backup_error, self._last_backup = None, found[-1] if found else None
        if made is not None:
            log.info("the ledger was copied", copy=str(made))
        self._snapshots.publish_copy(locate_daily_backup(settings.backup_folder, today))

    @property
    def _is_checked(self) -> bool:
        return self._check is None or self._check.is_complete

    def build_body(self) -> LedgerBody:
        """Return the state of the ledger for the status."""
        check, fault = self._check, self._ledger.fault
        faults = list(check.faults[:_SHOWN_FAULTS]) if check is not None else []
        return LedgerBody(
            check="faulty" if fault is not None else "ok" if self._is_checked else "running",
            checked_events=check.event_count if check is not None else 0,
            faults=faults or ([fault.message] if fault is not None else []),
            can_be_written=self._ledger.write_error is None and fault is None,
            last_backup=str(self._last_backup) if self._last_backup is not None else None,
        )

    def list_alerts(self) -> list[AlertBody]:
        """Return what is wrong with the ledger now."""
        found = []
        if (fault := self._ledger.fault) is not None:
            found.append(
                AlertBody(code="ledger_damaged", level="error", message=fault.message, hint=fault.hint)
            )
        elif (error := self._ledger.write_error) is not None:
            message = f"the ledger can't be written: {error.message.partition(': ')[2]}"
            found.append(AlertBody(code="ledger_unwritable", level="error", message=message, hint=error.hint))
        if (error := self._backup_error) is not None:
            found.append(
                AlertBody(code="backup_failed", level="warning", message=error.message, hint=error.hint)
            )
        return [*found, *self._snapshots.list_alerts()]


def _check_for(check: LedgerCheck, seconds: float) -> None:
    """Check on for some time. The pages take as long as they take: they cannot be checked in parts."""
    end = time.monotonic() + seconds
    while not check.is_complete and time.monotonic() < end:
        check.advance()
