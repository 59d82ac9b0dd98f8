"""The drop folders as the status shows them. Pure: values in, bodies out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from mcsyncd.api import FolderBody, PendingFileBody
from mcsyncd.daemon.intake import FileNote
from mcsyncd.ingest.observation import FileKey, Observation
from mcsyncd.ingest.scan import DropScan
from mcsyncd.ingest.settle import FileTrack, SettleState
from mcsyncd.model.clip import DropIdentity
from mcsyncd.model.text import escape_text
from mcsyncd.settings.active_config import ActiveConfig


def build_folder_bodies(
    config: ActiveConfig,
    scan: DropScan | None,
    state: SettleState,
    *,
    notes: Mapping[FileKey, FileNote],
    moved: Mapping[FileKey, FileKey],
    taken: Collection[DropIdentity],
) -> dict[str, FolderBody]:
    """Return the drop folders with the files that are not ingested yet.

    `notes` are about settled files that belong to an earlier session, `moved` tells where files were
    that lie in another camera's folder now. `taken` are files that a session has taken in since the
    scan: they are not named.
    """
    health = scan.health if scan else {}
    files = [track for _, track in sorted(state.files.items()) if _identify(track.observation) not in taken]
    return {
        key: FolderBody(
            path=str(config.layout.drop / key),
            label=camera.label,
            health=health.get(key, "not scanned yet"),
            settling=[
                _build_file_body(track, notes.get(track.observation.key), moved.get(track.observation.key))
                for track in files
                if track.observation.camera == key
            ],
        )
        for key, camera in config.settings.cameras.items()
    }


def _identify(observation: Observation) -> DropIdentity:
    return observation.camera, observation.name, observation.size, observation.mtime_ns


def _build_file_body(track: FileTrack, note: FileNote | None, moved_from: FileKey | None) -> PendingFileBody:
    texts: Iterable[str] = (
        note.text if note is not None else track.note,
        f"moved here from {moved_from[0]}" if moved_from is not None else "",
    )
    return PendingFileBody(
        name=escape_text(track.observation.name),
        bytes=track.observation.size,
        state="taken" if note is not None and track.status == "settled" else track.status,
        note=escape_text("; ".join(text for text in texts if text)),
    )
