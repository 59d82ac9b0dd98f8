"""The ledger: events and sessions in SQLite, with a single writing connection.

WAL with `synchronous=FULL`, so that an acknowledged approval survives a power cut (WAL with
NORMAL was measured to lose even the table). One connection both writes and checkpoints, which
avoids the WAL-reset bug of SQLite 3.7 to 3.51.2.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import astuple, dataclass
from pathlib import Path
from types import TracebackType

from sqlite_utils import Database

from mcsyncd.errors import LedgerUnavailable, McsyncError
from mcsyncd.model.events import Event
from mcsyncd.model.evolve import replay_events
from mcsyncd.model.session import Session
from mcsyncd.store.chain import CHAIN_FORMAT, LogEntry, find_chain_faults, seal_entry
from mcsyncd.store.codec import event_from_json, json_from_event, json_from_session, session_from_json
from mcsyncd.store.migrations import ledger_migrations as migrations

_COLUMNS = "format, seq, session_id, at, kind, tool_version, body, previous, hash"
"""Columns of the event log in the order of `LogEntry`'s fields: a row is read by position."""
PAGE_ENTRIES = 500
"""Entries that one read of the log returns at most.

In a three-clip test shoot an event has 1 kB on average and 11 kB at most (publishing_planned), so a page of
the largest has 5.5 MB; sessions with more clips have larger events. Judgement: a larger page keeps the
ledger's thread from recording facts, and must fit the client's limit of 64 MiB.
"""


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as it stands in the log."""

    entry: LogEntry
    event: Event


class Ledger(AbstractContextManager["Ledger"]):
    """The open ledger of one state folder. Call it only from the thread that opened it."""

    def __init__(self, state: Path, tool_version: str) -> None:
        """Lock the state folder, open the ledger and migrate it.

        Raises McsyncError if another daemon has it open or if it is damaged.
        """
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _lock_state_folder(state)
        self._tool_version = tool_version
        try:
            self._db = _open_database(state / "ledger.db")
        except BaseException:
            os.close(self._lock)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Checkpoint, close and release the lock."""
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()
        os.close(self._lock)

    def record(self, session: Session, events: Sequence[Event]) -> tuple[RecordedEvent, ...]:
        """Append the events and store `session`, the result of them, in one transaction.

        Raises LedgerUnavailable, with nothing recorded, if SQLite cannot write.
        """
        try:
            with self._db.atomic():
                recorded = tuple(self._append_event(session.id, event) for event in events)
                self._store_session(session)
        except sqlite3.OperationalError as error:
            raise LedgerUnavailable(
                f"the ledger cannot be written: {error}",
                "check that the disk of paths.state has space and is writable",
            ) from error
        return recorded

    def _store_session(self, session: Session) -> None:
        self._db.execute(
            "INSERT INTO session (id, state, revision, body) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET state = excluded.state, "
            "revision = excluded.revision, body = excluded.body",
            (session.id, session.state, session.revision, json_from_session(session)),
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
            f"INSERT INTO event ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608  # a constant
            astuple(entry),
        )
        return RecordedEvent(entry, event)

    def read_head(self) -> tuple[int, str]:
        """Return the number and the hash of the last event; `(0, "")` for an empty log."""
        row = self._db.execute("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1").fetchone()
        return (row[0], row[1]) if row else (0, "")

    def read_sessions(self) -> tuple[Session, ...]:
        """Return all sessions in the order in which they were opened.

        Not by their ids: those carry the wall clock, which may have been set back since.
        """
        rows = self._db.execute("SELECT body FROM session ORDER BY rowid")
        return tuple(session_from_json(body) for (body,) in rows)

    def read_entries(
        self, session_id: str | None = None, after: int = 0, limit: int = PAGE_ENTRIES
    ) -> tuple[LogEntry, ...]:
        """Return a page of the events after number `after`, oldest first, of one session or of all.

        A full page may have a next one: read on after its last number until a page is not full.
        """
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM event "  # noqa: S608  # a constant
            "WHERE seq > ? AND (? IS NULL OR session_id = ?) ORDER BY seq LIMIT ?",
            (after, session_id, session_id, limit),
        )
        return tuple(LogEntry(*row) for row in rows)


def _lock_state_folder(state: Path) -> int:
    """Lock the state folder. Raises McsyncError, naming the process, if another daemon has it locked."""
    lock = os.open(state / "daemon.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(lock, 32).decode("ascii", "replace").strip() or "unknown"
        os.close(lock)
        raise McsyncError(
            f"{state}: another daemon (process {holder}) has this ledger open",
            "stop it, or set another paths.state",
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def _open_database(path: Path) -> Database:
    connection = sqlite3.connect(path)
    try:
        path.chmod(0o600)
        db = Database(connection)
        _set_pragmas(db)
        migrations.apply(db)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise McsyncError(f"{path}: {error}", "restore the ledger from its backup") from error
    return db


def _set_pragmas(db: Database) -> None:
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "trusted_schema = OFF",
        "recursive_triggers = ON",  # else REPLACE would slip past the trigger on DELETE
        "busy_timeout = 5000",
    ):
        db.execute(f"PRAGMA {pragma}")


@dataclass(frozen=True, slots=True)
class LedgerAudit:
    """What the check of a ledger found: `faults` is empty for an intact ledger."""

    events: int
    head: str
    faults: tuple[str, ...]


def audit_ledger(path: Path) -> LedgerAudit:
    """Check a ledger file, without a daemon and without changing it.

    The chain must be whole, and every session row must equal the replay of its events.
    Raises McsyncError if the file is missing.
    """
    try:
        with closing(_open_read_only(path)) as db:
            return _audit_database(db)
    except sqlite3.DatabaseError as error:
        return LedgerAudit(0, "", (f"{path}: {error}",))


def read_recorded_sessions(path: Path) -> tuple[Session, ...]:
    """Return all sessions of a ledger file, oldest first, without a daemon.

    Raises McsyncError if the file is missing or damaged.
    """
    try:
        with closing(_open_read_only(path)) as db:
            return tuple(
                session_from_json(body) for (body,) in db.execute("SELECT body FROM session ORDER BY id")
            )
    except (sqlite3.DatabaseError, ValueError) as error:
        raise McsyncError(f"{path}: {error}", "check it with `mcsyncd verify log`") from error


def _open_read_only(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise McsyncError(f"{path}: no such ledger", "name the settings file with --config")
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _audit_database(db: sqlite3.Connection) -> LedgerAudit:
    rows = db.execute(f"SELECT {_COLUMNS} FROM event ORDER BY seq").fetchall()  # noqa: S608  # a constant
    entries = [LogEntry(*row) for row in rows]
    faults = [*find_chain_faults(entries), *_find_session_faults(db, entries)]
    return LedgerAudit(len(entries), entries[-1].hash if entries else "", tuple(faults))


def _find_session_faults(db: sqlite3.Connection, entries: Sequence[LogEntry]) -> Iterator[str]:
    stored = dict(db.execute("SELECT id, body FROM session").fetchall())
    histories: dict[str, list[LogEntry]] = {}
    for entry in entries:
        histories.setdefault(entry.session_id, []).append(entry)
    for session_id in sorted(histories.keys() | stored.keys()):
        try:
            replayed = replay_events(event_from_json(entry.body) for entry in histories.get(session_id, []))
            row = session_from_json(stored.get(session_id, "null"))
        except ValueError as error:
            yield f"session {session_id}: its row or its events cannot be read ({type(error).__name__})"
            continue
        # Values, not texts: a field that is added later has a default, and rows of today lack it.
        if replayed != row:
            yield f"session {session_id}: its row differs from what its events say"
