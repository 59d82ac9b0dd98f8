"""The store keeper: walks through what was published and has what is missing or unproven seen to.

It reads a few sessions of the ledger at a time, so that ten thousand of them cost no start and no memory:
a store that is added gets old sessions too, and what was read back long ago is read again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from mcsyncd.checks.retention_plan import build_terms
from mcsyncd.daemon.clock import utc_in, utc_now
from mcsyncd.daemon.loop import SessionLoop
from mcsyncd.errors import LedgerUnavailable
from mcsyncd.model.facts import LookAfterOriginals, LookAfterStores
from mcsyncd.model.retention_steps import look_after_originals
from mcsyncd.model.session import Session, State
from mcsyncd.model.store_decisions import look_after_stores
from mcsyncd.model.store_jobs import has_store_work
from mcsyncd.settings.schema import Settings
from mcsyncd.store.ledger import SessionsQuery

_PAGE = 10
"""Sessions that are read at once: 10 ms of the ledger's thread, after an update of the rules 150. Every two
seconds, the keeper is through ten thousand sessions in 33 minutes."""
_MAX_OPEN = 16
"""Sessions with something to do in the stores, above which no more are taken up. Judgement: more would only
wait in memory, where a session has 100 kB; fewer, and short jobs leave the line idle between two looks."""
_REST_S = 6 * 3600.0
"""Seconds between two walks. Judgement: what is read back again after a year may be some hours late."""
_AGAIN_S = 24 * 3600.0
"""Seconds after which a damaged object is read again, and what halted a copy is tried again. Judgement: a
person who has repaired something sees it the next day; more often, and a broken disk is read for nothing."""
_DAY_S = 24 * 3600.0


class StoreKeeper:
    """Used by the event loop alone. `clock` gives monotonic seconds."""

    def __init__(self, loop: SessionLoop, clock: Callable[[], float] = time.monotonic) -> None:
        self._loop = loop
        self._clock = clock
        self._before: str | None = None
        self._rests_until = clock()
        self._stores: tuple[str, ...] | None = None

    async def look_on(self) -> None:
        """Look at the next page of sessions, if it is time. Called regularly."""
        settings = self._loop.config.settings
        if self._stores != settings.further_stores:
            self._stores, self._before, self._rests_until = settings.further_stores, None, self._clock()
        if self._clock() < self._rests_until or self._is_busy:
            return
        try:
            await self._look_at_page(build_look(settings))
        except LedgerUnavailable:
            return  # said elsewhere; the same page is looked at again

    @property
    def _is_busy(self) -> bool:
        if self._loop.draining or self._loop.ledger.fault is not None:
            return True
        stores = ("", *self._loop.config.settings.further_stores)
        busy = (one for one in self._loop.sessions.values() if has_store_work(one, stores))
        return sum(1 for _ in busy) >= _MAX_OPEN

    async def _look_at_page(self, look: LookAfterStores) -> None:
        page = await self._loop.list_sessions(SessionsQuery(self._before, _PAGE, finished=True))
        at_work = tuple(self._loop.sessions.values()) if self._before is None else ()
        terms = build_terms(self._loop.config.settings, datetime.now(UTC))
        for session in (*at_work, *page):
            if _needs_look(session, look):
                await self._loop.submit_fact(session.id, look)
            if terms is not None and look_after_originals(session, look.at, terms):
                await self._loop.submit_fact(session.id, LookAfterOriginals(look.at, terms))
        self._before = page[-1].id if len(page) == _PAGE else None
        if self._before is None:
            self._rests_until = self._clock() + _REST_S


def build_look(settings: Settings) -> LookAfterStores:
    """Return the look that these settings ask for, at this time.

    With a wrong wall clock, objects are read back too early or too late, and nothing else.
    """
    verification = settings.verification
    read_before = None
    if verification.read_back:
        days = verification.again_after_days
        read_before = utc_in(-days * _DAY_S) if days else "0"  # later than what was never read, and no date
    return LookAfterStores(utc_now(), settings.further_stores, read_before, utc_in(-_AGAIN_S))


def _needs_look(session: Session, look: LookAfterStores) -> bool:
    """Tell whether there is something to record, or something open that is not in memory."""
    is_open = session.state is State.PUBLISHED and not session.is_finished
    return session.may_have_readers and (is_open or bool(look_after_stores(session, look)))
