"""The original monitor: which sessions in review have originals that are not as they were recorded.

A session that looks good in the queue is approved without another look. What is approved without its
originals could not be published.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

import structlog

from mcsyncd.api import AlertBody, OriginalFaultBody, StreamEventBody
from mcsyncd.daemon.bounded_calls import run_in_thread
from mcsyncd.daemon.event_hub import EventHub
from mcsyncd.daemon.loop import SessionLoop
from mcsyncd.daemon.original_check import find_original_faults, list_originals
from mcsyncd.model.session import Session, State
from mcsyncd.settings.work_layout import WorkLayout

LOOK_S = 5.0
"""Seconds between two looks at what had faulty originals: what was put back is shown late by as much.
Judgement: longer, and whoever put it back believes that it did not help."""
_LOOK_AT_ALL_S = 60.0
"""Seconds between two looks at all sessions in review: an original that was deleted is shown late by as much.
Judgement; a look at 10,000 originals on a local disk takes 0.03 s of a thread (measured)."""
_SHOWN_SESSIONS = 5
"""Sessions with faulty originals in a status. Judgement: they share a cause; more hide the rest."""

log = structlog.get_logger("mcsyncd.originals")


class OriginalMonitor:
    """Knows what the last look found. Used by the event loop alone. `clock` gives monotonic seconds."""

    def __init__(self, loop: SessionLoop, hub: EventHub, clock: Callable[[], float] = time.monotonic) -> None:
        self._loop = loop
        self._hub = hub
        self._clock = clock
        self._looks_at_all_at = clock()
        self._look = asyncio.Lock()
        self._faults: dict[str, int] = {}
        """How many originals of each session are missing or changed; no session without any."""

    async def look_on(self) -> None:
        """Look at the originals of the sessions in review, if it is time. Called regularly; one at a time.

        While the disk does not answer, or reports an error, what was found before stands: an original that
        cannot be looked at is not missing. The thread that waits for the disk is the only one.
        """
        if self._look.locked():
            return
        async with self._look:
            self._forget_finished()
            due = self._list_in_review()
            if self._clock() >= self._looks_at_all_at:
                self._looks_at_all_at = self._clock() + _LOOK_AT_ALL_S
            else:
                due = [one for one in due if one.id in self._faults]
            if due:
                await self._look_at(due)

    async def _look_at(self, sessions: list[Session]) -> None:
        try:
            found = await run_in_thread(partial(_count_faults, sessions, self._loop.config.layout))
        except OSError as error:
            log.warning("the originals cannot be looked at", error=str(error))
            return
        for session_id, count in found.items():
            self._note_count(session_id, count)

    def _forget_finished(self) -> None:
        """Forget what was found of sessions that left the review: their state says what is wrong."""
        in_review = {one.id for one in self._list_in_review()}
        self._faults = {known: count for known, count in self._faults.items() if known in in_review}

    def note_faults(self, session: Session, faults: list[OriginalFaultBody]) -> None:
        """Take over what somebody's own look at a session found."""
        if session.state is State.IN_REVIEW:
            self._note_count(session.id, len(faults))

    def is_faulty(self, session_id: str) -> bool:
        """Tell whether an original of a session in review was missing or changed when it was looked at."""
        return session_id in self._faults

    def list_alerts(self) -> list[AlertBody]:
        """Return the sessions in review that could not be published."""
        faulty = [one for one in self._list_in_review() if one.id in self._faults]
        return [_describe_fault(one.id, self._faults[one.id]) for one in faulty[:_SHOWN_SESSIONS]]

    def _list_in_review(self) -> list[Session]:
        return [one for one in self._loop.sessions.values() if one.state is State.IN_REVIEW]

    def _note_count(self, session_id: str, count: int) -> None:
        if self._faults.get(session_id, 0) == count:
            return
        if count:
            self._faults[session_id] = count
            log.warning("originals are missing or changed", session=session_id, count=count)
        else:
            del self._faults[session_id]
            log.info("the originals are as recorded", session=session_id)
        self._hub.broadcast(StreamEventBody(what="progress", session=session_id))
        self._hub.broadcast(StreamEventBody(what="folders"))


def _count_faults(sessions: list[Session], layout: WorkLayout) -> dict[str, int]:
    """Return how many originals of each session are not as recorded. Blocks; raises OSError."""
    return {one.id: len(find_original_faults(one, list_originals(one, layout))) for one in sessions}


def _describe_fault(session_id: str, count: int) -> AlertBody:
    what = "an original is" if count == 1 else f"{count} originals are"
    return AlertBody(
        code="original_faulty",
        level="warning",
        message=f"session {session_id} cannot be published: {what} missing or changed",
        hint=f"see `mcsyncd show {session_id}`",
    )
