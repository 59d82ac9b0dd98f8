"""What was uploaded and when, as the ledger recorded it. Reads a ledger file, without a daemon."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from mcsyncd.errors import McsyncError
from mcsyncd.model.events import ObjectStored
from mcsyncd.model.rendition import StoredObject
from mcsyncd.model.store_events import CopyPublished
from mcsyncd.store.codec import event_from_json
from mcsyncd.store.rows import open_read_only


@dataclass(frozen=True, slots=True)
class RecordedUpload:
    """An object of a session, and when it was in a store (UTC, ISO 8601)."""

    session: str
    at: str
    object: StoredObject
    store: str = ""


@dataclass(frozen=True, slots=True)
class RecordedPublication:
    """A manifest of a session, and when it was in a store (UTC, ISO 8601)."""

    session: str
    at: str
    store: str = ""


@dataclass(frozen=True, slots=True)
class UploadHistory:
    """All uploads, oldest first, and the times (UTC, ISO 8601) at which manifests were published."""

    uploads: tuple[RecordedUpload, ...]
    publications: tuple[RecordedPublication, ...]

    @property
    def stored(self) -> tuple[RecordedUpload, ...]:
        """The last upload of each key to each store: what the stores hold."""
        return tuple({(one.store, one.object.key): one for one in self.uploads}.values())

    def select_stores(self, stores: Collection[str]) -> UploadHistory:
        """Return the history of these stores alone, by the names that the ledger has for them."""
        return UploadHistory(
            tuple(one for one in self.uploads if one.store in stores),
            tuple(one for one in self.publications if one.store in stores),
        )


def read_upload_history(path: Path) -> UploadHistory:
    """Read the history in a ledger file. Raises McsyncError if the file is missing or damaged."""
    uploads, publications = [], []
    try:
        with closing(open_read_only(path)) as db:
            rows = db.execute(
                "SELECT session_id, at, kind, body FROM event "
                "WHERE kind IN ('object_stored', 'session_published', 'copy_published') ORDER BY seq"
            )
            for session, at, kind, body in rows:
                if kind == "session_published":
                    publications.append(RecordedPublication(session, at))
                    continue
                event = event_from_json(body)
                if isinstance(event, CopyPublished):
                    publications.append(RecordedPublication(session, at, event.store))
                elif isinstance(event, ObjectStored):
                    uploads.append(RecordedUpload(session, at, event.object, event.store))
    except (sqlite3.DatabaseError, ValueError) as error:
        raise McsyncError(f"{path}: {error}", "check it with `mcsyncd verify log`") from error
    return UploadHistory(tuple(uploads), tuple(publications))
