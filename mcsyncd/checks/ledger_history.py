"""Does a ledger know all that was made with it? Its sessions in the work folder, its manifests in the store.

A ledger that was lost or replaced by an old copy looks like any other. Work folder and store do not
forget: the daemon compares them before it writes a row, and stops where they know more.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from threading import Thread

import structlog

from mcsyncd.errors import LedgerMismatch, StorageError
from mcsyncd.model.session import FINISHED
from mcsyncd.publish.head import read_head
from mcsyncd.publish.keys import build_head_key, parse_head_key
from mcsyncd.publish.object_store import ObjectStore
from mcsyncd.publish.open_store import open_named_store
from mcsyncd.settings.schema import Settings
from mcsyncd.settings.stores import LocalStorage
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.store.damage import find_set_aside_ledgers
from mcsyncd.store.rows import LEDGER_SESSION, open_read_only

_NEWEST = 8
"""Manifests that are compared, the newest. Judgement: one would do, if no clock had ever been set back."""
_STORE_LIMIT_S = 8.0
"""Seconds that a start waits for the store. Judgement: a bucket answers in a tenth of a second; one that does
not must not keep the daemon from taking in cards."""
_MAX_HEADS = 100_000
"""Pointers of sessions that are listed in a folder. Judgement: far more than a folder will ever hold."""
_SHOWN = 3
"""Findings that a message names. Judgement: enough to recognise the shoots; the rest is counted."""

log = structlog.get_logger("mcsyncd.ledger")


@dataclass(frozen=True, slots=True)
class HistoryGap:
    """Something that the ledger ought to know. `mark` names it for good: a person may accept it by that."""

    mark: str
    message: str


@dataclass(frozen=True, slots=True)
class _ManifestPoint:
    """The session of a manifest, and the hash of the last event before its plan."""

    session: str
    chain_head: str


@dataclass(frozen=True, slots=True)
class _KnownHistory:
    """What a ledger knows; all of it is empty for a ledger that is not there."""

    states: dict[str, str] = field(default_factory=dict)
    accepted: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        return not self.states


def require_known_history(settings: Settings, ledger: Path) -> None:
    """Raise LedgerMismatch, with the choice, if work folder or store know more than the ledger.

    Takes some microseconds for each session, and up to `_STORE_LIMIT_S` for a store that does not answer.
    """
    gaps, is_empty = find_history_gaps(settings, ledger)
    if not gaps:
        return
    shown = "; ".join(gap.message for gap in gaps[:_SHOWN])
    more = f"; and {len(gaps) - _SHOWN} more" if len(gaps) > _SHOWN else ""
    state = "is empty or missing" if is_empty else "is older than what was made with it"
    raise LedgerMismatch(
        f"{ledger} {state}: {shown}{more}",
        "nothing was changed; choose: put the newest copy back (`mcsyncd ledger restore`), build a ledger "
        "from manifests and work folders (`mcsyncd ledger rebuild`), or go on with this one as it is "
        "(`mcsyncd ledger accept --reason TEXT`)",
    )


def find_history_gaps(settings: Settings, ledger: Path) -> tuple[tuple[HistoryGap, ...], bool]:
    """Return what the ledger ought to know and nobody has accepted, and whether it has no session at all."""
    layout = WorkLayout.from_settings(settings)
    known = _read_known_history(ledger)
    gaps = [*_find_local_gaps(layout, ledger, known), *_find_store_gaps(settings, ledger, known)]
    unique = {gap.mark: gap for gap in gaps if gap.mark not in known.accepted}
    return tuple(unique.values()), known.is_empty


def _read_known_history(ledger: Path) -> _KnownHistory:
    if not ledger.is_file() or not ledger.stat().st_size:
        return _KnownHistory()
    with closing(open_read_only(ledger)) as db:
        if not _has_tables(db):
            return _KnownHistory()
        accepted = db.execute(
            "SELECT body FROM event WHERE session_id = ? AND kind IN ('ledger_accepted', 'ledger_rebuilt')",
            (LEDGER_SESSION,),
        )
        return _KnownHistory(
            dict(db.execute("SELECT id, state FROM session")),
            frozenset(mark for (body,) in accepted for mark in json.loads(body)["marks"]),
        )


def _has_tables(db: sqlite3.Connection) -> bool:
    return db.execute("SELECT 1 FROM sqlite_master WHERE name = 'event'").fetchone() is not None


def _knows_manifest(ledger: Path, manifest: _ManifestPoint) -> bool:
    """Tell whether the ledger has planned this manifest, at the same point of its chain.

    By the plan and not by the event before it: a ledger that was rebuilt has the plan, too.
    """
    with closing(open_read_only(ledger)) as db:
        plans = db.execute(
            "SELECT body FROM event WHERE session_id = ? AND kind = 'publishing_planned'", (manifest.session,)
        )
        return any(json.loads(body)["chain_head"] == manifest.chain_head for (body,) in plans)


def _read_manifest_point(body: bytes) -> _ManifestPoint | None:
    """Return where in the chain a manifest was published; None if it cannot be read."""
    try:
        document = json.loads(body)
        return _ManifestPoint(str(document["session"]["id"]), str(document["chain_head"]))
    except (ValueError, KeyError, TypeError):
        return None


def _find_unknown_copies(layout: WorkLayout, ledger: Path, known: _KnownHistory) -> Iterator[HistoryGap]:
    """Compare the newest manifests in the work folder, of the sessions that the ledger knows."""
    folders = [one for one in layout.list_manifest_folders() if one[1].parent.name in known.states]
    for _, folder in sorted(folders, reverse=True)[:_NEWEST]:
        path = max(folder.glob("*.json"), default=None)
        if path is not None and (gap := _compare_manifest(str(path), path.read_bytes(), ledger)):
            yield gap


def _compare_manifest(name: str, body: bytes, ledger: Path) -> HistoryGap | None:
    manifest = _read_manifest_point(body)
    if manifest is None or _knows_manifest(ledger, manifest):
        return None
    mark = f"manifest:{manifest.session}:{manifest.chain_head}"
    return HistoryGap(mark, f"it does not know that {name} was published")


def _find_local_gaps(layout: WorkLayout, ledger: Path, known: _KnownHistory) -> Iterator[HistoryGap]:
    if known.is_empty:
        for path in find_set_aside_ledgers(ledger):
            yield HistoryGap(f"damaged:{path.name}", f"a damaged ledger was set aside as {path}")
    else:
        yield from _find_unknown_copies(layout, ledger, known)
    for session_id in layout.list_session_ids():
        if session_id not in known.states and layout.has_files(session_id):
            folder = layout.locate_session(session_id)
            yield HistoryGap(f"session:{session_id}", f"it does not know the session in {folder}")


def _find_store_gaps(settings: Settings, ledger: Path, known: _KnownHistory) -> tuple[HistoryGap, ...]:
    """Ask the store, for a limited time; one that fails or does not answer has no say."""
    found: list[HistoryGap] = []

    def ask_store() -> None:
        try:
            store = open_named_store(WorkLayout.from_settings(settings))
            if isinstance(settings.storage, LocalStorage):
                found.extend(_find_unknown_sessions(store, known, _MAX_HEADS))
            elif known.is_empty:
                found.extend(_find_unknown_sessions(store, known, 1))
            if not known.is_empty:
                found.extend(_find_unknown_manifests(store, ledger, known))
        except (StorageError, OSError, ValueError, KeyError) as error:
            log.warning("the ledger cannot be compared with the store", error=str(error))

    thread = Thread(target=ask_store, name="store-history", daemon=True)
    thread.start()
    thread.join(_STORE_LIMIT_S)
    if thread.is_alive():
        log.warning("the ledger cannot be compared with the store", error="it does not answer")
        return ()
    return tuple(found)


def _find_unknown_sessions(store: ObjectStore, known: _KnownHistory, limit: int) -> Iterator[HistoryGap]:
    """Sessions that were published. Another daemon may publish to the same bucket, but not to our folder."""
    for key in islice((one.key for one in store.list_objects("head/")), limit):
        session_id = parse_head_key(key)
        if session_id is not None and session_id not in known.states:
            yield HistoryGap(f"published:{session_id}", f"the store has {session_id}, which it does not know")


def _find_unknown_manifests(store: ObjectStore, ledger: Path, known: _KnownHistory) -> Iterator[HistoryGap]:
    """Manifests of known sessions after events that the ledger does not have: what an old copy lacks."""
    unfinished = [session_id for session_id, state in known.states.items() if state not in FINISHED]
    newest = sorted(session_id for session_id, state in known.states.items() if state in FINISHED)
    for session_id in [*unfinished[-_NEWEST:], *newest[-_NEWEST:]]:
        pointer = store.find_document(head_key := build_head_key(session_id))
        if pointer is None:
            continue
        manifest_key = read_head(head_key, pointer.data).publication.key
        if gap := _compare_manifest(manifest_key, store.get_document(manifest_key), ledger):
            yield gap
