"""The jobs that follow a publication: reading objects back, and the manifests of the further stores."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mcsyncd.errors import SourceUnreadable, StorageError, StoreOffline, StoreRefused
from mcsyncd.integrity.derived_file import write_derived_file
from mcsyncd.integrity.part_sums import load_part_sums
from mcsyncd.model.holding import Evidence
from mcsyncd.model.jobs import PublishCopy, ReadBack
from mcsyncd.model.part_sums import PartSums
from mcsyncd.model.publishing import Publication
from mcsyncd.model.rendition import StoredObject
from mcsyncd.publish import release
from mcsyncd.publish.keys import parse_manifest_revision
from mcsyncd.publish.manifest_reader import find_previous
from mcsyncd.publish.object_store import ObjectStore
from mcsyncd.publish.open_store import open_known_store
from mcsyncd.publish.read_back import find_wrong_part, is_range_right
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.workers.progress import ReportProgress

_KEEP_EVERY = 16
"""Parts after which it is kept how far an object was read: 256 MiB at least. Judgement: a restart reads
so much again at most; less often, and a slow line repeats minutes of it."""


def read_back(job: ReadBack, layout: WorkLayout, report_progress: ReportProgress) -> Evidence:
    """Read an object back, from where an interrupted attempt stopped; the time is left to the ledger.

    Raises StoreOffline and StoreRefused: a store that does not answer proves nothing.
    """
    stored, store = job.object, open_known_store(layout, job.store)
    kept = layout.locate_part_sums(job.session, stored.sha256)
    sums = load_part_sums(kept, sha256=stored.sha256, size=stored.bytes)
    try:
        if sums is not None and sums.has_parts:
            cursor = layout.locate_read_back(job.session, job.store, stored.sha256)
            wrong = _read_parts(store, stored, sums, cursor, report_progress)
        else:
            wrong = _read_whole(store, stored)
    except (StoreOffline, StoreRefused):
        raise
    except StorageError as error:
        wrong = "is not in the store" if store.stat_object(stored.key) is None else error.message
    return Evidence(stored.key, is_right=not wrong, is_due=False, message=wrong)


def _read_whole(store: ObjectStore, stored: StoredObject) -> str:
    """Return what is wrong with an object; nothing if it is right."""
    right = is_range_right(store, stored.key, 0, stored.bytes, "sha256", stored.sha256)
    return "" if right else "is not what was stored"


def _read_parts(
    store: ObjectStore,
    stored: StoredObject,
    sums: PartSums,
    cursor: Path,
    report_progress: ReportProgress,
) -> str:
    done = _read_cursor(cursor, stored)

    def note_right(number: int) -> None:
        if number % _KEEP_EVERY == 0:
            write_derived_file(cursor, f"{stored.key} {number}".encode(), durable=False)

    left = [part for part in sums.parts if part.number > done]
    wrong = find_wrong_part(
        store,
        stored.key,
        left,
        size=stored.bytes,
        note_right=note_right,
        report_progress=report_progress,
    )
    cursor.unlink(missing_ok=True)
    if wrong is None:
        return ""
    end = wrong.start + wrong.length
    return f"bytes {wrong.start} to {end} are not what was stored"


def _read_cursor(cursor: Path, stored: StoredObject) -> int:
    """Return how many parts of the object an interrupted attempt has found right."""
    try:
        key, _, number = cursor.read_text().rpartition(" ")
        return int(number) if key == stored.key else 0
    except (OSError, ValueError):
        return 0


def publish_copy(job: PublishCopy, layout: WorkLayout) -> Publication:
    """Copy the newest manifest, and those before it that the store lacks; then set the store's pointer.

    Raises what the further store raises, StoredObjectsMissing for objects that it no longer has,
    SourceUnreadable while a manifest cannot be read, and StorageError for one that is not what was published.
    """
    store = open_known_store(layout, job.store)
    release.confirm_objects(store, job.stored)
    newest = _find_manifest(job.session, layout, job.publication.key, job.publication.sha256)
    older: list[tuple[str, bytes]] = []
    previous = find_previous(newest)
    while previous is not None and store.stat_object(previous.key) is None:
        older.append((previous.key, _find_manifest(job.session, layout, previous.key, previous.sha256)))
        previous = find_previous(older[-1][1])
    # The oldest first: whoever follows `previous` finds each, whenever this stops.
    for key, body in reversed(older):
        store.put_document(key, body)
    return release.release_manifest(store, newest)


def _find_manifest(session: str, layout: WorkLayout, key: str, sha256: str) -> bytes:
    """Return a published manifest: the copy in the work folder, or what the main store has."""
    local = layout.locate_manifest(session, parse_manifest_revision(key))
    body = local.read_bytes() if local.is_file() else b""
    if hashlib.sha256(body).hexdigest() != sha256:
        body = _fetch_manifest(layout, key)
    if hashlib.sha256(body).hexdigest() != sha256:
        raise StorageError(
            f"{key}: is not the manifest that was published", "`mcsyncd storage repair` sends it again"
        )
    return body


def _fetch_manifest(layout: WorkLayout, key: str) -> bytes:
    try:
        return open_known_store(layout).get_document(key)
    except (StoreOffline, StoreRefused) as error:  # not the fault of the store that the job is about
        raise SourceUnreadable(error.message, error.hint) from error
