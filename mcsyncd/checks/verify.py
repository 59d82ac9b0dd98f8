"""Verify the ledger, the local files and the stored objects against each other, without a daemon."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mcsyncd.checks.decode import check_decoding
from mcsyncd.errors import McsyncError, StorageError
from mcsyncd.integrity.hashing import verify_digest
from mcsyncd.model.due import select_current_conforms
from mcsyncd.model.rendition import Rendition, StoredObject
from mcsyncd.model.session import Session
from mcsyncd.publish.object_store import ObjectStore
from mcsyncd.publish.open_store import open_store
from mcsyncd.settings.schema import Settings
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.store.audit import audit_ledger, read_recorded_sessions


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What a check found: how many items were checked, and a sentence for each that is wrong."""

    checked: int
    findings: tuple[str, ...]
    note: str = ""


def verify_log(settings: Settings, session: str | None) -> VerifyResult:
    """Verify the hash chain, and every session's row against its events. Raises McsyncError."""
    del session  # a chain is checked as a whole
    found = audit_ledger(_locate_ledger(settings))
    return VerifyResult(found.events, found.faults, f"head {found.head}" if found.head else "")


def verify_media(settings: Settings, session: str | None, *, deep: bool = False) -> VerifyResult:
    """Verify originals, mezzanines, proxies, sidecars and sprites on disk against their hashes.

    `deep` also decodes every mezzanine and proxy from end to end and compares the result with what
    was recorded when it was made. Raises McsyncError for an unknown session.
    """
    layout = WorkLayout.from_settings(settings)
    sessions = _select_sessions(settings, session)
    files = [file for one in sessions for file in _list_recorded_files(one, layout)]
    findings = [
        f"{path}: modified or missing since it was recorded"
        for path, sha256, size in files
        if not verify_digest(path, sha256, size)
    ]
    if deep:
        renditions = [rendition for one in sessions for rendition in _list_renditions(one)]
        findings += check_decoding([(layout.resolve_path(one.path), one) for one in renditions])
    return VerifyResult(len(files), tuple(findings))


def _list_renditions(session: Session) -> Iterator[Rendition]:
    for result in select_current_conforms(session).values():
        yield from result.renditions


def _list_recorded_files(session: Session, layout: WorkLayout) -> Iterator[tuple[Path, str, int]]:
    for clip in session.clips:
        if clip.digest is not None:
            yield layout.resolve_path(clip.path), clip.digest.sha256, clip.digest.bytes
    for result in select_current_conforms(session).values():
        for file in result.renditions:
            yield layout.resolve_path(file.path), file.sha256, file.bytes
            sidecar = file.proof.sidecar
            yield layout.resolve_path(sidecar.path), sidecar.sha256, sidecar.bytes
        for sprite in result.sprites.files if result.sprites else ():
            yield layout.resolve_path(sprite.path), sprite.sha256, sprite.bytes


def verify_store(settings: Settings, session: str | None) -> VerifyResult:
    """Verify that every recorded object is in the store, with its recorded size and hash."""
    store = open_store(settings.storage)
    recorded = [kept for one in _select_sessions(settings, session) for kept in one.stored]
    findings = (_verify_object(store, kept) for kept in recorded)
    return VerifyResult(len(recorded), tuple(finding for finding in findings if finding is not None))


def _verify_object(store: ObjectStore, recorded: StoredObject) -> str | None:
    try:
        found = store.stat_object(recorded.key)
    except StorageError as error:
        return f"{recorded.key}: {error}"
    if found is None:
        return f"{recorded.key}: not in the store"
    if (found.bytes, found.sha256) != (recorded.bytes, recorded.sha256):
        return f"{recorded.key}: differs from what was recorded"
    return None


def _select_sessions(settings: Settings, session: str | None) -> tuple[Session, ...]:
    sessions = read_recorded_sessions(_locate_ledger(settings))
    if session is None:
        return sessions
    chosen = tuple(one for one in sessions if one.id == session)
    if not chosen:
        raise McsyncError(f"no session {session}", "see `mcsyncd sessions`")
    return chosen


def _locate_ledger(settings: Settings) -> Path:
    return settings.paths.state / "ledger.db"
