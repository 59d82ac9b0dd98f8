"""Verify the ledger, the local files and the stored objects against each other, without a daemon."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mcsyncd.checks.decode import check_decoding
from mcsyncd.checks.sessions import locate_ledger, select_sessions
from mcsyncd.checks.store_survey import read_back, survey_store
from mcsyncd.integrity.hashing import verify_digest
from mcsyncd.model.due import list_conform_jobs, select_current_conforms
from mcsyncd.model.losses import list_derived_results
from mcsyncd.model.rendition import Rendition
from mcsyncd.model.session import Session
from mcsyncd.publish.open_store import open_store
from mcsyncd.settings.schema import Settings
from mcsyncd.settings.stores import LocalStorage, Storage
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.store.audit import audit_ledger


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What a check found: how many items were checked, and a sentence for each that is wrong."""

    checked: int
    findings: tuple[str, ...]
    note: str = ""


def verify_log(settings: Settings, session: str | None) -> VerifyResult:
    """Verify the hash chain, and every session's row against its events. Raises McsyncError."""
    del session  # a chain is checked as a whole
    found = audit_ledger(locate_ledger(settings))
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
        if clip.digest is not None and clip.path and not session.are_originals_deleted:
            yield layout.resolve_path(clip.place), clip.digest.sha256, clip.digest.bytes
    current = {f"conform {job.id}" for job in list_conform_jobs(session)}
    for derived in list_derived_results(session):
        if derived.stage != "conform" or derived.name in current:
            for file in derived.files:
                yield layout.resolve_path(file.path), file.sha256, file.bytes


def verify_store(
    settings: Settings,
    storage: Storage,
    session: str | None,
    *,
    share: float = 0.0,
    credential: Path | None = None,
    chance: random.Random | None = None,
) -> VerifyResult:
    """Verify every recorded object, manifest and pointer in the store, and find what nobody recorded.

    A bucket is compared by sizes and by the tags that it makes from the content; `share` of all bytes (0 to
    1) is read back besides. A folder makes no tags, so that all of it is read. Raises McsyncError for an
    unknown session, StoreOffline and StoreRefused.
    """
    store = open_store(storage, credential=credential)
    survey = survey_store(settings, store, session, name=settings.name_store(storage))
    if isinstance(storage, LocalStorage):
        share = 1.0
    survey, reading = read_back(store, survey, WorkLayout.from_settings(settings), share, chance)
    return VerifyResult(survey.checked, survey.sentences, reading)
