"""The ledger as the event loop uses it: every call runs in the one thread that owns the connection.

It also remembers what is wrong with the ledger: that it cannot be written now, which passes, or that
it is damaged, after which nothing more is recorded.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import structlog

from mcsyncd.errors import LedgerDamaged, LedgerUnavailable
from mcsyncd.model.events import Event
from mcsyncd.model.session import Session
from mcsyncd.store.damage import RECOVERY_HINT, require_readable
from mcsyncd.store.ledger import Ledger, RecordedEvent

T = TypeVar("T")

log = structlog.get_logger("mcsyncd.ledger")


class LedgerThread:
    """Calls the ledger in its thread."""

    def __init__(self, ledger: Ledger, thread: ThreadPoolExecutor) -> None:
        self.ledger = ledger
        self._thread = thread
        self.write_error: LedgerUnavailable | None = None
        """Why the last attempt to read or write failed; None since one to write has succeeded."""
        self.fault: LedgerDamaged | None = None
        """What is damaged. It stays: only a restart checks the ledger anew."""

    async def call(self, function: Callable[..., T], *args: object) -> T:
        """Return what `function` returns in the ledger's thread.

        Raises LedgerUnavailable if the disk fails, and LedgerDamaged if the ledger is not what was written.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, partial(self._call_twice, function, *args)
            )
        except sqlite3.OperationalError as error:
            self.write_error = LedgerUnavailable(
                f"the ledger cannot be read: {error}",
                f"check the disk of {self.ledger.path.parent}; work goes on by itself",
            )
            raise self.write_error from error
        except (sqlite3.DatabaseError, ValueError) as error:
            raise self.report_faults((str(error).splitlines()[0],)) from error

    def _call_twice(self, function: Callable[..., T], *args: object) -> T:
        """Call again what found damage: a disk that failed for a moment looks like it. Blocks."""
        try:
            return function(*args)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            require_readable(self.ledger.path)
            return function(*args)

    async def record(self, session: Session, events: Sequence[Event]) -> tuple[RecordedEvent, ...]:
        """Record events and the session they lead to; see `Ledger.record`.

        Raises LedgerUnavailable, and LedgerDamaged for as long as the ledger has a fault.
        """
        return await self._write(self.ledger.record, session, events)

    async def append_notes(self, events: Sequence[Event], session_id: str) -> tuple[RecordedEvent, ...]:
        """Append events that change no session; see `Ledger.append_notes`. Raises what `record` raises."""
        return await self._write(self.ledger.append_notes, events, session_id)

    async def try_to_write(self) -> None:
        """After a write that failed, find out whether writing works again. Called regularly."""
        if self.write_error is not None and self.fault is None:
            try:
                await self._write(self.ledger.try_to_write)
            except LedgerUnavailable:
                return
            log.info("the ledger can be written again")

    async def _write(self, function: Callable[..., T], *args: object) -> T:
        if self.fault is not None:
            raise self.fault
        try:
            done = await self.call(function, *args)
        except LedgerUnavailable as error:
            self.write_error = error
            raise
        self.write_error = None
        return done

    def report_faults(self, faults: tuple[str, ...]) -> LedgerDamaged:
        """Remember that the ledger is damaged; return the error that says so. The first report counts."""
        if self.fault is None:
            more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
            message = f"the ledger is damaged: {faults[0]}{more}; decisions and publishing have stopped"
            self.fault = LedgerDamaged(message, f"stop the daemon; then {RECOVERY_HINT}")
            log.error("the ledger is damaged", faults=faults[:5])
        return self.fault
