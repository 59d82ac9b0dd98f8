"""Make the store hold again what the ledger says: from local copies that are proven, and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mcsyncd.checks.store_survey import DocumentFault, StoreSurvey
from mcsyncd.errors import SourceChanged, StorageError, StoreOffline, StoreRefused
from mcsyncd.integrity.part_sums import compute_part_sums
from mcsyncd.model.publishing import PlannedObject
from mcsyncd.model.session import Session
from mcsyncd.publish.comparison import Difference
from mcsyncd.publish.keys import build_quarantine_key
from mcsyncd.publish.object_store import ObjectStore
from mcsyncd.publish.release import point_head
from mcsyncd.settings.work_layout import WorkLayout


@dataclass(frozen=True, slots=True)
class RepairStep:
    """What was done about one key, or why nothing could be done."""

    key: str
    sentence: str
    is_mended: bool


def repair_store(store: ObjectStore, survey: StoreSurvey, layout: WorkLayout) -> Iterator[RepairStep]:
    """Send what is missing or different again, set foreign pointers aside, and write the right ones.

    Each local copy is hashed before it is sent. What nobody recorded stays where it is, but for pointers: a
    reader would follow them. Originals, too, are replaced only by the very bytes that were recorded. Raises
    StoreOffline, StoreRefused and OSError.
    """
    sessions = {one.id: one for one in survey.sessions}
    for difference in survey.differences:
        yield from _repair_object(store, difference, sessions, layout)
    for fault in sorted(survey.documents, key=lambda one: one.kind == "head"):  # manifests first
        session = sessions[fault.session]
        if fault.kind == "manifest":
            yield _repair_manifest(store, fault, session, layout)
        else:
            yield _repair_head(store, fault, session)


def _repair_object(
    store: ObjectStore, difference: Difference, sessions: dict[str, Session], layout: WorkLayout
) -> Iterator[RepairStep]:
    key, wanted = difference.key, difference.wanted
    if difference.kind == "foreign_head":
        yield _quarantine(store, key)
    elif wanted is not None:
        planned = _find_planned(sessions[wanted.session], key)
        if planned is None or not planned.path:
            yield RepairStep(key, f"{key}: belongs to an earlier revision; no local copy is known", False)
        else:
            yield _send_again(store, planned, layout, replace=difference.kind != "missing")


def _find_planned(session: Session, key: str) -> PlannedObject | None:
    plan = session.publishing.plan if session.publishing is not None else None
    return next((one for one in plan.objects if one.key == key), None) if plan is not None else None


def _send_again(
    store: ObjectStore, planned: PlannedObject, layout: WorkLayout, *, replace: bool
) -> RepairStep:
    path = layout.resolve_path(planned.path)
    try:
        digest, sums = compute_part_sums(path)
        if (digest.sha256, digest.bytes) != (planned.sha256, planned.bytes):
            return RepairStep(planned.key, f"{planned.key}: the local copy {path} was modified, too", False)
        store.put_file(planned.key, path, sums, metadata=planned.metadata, replace=replace)
    except SourceChanged as error:
        return RepairStep(planned.key, f"{planned.key}: {error.message}", False)
    except (StoreOffline, StoreRefused):
        raise
    except StorageError as error:
        return RepairStep(planned.key, error.message, False)
    return RepairStep(planned.key, f"{planned.key}: sent again from {path}", True)


def _repair_manifest(
    store: ObjectStore, fault: DocumentFault, session: Session, layout: WorkLayout
) -> RepairStep:
    revision = int(fault.key.rpartition("/")[2].partition("-")[0])
    path = layout.locate_manifest(session.id, revision)
    try:
        body = path.read_bytes()
    except FileNotFoundError:
        return RepairStep(fault.key, f"{fault.key}: {path} is missing, too", False)
    if hashlib.sha256(body).hexdigest()[:16] != Path(fault.key).stem.partition("-")[2]:
        return RepairStep(fault.key, f"{fault.key}: the local copy {path} is of another publication", False)
    store.put_document(fault.key, body, if_match=fault.tag)
    return RepairStep(fault.key, f"{fault.key}: sent again from {path}", True)


def _repair_head(store: ObjectStore, fault: DocumentFault, session: Session) -> RepairStep:
    if session.published is None or session.wanted_head is None:
        return RepairStep(fault.key, f"{fault.key}: the session was never published", False)
    aside = ""
    if fault.tag is not None:
        aside = f"; what was there is now {_move_aside(store, fault.key)}"
    point_head(store, session.id, session.published, session.wanted_head)
    return RepairStep(fault.key, f"{fault.key}: points to revision {session.published.revision}{aside}", True)


def _quarantine(store: ObjectStore, key: str) -> RepairStep:
    return RepairStep(key, f"{key}: set aside as {_move_aside(store, key)}", True)


def _move_aside(store: ObjectStore, key: str) -> str:
    """Keep a document under another key, and remove it; return that key."""
    found = store.find_document(key)
    if found is None:
        return "gone"
    kept = build_quarantine_key(key, hashlib.sha256(found.data).hexdigest())
    store.put_document(kept, found.data)
    store.remove_object(key)
    return kept
