"""What was uploaded and when, as the ledger recorded it. Reads a ledger file, without a daemon."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from mcsyncd.errors import McsyncError
from mcsyncd.model.events import ObjectStored
from mcsyncd.model.rendition import StoredObject
from mcsyncd.store.codec import event_from_json
from mcsyncd.store.rows import open_read_only


@dataclass(frozen=True, slots=True)
class RecordedUpload:
    """An object of a session, and when it was in the store (UTC, ISO 8601)."""

    session: str
    at: str
    object: StoredObject


@dataclass(frozen=True, slots=True)
class UploadHistory:
    """All uploads, oldest first, and the times (UTC, ISO 8601) at which manifests were published."""

    uploads: tuple[RecordedUpload, ...]
    publications: tuple[tuple[str, str], ...]
    """Session and time of each."""

    @property
    def stored(self) -> dict[str, RecordedUpload]:
        """The last upload of each key: what the store holds."""
        return {one.object.key: one for one in self.uploads}


def read_upload_history(path: Path) -> UploadHistory:
    """Read the history in a ledger file. Raises McsyncError if the file is missing or damaged."""
    uploads, publications = [], []
    try:
        with closing(open_read_only(path)) as db:
            rows = db.execute(
                "SELECT session_id, at, kind, body FROM event "
                "WHERE kind IN ('object_stored', 'session_published') ORDER BY seq"
            )
            for session, at, kind, body in rows:
                if kind == "session_published":
                    publications.append((session, at))
                elif isinstance(event := event_from_json(body), ObjectStored):
                    uploads.append(RecordedUpload(session, at, event.object))
    except (sqlite3.DatabaseError, ValueError) as error:
        raise McsyncError(f"{path}: {error}", "check it with `mcsyncd verify log`") from error
    return UploadHistory(tuple(uploads), tuple(publications))
