"""The ledger: events and sessions in SQLite, by one writing connection.

WAL with `synchronous=FULL`, so that an acknowledged approval survives a power cut (WAL with
NORMAL was measured to lose even the table). One connection both writes and checkpoints, which
keeps clear of the WAL-reset fault of SQLite 3.7 to 3.51.2.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from sqlite_utils import Database

from mcsyncd.errors import McsyncError
from mcsyncd.model.events import Event
from mcsyncd.model.evolve import replay_events
from mcsyncd.model.session import Session
from mcsyncd.store.chain import LogEntry, find_chain_faults, hash_row
from mcsyncd.store.codec import event_from_json, json_from_event, json_from_session, session_from_json
from mcsyncd.store.migrations import ledger_migrations as migrations

_COLUMNS = "seq, session_id, at, kind, tool_version, body, previous, hash"


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as it stands in the log."""

    entry: LogEntry
    event: Event


class Ledger(AbstractContextManager["Ledger"]):
    """The open ledger. All calls from the thread that opened it; one daemon for each state folder."""

    def __init__(self, state: Path, tool_version: str) -> None:
        """Open, migrate and lock. Raises McsyncError if another daemon holds it or it is damaged."""
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
        """Checkpoint, close and let go of the lock."""
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()
        os.close(self._lock)

    def record(self, session: Session, events: Sequence[Event]) -> tuple[RecordedEvent, ...]:
        """Append the events and keep `session`, what they made, in one transaction.

        Raises McsyncError, with nothing recorded, when the disk does not take it.
        """
        try:
            with self._db.atomic():
                recorded = tuple(self._append_event(session.id, event) for event in events)
                self._store_session(session)
        except sqlite3.OperationalError as error:
            raise McsyncError(
                f"the ledger cannot be written: {error}", "make room on the disk of paths.state"
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
        body = json_from_event(event)
        row = (seq + 1, session_id, event.at, event.kind, self._tool_version, body, previous)
        entry = LogEntry(*row, hash_row(*row))
        self._db.execute(
            f"INSERT INTO event ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608  # a constant
            (*row, entry.hash),
        )
        return RecordedEvent(entry, event)

    def read_head(self) -> tuple[int, str]:
        """Return number and hash of the last event; `(0, "")` of an empty log."""
        row = self._db.execute("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1").fetchone()
        return (row[0], row[1]) if row else (0, "")

    def read_sessions(self) -> tuple[Session, ...]:
        """Return all sessions, oldest first."""
        rows = self._db.execute("SELECT body FROM session ORDER BY id")
        return tuple(session_from_json(body) for (body,) in rows)

    def read_entries(
        self, session_id: str | None = None, after: int = 0, limit: int = 100_000
    ) -> tuple[LogEntry, ...]:
        """Return events after number `after`, oldest first, of one session or of all."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM event "  # noqa: S608  # a constant
            "WHERE seq > ? AND (? IS NULL OR session_id = ?) ORDER BY seq LIMIT ?",
            (after, session_id, session_id, limit),
        )
        return tuple(LogEntry(*row) for row in rows)


def _lock_state_folder(state: Path) -> int:
    """Take the lock of the state folder, or say who has it."""
    lock = os.open(state / "daemon.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(lock, 32).decode("ascii", "replace").strip() or "unknown"
        os.close(lock)
        raise McsyncError(
            f"{state}: another daemon (process {holder}) has this ledger",
            "stop it, or name another state folder",
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
    """What the check of a ledger found; `faults` is empty when it stands."""

    events: int
    head: str
    faults: tuple[str, ...]


def audit_ledger(path: Path) -> LedgerAudit:
    """Check a ledger file, without a daemon and without changing it.

    The chain must be whole, and every session row must be what its events make of it.
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
        raise McsyncError(f"{path}: no ledger there", "name the settings file with --config")
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
            made = replay_events(event_from_json(entry.body) for entry in histories.get(session_id, []))
            kept = session_from_json(stored.get(session_id, "null"))
        except ValueError as error:
            yield f"session {session_id}: its record cannot be read ({type(error).__name__})"
            continue
        # Values, not texts: an older release wrote fewer fields, and their defaults are the same.
        if made != kept:
            yield f"session {session_id}: the record is not what its events say"
