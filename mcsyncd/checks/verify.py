"""Verify the ledger, the local files and the stored objects against each other, without a daemon."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mcsyncd.checks.decode import check_decoding
from mcsyncd.errors import McsyncError, StorageError
from mcsyncd.integrity.hashing import verify_digest
from mcsyncd.model.due import list_conform_jobs, select_current_conforms
from mcsyncd.model.losses import list_derived_results
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
    """Verify every recorded file on disk against its hash: originals and all that was made from them.

    The note of the result counts the files that earlier versions recorded without a hash. `deep` also
    decodes every mezzanine and proxy from end to end and compares the result with what was recorded
    when it was made. Raises McsyncError for an unknown session.
    """
    layout = WorkLayout.from_settings(settings)
    sessions = select_sessions(settings, session)
    recorded = [file for one in sessions for file in _list_recorded_files(one, layout)]
    files = [file for file in recorded if file[1]]
    findings = [finding for path, sha256, size in files if (finding := _find_file_fault(path, sha256, size))]
    if deep:
        renditions = [rendition for one in sessions for rendition in _list_renditions(one)]
        findings += check_decoding([(layout.resolve_path(one.path), one) for one in renditions])
    return VerifyResult(len(files), tuple(findings), _describe_unproven(len(recorded) - len(files)))


def _find_file_fault(path: Path, sha256: str, size: int) -> str:
    try:
        is_whole = verify_digest(path, sha256, size)
    except OSError as error:
        return f"{path}: cannot be read: {error.strerror}"
    return "" if is_whole else f"{path}: modified or missing since it was recorded"


def _describe_unproven(count: int) -> str:
    if count == 0:
        return ""
    return f"{count} files of earlier versions have no recorded hash; they are made again when they are used"


def _list_renditions(session: Session) -> Iterator[Rendition]:
    for result in select_current_conforms(session).values():
        yield from result.renditions


def _list_recorded_files(session: Session, layout: WorkLayout) -> Iterator[tuple[Path, str, int]]:
    for clip in session.clips:
        if clip.digest is not None:
            yield layout.resolve_path(clip.path), clip.digest.sha256, clip.digest.bytes
    current = {f"conform {job.id}" for job in list_conform_jobs(session)}
    for derived in list_derived_results(session):
        if derived.stage != "conform" or derived.name in current:
            for file in derived.files:
                yield layout.resolve_path(file.path), file.sha256, file.bytes


def verify_store(settings: Settings, session: str | None) -> VerifyResult:
    """Verify that every recorded object is in the store, with its recorded size and hash."""
    store = open_store(settings.storage)
    recorded = [kept for one in select_sessions(settings, session) for kept in one.stored]
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


def select_sessions(settings: Settings, session: str | None) -> tuple[Session, ...]:
    """Return one session by its id, or all. Raises McsyncError for an unknown one."""
    sessions = read_recorded_sessions(_locate_ledger(settings))
    if session is None:
        return sessions
    chosen = tuple(one for one in sessions if one.id == session)
    if not chosen:
        raise McsyncError(f"no session {session}", "see `mcsyncd sessions`")
    return chosen


def _locate_ledger(settings: Settings) -> Path:
    return settings.paths.state / "ledger.db"
