"""The ledger's schema, step by step. A step that is in use is never edited again."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from mcsyncd.store.taken_files import TAKEN_FILE_SCHEMA

ledger_migrations = Migrations("mcsyncd")

_EVENT_LOG = (
    """
    CREATE TABLE event (
        seq INTEGER PRIMARY KEY,
        format INTEGER NOT NULL,
        session_id TEXT NOT NULL,
        at TEXT NOT NULL,
        kind TEXT NOT NULL,
        tool_version TEXT NOT NULL,
        body TEXT NOT NULL,
        previous TEXT NOT NULL,
        hash TEXT NOT NULL UNIQUE
    ) STRICT
    """,
    "CREATE INDEX event_by_session ON event (session_id, seq)",
    """
    CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
    BEGIN SELECT RAISE(ABORT, 'event is append-only'); END
    """,
    """
    CREATE TRIGGER event_is_never_removed BEFORE DELETE ON event
    BEGIN SELECT RAISE(ABORT, 'event is append-only'); END
    """,
    """
    CREATE TRIGGER event_continues_the_chain BEFORE INSERT ON event
    WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM event)
      OR NEW.previous <> coalesce((SELECT hash FROM event ORDER BY seq DESC LIMIT 1), '')
    BEGIN SELECT RAISE(ABORT, 'event does not continue the chain'); END
    """,
)
"""The append-only log; the format of a row says which columns its hash covers (`store.chain`)."""

_SESSIONS = """
    CREATE TABLE session (
        id TEXT PRIMARY KEY,
        state TEXT NOT NULL,
        revision INTEGER NOT NULL,
        body TEXT NOT NULL
    ) STRICT
    """
"""What the events of each session add up to, for quick reading."""

_FORENSICS = """
    CREATE VIEW forensics AS
    WITH revision AS (
        SELECT seq, session_id, tool_version, json_extract(body, '$.revision') AS revision
        FROM event
        WHERE kind IN ('session_aligned', 'offset_nudged')
           OR (kind = 'disposition_set' AND json_extract(body, '$.alignment') IS NOT NULL)
           OR (kind = 'session_reopened' AND json_extract(body, '$.revision') > 0)
    ),
    answered AS (
        SELECT revision.*, (
            SELECT json_extract(answer.body, '$.alignment') FROM event AS answer
            WHERE answer.session_id = revision.session_id AND answer.seq <= revision.seq
              AND answer.kind IN ('session_aligned', 'offset_nudged', 'disposition_set')
              AND json_extract(answer.body, '$.alignment') IS NOT NULL
            ORDER BY answer.seq DESC LIMIT 1
        ) AS alignment, (
            SELECT json_extract(agreed.body, '$.terms') FROM event AS agreed
            WHERE agreed.session_id = revision.session_id AND agreed.seq <= revision.seq
              AND agreed.kind IN ('session_sealed', 'session_resynced')
            ORDER BY agreed.seq DESC LIMIT 1
        ) AS terms, (
            SELECT approved.body FROM event AS approved
            WHERE approved.session_id = revision.session_id AND approved.kind = 'session_approved'
              AND json_extract(approved.body, '$.revision') = revision.revision
            ORDER BY approved.seq DESC LIMIT 1
        ) AS approval
        FROM revision
    )
    SELECT
        session_id,
        revision,
        json_extract(alignment, '$.confidence') AS sync_confidence,
        json_extract(alignment, '$.method') AS sync_method,
        (SELECT json_group_object(
            json_extract(value, '$.camera'), json_extract(value, '$.placements[0].offset_us'))
         FROM json_each(alignment, '$.angles')) AS offsets,
        (SELECT json_group_object(
            json_extract(value, '$.camera'), json_extract(value, '$.placements[0].drift_ppm'))
         FROM json_each(alignment, '$.angles')) AS drift,
        json_extract(approval, '$.by.name') AS approved_by,
        json_extract(approval, '$.by.uid') AS approved_uid,
        json_extract(approval, '$.at') AS approved_at,
        tool_version,
        json_object(
            json_extract(terms, '$.mezzanine.name'), json_extract(terms, '$.mezzanine.hash'),
            json_extract(terms, '$.proxy.name'), json_extract(terms, '$.proxy.hash')
        ) AS profile_hashes
    FROM answered
    ORDER BY session_id, revision
    """
"""One row for each revision: what was known, how, and who approved it. All of it comes from events.

`offsets` is microseconds and `drift` parts per million, by camera (its first clip). Reopening a
session makes a new revision of the alignment that it already had.
"""


@ledger_migrations()
def m001_first_schema(db: Database) -> None:
    """Create the event log, the sessions and the forensic view."""
    for statement in (*_EVENT_LOG, _SESSIONS, _FORENSICS):
        db.execute(statement)


@ledger_migrations()
def m002_fold_and_states(db: Database) -> None:
    """Let each session row name the rules that made it, and find sessions by their state."""
    db.execute("ALTER TABLE session ADD COLUMN fold TEXT NOT NULL DEFAULT ''")
    db.execute("CREATE INDEX session_by_state ON session (state)")


@ledger_migrations()
def m003_taken_files(db: Database) -> None:
    """Index what the sessions have taken in."""
    for statement in TAKEN_FILE_SCHEMA:
        db.execute(statement)


@ledger_migrations()
def m004_trial_writes(db: Database) -> None:
    """Make room for what is written only to find out whether writing works."""
    db.execute("CREATE TABLE write_check (filler BLOB NOT NULL) STRICT")


@ledger_migrations()
def m005_clip_dispositions(db: Database) -> None:
    """Count what a person decides about one clip as a revision in the forensic view."""
    db.execute("DROP VIEW forensics")
    db.execute(_FORENSICS)
