"""Checks of what is recorded against what is there, without a running daemon."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mcsyncd.checks.decode import check_decoding
from mcsyncd.errors import McsyncError, StorageError
from mcsyncd.integrity.hashing import verify_digest
from mcsyncd.model.due import select_current_conforms
from mcsyncd.model.rendition import Rendition
from mcsyncd.model.session import Session
from mcsyncd.publish.open_store import open_store
from mcsyncd.settings.schema import Settings
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.store.ledger import audit_ledger, read_recorded_sessions


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What a check found: how much was checked, and a sentence for everything that is wrong."""

    checked: int
    findings: tuple[str, ...]
    note: str = ""


def verify_log(settings: Settings, session: str | None) -> VerifyResult:
    """Check the hash chain, and that every session is what its events say."""
    del session  # a chain is checked as a whole
    found = audit_ledger(_locate_ledger(settings))
    return VerifyResult(found.events, found.faults, f"head {found.head}" if found.head else "")


def verify_media(settings: Settings, session: str | None, *, deep: bool = False) -> VerifyResult:
    """Check originals, mezzanines, proxies and sprites on disk against their hashes.

    `deep` also decodes every mezzanine and proxy from end to end and compares what comes out with
    what was recorded when it was made.
    """
    places = WorkLayout.from_settings(settings)
    files = [
        one
        for session in _select_sessions(settings, session)
        for one in _list_recorded_files(session, places)
    ]
    faults = [
        f"{path}: not what was recorded (or gone)"
        for path, sha256, size in files
        if not verify_digest(path, sha256, size)
    ]
    if deep:
        renditions = [
            one for session in _select_sessions(settings, session) for one in _list_renditions(session)
        ]
        faults += check_decoding([(places.resolve_path(one.path), one) for one in renditions])
    return VerifyResult(len(files), tuple(faults))


def _list_renditions(session: Session) -> Iterator[Rendition]:
    for made in select_current_conforms(session).values():
        yield from made.renditions


def _list_recorded_files(session: Session, places: WorkLayout) -> Iterator[tuple[Path, str, int]]:
    for clip in session.clips:
        if clip.digest is not None:
            yield places.resolve_path(clip.path), clip.digest.sha256, clip.digest.bytes
    for made in select_current_conforms(session).values():
        for file in made.renditions:
            yield places.resolve_path(file.path), file.sha256, file.bytes
            sidecar = file.proof.sidecar
            yield places.resolve_path(sidecar.path), sidecar.sha256, sidecar.bytes
        for sprite in made.sprites.files if made.sprites else ():
            yield places.resolve_path(sprite.path), sprite.sha256, sprite.bytes


def verify_store(settings: Settings, session: str | None) -> VerifyResult:
    """Check stored objects against the ledger: there, of the right size, with the recorded hash."""
    store = open_store(settings.storage)
    faults: list[str] = []
    checked = 0
    for one in _select_sessions(settings, session):
        for kept in one.stored:
            checked += 1
            try:
                found = store.stat_object(kept.key)
            except StorageError as error:
                faults.append(f"{kept.key}: {error}")
                continue
            if found is None:
                faults.append(f"{kept.key}: not in the store")
            elif (found.bytes, found.sha256) != (kept.bytes, kept.sha256):
                faults.append(f"{kept.key}: not what was recorded")
    return VerifyResult(checked, tuple(faults))


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
