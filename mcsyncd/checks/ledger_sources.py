"""What a lost ledger can be built from: published manifests, and the originals in the work folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from mcsyncd.errors import McsyncError, StorageError, StoreOffline, StoreRefused
from mcsyncd.ingest.cards import NO_CLIPS, attach_file, collect_clips
from mcsyncd.ingest.fingerprint import SampledFile, sample_files
from mcsyncd.ingest.names import FileRole, classify_name, extend_suffixes
from mcsyncd.ingest.second_copies import attach_copies
from mcsyncd.model.clip import Camera, Clip, DropFile
from mcsyncd.model.events import ClipsOffloaded, DropFilesChanged, Event, SessionOpened, SessionSealed
from mcsyncd.model.evolve import replay_events
from mcsyncd.model.publishing import StoreHead
from mcsyncd.model.session import Terms
from mcsyncd.publish.head import read_head
from mcsyncd.publish.keys import build_manifest_key, parse_head_key
from mcsyncd.publish.manifest_reader import read_published_events
from mcsyncd.publish.object_store import ObjectStore
from mcsyncd.publish.open_store import open_store
from mcsyncd.settings.active_config import ActiveConfig
from mcsyncd.settings.work_layout import HISTORY_FOLDER, WorkLayout


@dataclass(frozen=True, slots=True)
class _FoundManifest:
    """A manifest, and what its pointer says of it; None for a copy in the work folder."""

    body: bytes
    head: StoreHead | None = None


History = tuple[SessionOpened, *tuple[Event, ...]]
"""The events of one session, oldest first."""


@dataclass(frozen=True, slots=True)
class RecoveredHistories:
    """The sessions that were found, oldest first, and a sentence for everything that could not be used."""

    published: tuple[History, ...]
    restarted: tuple[History, ...]
    skipped: tuple[str, ...]


def collect_histories(config: ActiveConfig, *, use_store: bool) -> RecoveredHistories:
    """Return all sessions that manifests and work folders tell of. Raises StorageError, OSError."""
    skipped: list[str] = []
    store = open_store(config.settings.storage) if use_store else None
    found = dict(_read_local_manifests(config.layout, store))
    if store is not None:
        found |= dict(_read_stored_manifests(store, skipped))
    published: dict[str, History] = {}
    for session_id, manifest in sorted(found.items()):
        try:
            history = _check_history(read_published_events(manifest.body, manifest.head))
        except (McsyncError, ValueError, KeyError) as error:
            skipped.append(f"the manifest of {session_id}: {error}")
        else:
            published[session_id] = history
    restarted = []
    for session_id in config.layout.list_session_ids():
        if session_id not in published and config.layout.has_files(session_id):
            history_or_none = _read_originals(session_id, config)
            if history_or_none is None:
                skipped.append(f"{config.layout.locate_session(session_id)}: no original in it")
            else:
                restarted.append(history_or_none)
    return RecoveredHistories(tuple(published.values()), tuple(restarted), tuple(skipped))


def _check_history(events: tuple[Event, ...]) -> History:
    """Return the events, after making sure that they can be replayed. Raises ValueError, KeyError."""
    opened, *later = events
    if not isinstance(opened, SessionOpened):
        raise ValueError("its first event opens no session")  # noqa: TRY004  # the history is wrong, not its type
    replay_events(events)
    return (opened, *later)


def _read_local_manifests(
    layout: WorkLayout, store: ObjectStore | None
) -> Iterator[tuple[str, _FoundManifest]]:
    """Yield the newest published manifest of each session in the work folder.

    A copy is kept before the manifest is stored: only one that the store has was published.
    """
    for _, folder in layout.list_manifest_folders():
        session_id = folder.parent.name
        for path in sorted(folder.glob("*.json"), reverse=True):
            body = path.read_bytes()
            key = build_manifest_key(session_id, int(path.stem), hashlib.sha256(body).hexdigest())
            if store is None or store.stat_object(key) is not None:
                yield session_id, _FoundManifest(body)
                break


def _read_stored_manifests(store: ObjectStore, skipped: list[str]) -> Iterator[tuple[str, _FoundManifest]]:
    """Yield the manifest that each session's pointer in the store names; name those that cannot be used."""
    for listed in store.list_objects("head/"):
        session_id = parse_head_key(listed.key)
        if session_id is None:
            continue
        try:
            head = read_head(listed.key, store.get_document(listed.key))
            body = store.get_document(head.publication.key)
        except (StoreOffline, StoreRefused):
            raise
        except StorageError as error:
            skipped.append(str(error))
        else:
            yield session_id, _FoundManifest(body, head.head)


def _read_originals(session_id: str, config: ActiveConfig) -> History | None:
    """Return a session that begins again from the originals in its folder; None if it has no clip."""
    root = config.layout.locate_originals(session_id)
    files = _attach_files(root, _list_files(root), extend_suffixes(config.settings.ingest.suffixes))
    clips = tuple(Clip.from_drop_file(file) for file in files if file.kind == "clip")
    if not clips:
        return None
    at = _read_time(session_id)
    paths = tuple((clip.key, config.layout.make_relative(root / clip.camera / clip.name)) for clip in clips)
    return (
        SessionOpened(at, session_id),
        DropFilesChanged(at, files),
        SessionSealed(at, _extend_terms(config.terms, clips), clips),
        ClipsOffloaded(at, paths),
    )


def _list_files(root: Path) -> Iterator[DropFile]:
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        camera, _, name = path.relative_to(root).as_posix().partition("/")
        if name and camera != HISTORY_FOLDER and classify_name(name) in {FileRole.CLIP, FileRole.BESIDE}:
            found = path.stat()
            yield DropFile(camera, name, found.st_size, found.st_mtime_ns)


def _attach_files(root: Path, files: Iterable[DropFile], suffixes: frozenset[str]) -> tuple[DropFile, ...]:
    """Return the files of a session's folder with what each is, as the intake told it. Blocks."""
    files = tuple(files)
    clips = collect_clips(((file.camera, file.name) for file in files), suffixes)
    found = [
        attach_file(file, clips.get(file.camera, NO_CLIPS)) or replace(file, kind="card") for file in files
    ]
    sampled = iter(sample_files(root, (file for file in found if file.kind == "clip")))
    return attach_copies(next(sampled) if file.kind == "clip" else SampledFile(file) for file in found)


def _extend_terms(terms: Terms, clips: tuple[Clip, ...]) -> Terms:
    """Return the terms of today with the cameras that the settings no longer have."""
    known = {camera.key for camera in terms.cameras}
    gone = sorted({clip.camera for clip in clips} - known)
    return replace(terms, cameras=(*terms.cameras, *(Camera(key, key) for key in gone)))


def _read_time(session_id: str) -> str:
    """Return the time that a session's id begins with: when it was opened."""
    opened = datetime.strptime(session_id[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    return opened.isoformat(timespec="microseconds").replace("+00:00", "Z")
