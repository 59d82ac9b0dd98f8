"""The ledger: events and sessions in SQLite, with a single writing connection.

WAL with `synchronous=FULL`, so that an acknowledged approval survives a power cut (WAL with
NORMAL was measured to lose even the table). One connection both writes and checkpoints, which
avoids the WAL-reset bug of SQLite 3.7 to 3.51.2.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from types import TracebackType

from mcsyncd.errors import LedgerUnavailable
from mcsyncd.integrity.derived_file import make_folders
from mcsyncd.model.clip import DropFile
from mcsyncd.model.events import Event
from mcsyncd.model.session import FINISHED, Session, State
from mcsyncd.model.taken_file import TakenFile
from mcsyncd.store.audit import LedgerCheck
from mcsyncd.store.chain import CHAIN_FORMAT, LogEntry, seal_entry
from mcsyncd.store.codec import json_from_event, json_from_session, session_from_json
from mcsyncd.store.damage import report_damage
from mcsyncd.store.database import (
    begin_transaction,
    is_new_ledger,
    open_database,
    translate_open_error,
    undo_interrupted_transaction,
)
from mcsyncd.store.lock import lock_folder
from mcsyncd.store.rows import (
    ENTRY_COLUMNS,
    LEDGER_SESSION,
    PAGE_ENTRIES,
    compute_fold_id,
    read_entry_page,
    read_newest_entries,
    replay_session,
)
from mcsyncd.store.taken_files import find_taken_files, index_taken_files

START_CHECK_S = 0.5
"""Seconds that a start waits for the check of the ledger; the rest is checked while the daemon works.

Judgement: a start with 10,000 sessions may take 2 s in all, half of which Python needs for its imports.
Shorter, and a ledger of a few months is not checked before it is used.
"""


_FINISHED = ", ".join(f"'{state}'" for state in sorted(FINISHED))
"""The states of finished sessions, for SQL."""
_IS_UNTOLD = (
    "(json_extract(body, '$.published') IS NOT NULL OR coalesce(json_extract(body, '$.released'), 0) > 0) "
    "AND (coalesce(json_extract(body, '$.head.state'), 'current') != 'withdrawn' OR EXISTS "
    "(SELECT 1 FROM json_each(body, '$.copies') AS copy "
    "WHERE coalesce(json_extract(copy.value, '$.head.state'), 'current') != 'withdrawn'))"
)
"""For SQL: whether a store may tell its readers that a rejected session holds."""
_AFTER_ALL_IDS = "~"
"""Sorts after every session's id, which begins with a digit."""


_TRIAL_BYTES = 1 << 16
"""Bytes that are written to find out whether a disk has room again. Judgement: more than most events have.
With fewer, a disk that is nearly full would be called writable, and the next event would fail again."""


@dataclass(frozen=True, slots=True)
class SessionsQuery:
    """Which sessions to list: up to `limit`, newest first, with an id before `before` (None: the newest).

    `finished` chooses the finished ones or all others; None is all.
    """

    before: str | None
    limit: int
    finished: bool | None = None


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as it stands in the log."""

    entry: LogEntry
    event: Event


class Ledger(AbstractContextManager["Ledger"]):
    """The open ledger of one state folder. Call it only from the thread that opened it."""

    def __init__(
        self,
        state: Path,
        tool_version: str,
        *,
        require_history: Callable[[Path], None] | None = None,
        check_s: float = START_CHECK_S,
    ) -> None:
        """Lock the state folder, check the ledger for `check_s` seconds, open it and migrate it.

        `require_history` is called with the checked file, before anything is written; it raises if the
        ledger does not fit what else is known of it. Raises McsyncError if another daemon has the
        ledger open, and LedgerDamaged if it is damaged: it has then been set aside.
        """
        make_folders(state, mode=0o700)
        self._lock = lock_folder(state)
        self._tool_version = tool_version
        self.path = state / "ledger.db"
        self._check: LedgerCheck | None = None
        try:
            self._check = _check_file(self.path, check_s)
            if require_history is not None:
                require_history(self.path)
            self._db = open_database(self.path)
        except BaseException:
            self._close_check()
            os.close(self._lock)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Checkpoint, close and release the lock."""
        self._close_check()
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()
        os.close(self._lock)

    def take_check(self) -> LedgerCheck | None:
        """Return the check as far as it came, to be closed by the caller; None for a new ledger."""
        check, self._check = self._check, None
        return check

    def _close_check(self) -> None:
        check = self.take_check()
        if check is not None:
            check.close()

    def record(self, session: Session, events: Sequence[Event]) -> tuple[RecordedEvent, ...]:
        """Append the events and store `session`, the result of them, in one transaction.

        Raises LedgerUnavailable, with nothing recorded, if SQLite cannot write.
        """
        with self._translate_write_error(), begin_transaction(self._db):
            recorded = tuple(self._append_event(session.id, event) for event in events)
            self._store_session(session)
            index_taken_files(self._db, session, tuple(events))
        return recorded

    def append_notes(
        self, events: Sequence[Event], session_id: str = LEDGER_SESSION
    ) -> tuple[RecordedEvent, ...]:
        """Append events that change no session: about the ledger itself, or refused decisions on a session.

        Raises LedgerUnavailable, with nothing recorded, if SQLite cannot write.
        """
        with self._translate_write_error(), begin_transaction(self._db):
            return tuple(self._append_event(session_id, event) for event in events)

    def try_to_write(self) -> None:
        """Write about as much as the largest event needs, and remove it. Raises LedgerUnavailable."""
        with self._translate_write_error(), begin_transaction(self._db):
            self._db.execute("INSERT INTO write_check VALUES (zeroblob(?))", (_TRIAL_BYTES,))
            self._db.execute("DELETE FROM write_check")

    @contextmanager
    def _translate_write_error(self) -> Iterator[None]:
        """Turn an error of the disk into LedgerUnavailable."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise LedgerUnavailable(
                f"the ledger cannot be written: {error}",
                f"check that the disk of {self.path.parent} has space and is writable; "
                "work goes on by itself",
            ) from error

    def _store_session(self, session: Session) -> None:
        self._db.execute(
            "INSERT INTO session (id, state, revision, body, fold) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET state = excluded.state, "
            "revision = excluded.revision, body = excluded.body, fold = excluded.fold",
            (session.id, session.state, session.revision, json_from_session(session), compute_fold_id()),
        )

    def _append_event(self, session_id: str, event: Event) -> RecordedEvent:
        seq, previous = self.read_head()
        entry = seal_entry(
            LogEntry(
                format=CHAIN_FORMAT,
                seq=seq + 1,
                session_id=session_id,
                at=event.at,
                kind=event.kind,
                tool_version=self._tool_version,
                body=json_from_event(event),
                previous=previous,
            )
        )
        self._db.execute(
            f"INSERT INTO event ({ENTRY_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608  # a constant
            astuple(entry),
        )
        return RecordedEvent(entry, event)

    def read_head(self) -> tuple[int, str]:
        """Return the number and the hash of the last event; `(0, "")` for an empty log."""
        row = self._db.execute("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1").fetchone()
        return (row[0], row[1]) if row else (0, "")

    def read_unfinished_sessions(self) -> tuple[Session, ...]:
        """Return the sessions that something may still happen to, in the order in which they were opened.

        Not by their ids: those carry the wall clock, which may have been set back since. Of published ones,
        none: the store keeper looks through them.
        """
        rows = self._db.execute(
            f"SELECT id, fold, body FROM session WHERE state NOT IN ({_FINISHED}) "  # noqa: S608  # constants
            "OR (state = 'rejected' AND json_extract(body, '$.returning_to') IS NOT NULL "
            "AND NOT json_extract(body, '$.returned')) "
            f"OR (state = 'rejected' AND {_IS_UNTOLD}) ORDER BY rowid"
        ).fetchall()
        return tuple(self._decode_session(*row) for row in rows)

    def read_session(self, session_id: str) -> Session | None:
        """Return one session, or None if there is none of that id."""
        row = self._db.execute("SELECT id, fold, body FROM session WHERE id = ?", (session_id,)).fetchone()
        return self._decode_session(*row) if row else None

    def read_session_page(self, query: SessionsQuery) -> tuple[Session, ...]:
        """Return a page of the sessions, newest first."""
        chosen = {None: "", True: f"AND state IN ({_FINISHED})", False: f"AND state NOT IN ({_FINISHED})"}
        rows = self._db.execute(
            f"SELECT id, fold, body FROM session WHERE id < ? {chosen[query.finished]} "  # noqa: S608  # constants
            "ORDER BY id DESC LIMIT ?",
            (query.before or _AFTER_ALL_IDS, query.limit),
        ).fetchall()
        return tuple(self._decode_session(*row) for row in rows)

    def find_taken_files(self, files: Sequence[DropFile]) -> tuple[tuple[TakenFile, ...], ...]:
        """Return, for each file, what was taken in from its camera with its name or with its sample."""
        return tuple(find_taken_files(self._db, file) for file in files)

    def count_sessions(self) -> dict[State, int]:
        """Return how many sessions there are in each state that has any."""
        rows = self._db.execute("SELECT state, count(*) FROM session GROUP BY state")
        return {State(state): count for state, count in rows}

    def _decode_session(self, session_id: str, fold: str, body: str) -> Session:
        """Return the session of a row; one that other rules made is made again from its events."""
        return session_from_json(body) if fold == compute_fold_id() else replay_session(self._db, session_id)

    def read_entries(
        self, session_id: str | None = None, after: int = 0, limit: int = PAGE_ENTRIES
    ) -> tuple[LogEntry, ...]:
        """Return a page of the events after number `after`, oldest first, of one session or of all.

        A full page may have a next one: read on after its last number until a page is not full.
        """
        return read_entry_page(self._db, session_id, after, limit)

    def read_newest_entries(self, session_id: str | None, count: int) -> tuple[LogEntry, ...]:
        """Return the newest `count` events, oldest first, of one session or of all; a page at most."""
        return read_newest_entries(self._db, session_id, count)


def _check_file(path: Path, limit_s: float) -> LedgerCheck | None:
    """Check an existing ledger for a while. Raises LedgerDamaged, with the file set aside."""
    check = None
    try:
        if is_new_ledger(path):
            return None
        undo_interrupted_transaction(path)
        check = LedgerCheck(path)
        check.run(limit_s)
    except (sqlite3.OperationalError, OSError) as error:
        if check is not None:
            check.close()
        raise translate_open_error(path, error) from error
    if check.faults:
        check.close()
        raise report_damage(path, check.faults)
    return check
