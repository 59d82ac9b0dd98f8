"""The index of the files that sessions have taken in: derived from the sessions, for quick recognition."""

from __future__ import annotations

import sqlite3

from mcsyncd.model.clip import DropFile
from mcsyncd.model.events import (
    ClipReplaced,
    ClipsOffloaded,
    ClipSubstituted,
    Event,
    OriginalsReturned,
    ReelJoined,
    SessionSealed,
)
from mcsyncd.model.session import Session, State
from mcsyncd.model.taken_file import TakenFile
from mcsyncd.model.text import list_name_forms

TAKEN_FILE_SCHEMA = (
    """
    CREATE TABLE taken_file (
        session_id TEXT NOT NULL REFERENCES session (id),
        camera TEXT NOT NULL,
        name TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        kind TEXT NOT NULL,
        head TEXT NOT NULL DEFAULT '',
        sample TEXT NOT NULL DEFAULT '',
        left_behind INTEGER NOT NULL DEFAULT 0,
        opened_at TEXT NOT NULL,
        PRIMARY KEY (session_id, camera, name)
    ) STRICT
    """,
    "CREATE INDEX taken_file_by_name ON taken_file (camera, name)",
    "CREATE INDEX taken_file_by_sample ON taken_file (camera, sample) WHERE sample <> ''",
    """
    INSERT INTO taken_file (session_id, camera, name, bytes, mtime_ns, kind, opened_at)
    SELECT session.id, json_extract(file.value, '$.camera'), json_extract(file.value, '$.name'),
           json_extract(file.value, '$.bytes'), json_extract(file.value, '$.mtime_ns'),
           json_extract(file.value, '$.kind'), json_extract(session.body, '$.opened_at')
    FROM session, json_each(session.body, '$.drop_files') AS file
    WHERE session.state <> 'collecting'
    """,
)
"""The table, its indices, and its rows for the sessions of a ledger that had none yet."""

_INDEXED_EVENTS = (
    SessionSealed,
    ClipsOffloaded,
    ClipReplaced,
    ClipSubstituted,
    OriginalsReturned,
    ReelJoined,
)
"""Events that change which files a session has taken in."""


def index_taken_files(db: sqlite3.Connection, session: Session, events: tuple[Event, ...]) -> None:
    """Bring the rows of a session up to date, if one of the events changed them."""
    if not any(isinstance(event, _INDEXED_EVENTS) for event in events):
        return
    db.execute("DELETE FROM taken_file WHERE session_id = ?", (session.id,))
    if session.returned:
        return
    left_behind = {key for key, _ in session.left_behind}
    db.executemany(
        "INSERT INTO taken_file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                session.id,
                *(file.camera, file.name, file.bytes, file.mtime_ns, file.kind, file.head, file.sample),
                file.key in left_behind,
                session.opened_at,
            )
            for file in session.drop_files
        ),
    )


def find_taken_files(db: sqlite3.Connection, file: DropFile) -> tuple[TakenFile, ...]:
    """Return the files of the same camera with the same name in any form, or with the same sample."""
    rows = db.execute(
        "SELECT taken.session_id, session.state, taken.opened_at, camera, name, bytes, mtime_ns, kind, head, "
        "sample, left_behind FROM taken_file AS taken JOIN session ON session.id = taken.session_id "
        "WHERE camera = ? AND (name IN (?, ?, ?) OR (sample <> '' AND sample = ?))",
        (file.camera, *list_name_forms(file.name), file.sample),
    )
    return tuple(
        TakenFile(session, State(state), opened_at, DropFile(*columns), bool(left_behind))
        for session, state, opened_at, *columns, left_behind in rows
    )
