"""Refused decisions, recorded: who, what, why and when, in bounded space.

The first refusal of its kind is recorded at once; those like it within a minute are counted and
recorded as one. So a client that hammers the socket costs the ledger a few rows a minute, not a disk.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog

from mcsyncd.daemon.clock import utc_now
from mcsyncd.errors import LedgerDamaged, LedgerUnavailable
from mcsyncd.model.ledger_events import DecisionRefused
from mcsyncd.store.rows import LEDGER_SESSION

WINDOW_S = 60.0
"""Seconds in which refusals alike are recorded as one. Judgement: longer, and a kill loses a longer count;
shorter, and a hammering client writes more rows."""
MAX_KINDS = 10
"""Kinds of refusals that one user can have recorded in a window; the rest are counted together. Judgement:
more than a person can cause by hand."""
_MAX_REASON_CHARS = 300
"""Characters of a reason that are recorded. Judgement: a sentence; a request can be 64 KiB."""

log = structlog.get_logger("mcsyncd.refusals")

RecordNote = Callable[[str, DecisionRefused], Awaitable[None]]
"""Records an event that changes no session, under a session's id."""


@dataclass(slots=True)
class _Window:
    session: str
    refusal: DecisionRefused
    ends_at: float
    count: int = 0


class RefusalRecorder:
    """Records refusals through `record`. `clock` gives monotonic seconds."""

    def __init__(self, record: RecordNote, clock: Callable[[], float] = time.monotonic) -> None:
        self._record = record
        self._clock = clock
        self._windows: dict[tuple[object, ...], _Window] = {}

    async def note(self, refusal: DecisionRefused, session: str | None) -> None:
        """Record or count a refusal; `session` is None if it is about no known session."""
        uid, place = refusal.by.uid, session or LEDGER_SESSION
        key: tuple[object, ...] = (uid, place, refusal.action, refusal.code)
        if key not in self._windows and self._count_kinds(uid) >= MAX_KINDS:
            key, place = (uid, "more"), LEDGER_SESSION
            refusal = replace(refusal, action="decide", reason="more refusals of other kinds", revision=None)
        window = self._windows.get(key)
        if window is not None:
            window.count += 1
            return
        refusal = replace(refusal, reason=refusal.reason[:_MAX_REASON_CHARS])
        self._windows[key] = _Window(place, refusal, self._clock() + WINDOW_S)
        await self._write(place, refusal)

    def _count_kinds(self, uid: int) -> int:
        return sum(key[0] == uid for key in self._windows)

    async def flush(self, *, everything: bool = False) -> None:
        """Record the counts of windows that have ended, or of all. Called regularly."""
        now = self._clock()
        for key, window in list(self._windows.items()):
            if everything or window.ends_at <= now:
                del self._windows[key]
                if window.count:
                    await self._write(
                        window.session, replace(window.refusal, at=utc_now(), count=window.count)
                    )

    async def _write(self, session: str, refusal: DecisionRefused) -> None:
        try:
            await self._record(session, refusal)
        except (LedgerUnavailable, LedgerDamaged) as error:
            log.warning(
                "a refusal is not recorded", by=refusal.by.name, action=refusal.action, error=str(error)
            )
