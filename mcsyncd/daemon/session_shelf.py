"""The sessions in memory: all that something may still happen to, and the finished ones used last.

Nothing here grows with the number of finished sessions but one count for each state.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping

from mcsyncd.model.session import Session, State

_MAX_FINISHED = 16
"""Finished sessions kept in memory. Judgement: more than people go back and forth between; one that is not
here is read from the ledger in about a millisecond. A session has some 100 kB: with 64 of them, the daemon
grew by 6 MB, a twentieth of its memory, for nobody."""


class SessionShelf:
    """Holds sessions by id. Used by the event loop alone."""

    def __init__(self) -> None:
        self.unfinished: dict[str, Session] = {}
        """In the order in which they were opened, or reopened since the start."""
        self._finished: OrderedDict[str, Session] = OrderedDict()
        self._counts: Counter[State] = Counter()

    def fill(self, unfinished: Iterable[Session], counts: Mapping[State, int]) -> None:
        """Take over what the ledger holds at the start."""
        self.unfinished.update({session.id: session for session in unfinished})
        self._counts.update(counts)

    def find(self, session_id: str) -> Session | None:
        """Return a session that is in memory, or None."""
        return self.unfinished.get(session_id) or self._finished.get(session_id)

    def keep(self, session: Session) -> None:
        """Keep a finished session that was read from the ledger, for the next who asks."""
        if session.is_finished:
            self._finished[session.id] = session
            self._finished.move_to_end(session.id)
            while len(self._finished) > _MAX_FINISHED:
                self._finished.popitem(last=False)
        else:
            self.unfinished[session.id] = session

    def replace(self, before: Session | None, after: Session) -> None:
        """Put a session in the place of what it was before; None if it has just been opened."""
        if before is not None:
            self._counts[before.state] -= 1
        self._counts[after.state] += 1
        if after.is_finished:
            self.unfinished.pop(after.id, None)
        else:
            self._finished.pop(after.id, None)
        self.keep(after)

    def count_states(self) -> dict[State, int]:
        """Return how many sessions there are in each state that has any, in memory or not."""
        return {state: count for state in State if (count := self._counts[state]) > 0}
