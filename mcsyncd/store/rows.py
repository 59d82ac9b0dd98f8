"""How the rows of the ledger are read, by the daemon's connection and by those that only check."""

from __future__ import annotations

import hashlib
import sqlite3
from functools import cache
from pathlib import Path

import mcsyncd.model
from mcsyncd.errors import McsyncError
from mcsyncd.model.evolve import replay_events
from mcsyncd.model.session import Session
from mcsyncd.store.chain import LogEntry
from mcsyncd.store.codec import event_from_json

ENTRY_COLUMNS = "format, seq, session_id, at, kind, tool_version, body, previous, hash"
"""Columns of the event log in the order of `LogEntry`'s fields: a row is read by position."""
PAGE_ENTRIES = 500
"""Entries that one read of the log returns at most.

In a three-clip test shoot an event has 1 kB on average and 11 kB at most (publishing_planned), so a page of
the largest has 5.5 MB; sessions with more clips have larger events. Judgement: a larger page keeps the
ledger's thread from recording facts, and must fit the client's limit of 64 MiB.
"""
LEDGER_SESSION = "ledger"
"""In place of a session's id: events about the ledger itself. No session can have it as its id."""


def open_read_only(path: Path) -> sqlite3.Connection:
    """Return a connection that cannot write: neither rows nor, at its end, a checkpoint.

    Any thread may use it, one at a time. Raises McsyncError if there is no such file,
    and OperationalError if the disk fails.
    """
    try:
        is_there = path.is_file()
    except OSError as error:
        raise sqlite3.OperationalError(str(error)) from error
    if not is_there:
        raise McsyncError(f"{path}: no such ledger", "name the settings file with --config")
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)


def read_entry_page(
    db: sqlite3.Connection, session_id: str | None, after: int, limit: int = PAGE_ENTRIES
) -> tuple[LogEntry, ...]:
    """Return a page of the events after number `after`, oldest first, of one session or of all."""
    rows = db.execute(
        f"SELECT {ENTRY_COLUMNS} FROM event "  # noqa: S608  # a constant
        "WHERE seq > ? AND (? IS NULL OR session_id = ?) ORDER BY seq LIMIT ?",
        (after, session_id, session_id, limit),
    )
    return tuple(LogEntry(*row) for row in rows)


def read_newest_entries(db: sqlite3.Connection, session_id: str | None, count: int) -> tuple[LogEntry, ...]:
    """Return the newest `count` events, oldest first, of one session or of all; a page at most."""
    rows = db.execute(
        f"SELECT {ENTRY_COLUMNS} FROM event "  # noqa: S608  # a constant
        "WHERE ? IS NULL OR session_id = ? ORDER BY seq DESC LIMIT ?",
        (session_id, session_id, min(count, PAGE_ENTRIES)),
    )
    return tuple(LogEntry(*row) for row in rows)[::-1]


def replay_session(db: sqlite3.Connection, session_id: str) -> Session:
    """Return what the events of one session add up to. Raises ValueError if one cannot be read."""
    rows = db.execute("SELECT body FROM event WHERE session_id = ? ORDER BY seq", (session_id,))
    return replay_events(event_from_json(body) for (body,) in rows)


@cache
def compute_fold_id() -> str:
    """Return the identity of the rules that turn events into a session: a hash of the model's code.

    A session row is only a copy of what its events add up to, by the rules of that day. One that was
    made by other rules is made again, not compared. A version number would have to be raised by hand
    with each change of a rule, and a forgotten one would make intact ledgers look damaged.
    """
    digest = hashlib.sha256()
    for source in sorted(Path(mcsyncd.model.__path__[0]).glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:16]
