"""The check of a ledger: its pages, its chain, and its session rows against their events.

It is done in steps, so that a daemon can begin after a second and check the rest of a huge ledger
while it works. Each step reads in a transaction of its own and leaves the ledger alone.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from mcsyncd.errors import McsyncError
from mcsyncd.model.events import SessionPublished
from mcsyncd.model.publishing import Publication
from mcsyncd.model.session import FINISHED, Session
from mcsyncd.store.chain import ChainWalk
from mcsyncd.store.codec import event_from_json, session_from_json
from mcsyncd.store.damage import require_readable
from mcsyncd.store.rows import (
    LEDGER_SESSION,
    compute_fold_id,
    open_read_only,
    read_entry_page,
    replay_session,
)

_TABLES = frozenset({"event", "session"})
"""Tables without which a file is no ledger."""
_SELECT_ROW = "SELECT body, fold FROM session WHERE id = ?"
_SELECT_FIRST_ROW = "SELECT body, '' FROM session WHERE id = ?"
"""The row of a session; in the first version of the schema it does not say which rules made it."""
_MAX_PAGE_FAULTS = 5
"""Damaged pages that are named. Judgement: one is enough to act on, and each costs a line."""
_CHAIN_PAGE = 200
"""Events in one step of the check: about 5 ms. Larger steps would overrun the time that a start allows."""
_PROGRESS_INSTRUCTIONS = 10_000
"""Instructions of SQLite between two looks at the clock, under a millisecond; fewer slow the check down."""


@dataclass(frozen=True, slots=True)
class LedgerAudit:
    """What the check of a ledger found: `faults` is empty for an intact ledger."""

    events: int
    head: str
    faults: tuple[str, ...]


class LedgerCheck:
    """The check of one ledger file, as far as it has come. One thread at a time.

    First what can act next: the pages, then the sessions that are not finished. Then the chain from
    its beginning to the event that was last when the check began, and the finished sessions.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, read-only. Raises McsyncError if there is none."""
        self._path = path
        self._deadline: float | None = None
        self._is_second_look = False
        self._begin()
        self.faults: tuple[str, ...] = ()
        """A sentence for everything that is wrong, in the order in which it was found."""
        self.is_complete = False

    def _begin(self) -> None:
        self._db = open_read_only(self._path)
        self._chain = ChainWalk()
        self._steps = self._iterate_steps()

    def close(self) -> None:
        """Close the file; the check cannot go on."""
        self._db.close()

    @property
    def event_count(self) -> int:
        """How many events of the chain have been checked."""
        return self._chain.seq

    @property
    def head(self) -> str:
        """The hash of the last event that was checked."""
        return self._chain.head

    def run(self, limit_s: float | None = None) -> None:
        """Check on until the end, or for about `limit_s` seconds.

        Raises OperationalError if the disk cannot be read now: this check cannot go on after it.
        """
        self._deadline = None if limit_s is None else time.monotonic() + limit_s
        while not self.is_complete and not self._is_late():
            self._take_step()

    def advance(self) -> None:
        """Take one step: all pages if the time was too short for them so far, else some milliseconds."""
        self._deadline = None
        self._take_step()

    def _take_step(self) -> None:
        try:
            fault = next(self._steps)
        except StopIteration:
            self.is_complete = True
        except sqlite3.OperationalError:
            raise  # a disk that cannot be read now is not a damaged ledger
        except sqlite3.DatabaseError as error:
            if not self._begin_second_look():
                self.faults += (str(error),)
                self.is_complete = True
        else:
            if fault and not self._begin_second_look():
                self.faults += (fault,)

    def _begin_second_look(self) -> bool:
        """Begin again after the first fault, without a limit of time; return False if that was done already.

        A disk that fails for a moment looks like damage. Raises OperationalError if it still does.
        """
        if self._is_second_look:
            return False
        require_readable(self._path)
        self._db.close()
        self._is_second_look, self._deadline = True, None
        self._begin()
        return True

    def _is_late(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def _iterate_steps(self) -> Iterator[str | None]:
        while (pages := self._check_pages()) is None:
            yield None
        yield from pages
        present = {name for (name,) in self._db.execute("SELECT name FROM sqlite_master")}
        if missing := _TABLES - present:
            if present:
                yield f"the table {min(missing)} is missing"
            return
        ((last_seq,),) = self._db.execute("SELECT coalesce(max(seq), 0) FROM event").fetchall()
        yield from self._check_sessions(finished=False)
        while self._chain.seq < last_seq and (
            entries := read_entry_page(self._db, None, self._chain.seq, _CHAIN_PAGE)
        ):
            for entry in entries:
                yield from self._chain.check_entry(entry)
            yield None
        yield from self._check_sessions(finished=True)

    def _check_pages(self) -> tuple[str, ...] | None:
        """Return a sentence for each damaged page; None if the time was too short to tell."""
        self._db.set_progress_handler(self._is_late, _PROGRESS_INSTRUCTIONS)
        try:
            rows = self._db.execute(f"PRAGMA quick_check({_MAX_PAGE_FAULTS})").fetchall()
        except sqlite3.OperationalError:
            if self._is_late():
                return None
            raise
        finally:
            self._db.set_progress_handler(None, 0)
        return tuple(" ".join(text.split()) for (text,) in rows if text != "ok")

    def _check_sessions(self, *, finished: bool) -> Iterator[str | None]:
        has_fold = any(name == "fold" for _, name, *_ in self._db.execute("PRAGMA table_info(session)"))
        sessions = {name for (name,) in self._db.execute("SELECT id FROM session")}
        rows = self._db.execute("SELECT id, state FROM session")
        done = {name for name, state in rows if state in FINISHED}
        recorded = {name for (name,) in self._db.execute("SELECT DISTINCT session_id FROM event")}
        named = (sessions | recorded) - {LEDGER_SESSION}
        for session_id in sorted(named & done if finished else named - done):
            yield self._check_session(session_id, _SELECT_ROW if has_fold else _SELECT_FIRST_ROW)

    def _check_session(self, session_id: str, select: str) -> str | None:
        self._db.execute("BEGIN")  # the row and the events of one moment
        try:
            found = self._db.execute(select, (session_id,)).fetchone()
            body, made_by = found or ("null", compute_fold_id())
            replayed = replay_session(self._db, session_id)
            # Values, not texts: a field that is added later has a default, and rows of today lack it.
            if made_by == compute_fold_id() and session_from_json(body) != replayed:
                return f"session {session_id}: its row differs from what its events say"
        except (ValueError, KeyError) as error:
            return f"session {session_id}: its row or its events cannot be read ({type(error).__name__})"
        finally:
            self._db.execute("ROLLBACK")
        return None


def audit_ledger(path: Path) -> LedgerAudit:
    """Check a ledger file from end to end, without a daemon and without changing it.

    The pages and the chain must be whole, and every session row must equal the replay of its events.
    Raises McsyncError if the file is missing.
    """
    with closing(LedgerCheck(path)) as check:
        try:
            check.run()
        except sqlite3.OperationalError as error:
            return LedgerAudit(check.event_count, check.head, (f"{path}: {error}",))
        return LedgerAudit(check.event_count, check.head, check.faults)


def read_recorded_sessions(path: Path) -> tuple[Session, ...]:
    """Return all sessions of a ledger file, oldest first, without a daemon.

    Raises McsyncError if the file is missing or damaged.
    """
    try:
        with closing(open_read_only(path)) as db:
            return tuple(
                session_from_json(body) for (body,) in db.execute("SELECT body FROM session ORDER BY id")
            )
    except (sqlite3.DatabaseError, ValueError) as error:
        raise McsyncError(f"{path}: {error}", "check it with `mcsyncd verify log`") from error


def read_publications(path: Path) -> dict[str, tuple[Publication, ...]]:
    """Return every manifest that was ever published, by session, oldest first.

    Raises McsyncError if the file is missing or damaged.
    """
    found: dict[str, tuple[Publication, ...]] = {}
    try:
        with closing(open_read_only(path)) as db:
            rows = db.execute(
                "SELECT session_id, body FROM event WHERE kind = 'session_published' ORDER BY seq"
            ).fetchall()
        for session, body in rows:
            event = event_from_json(body)
            if isinstance(event, SessionPublished):
                found[session] = (*found.get(session, ()), event.publication)
    except (sqlite3.DatabaseError, ValueError) as error:
        raise McsyncError(f"{path}: {error}", "check it with `mcsyncd verify log`") from error
    return found
