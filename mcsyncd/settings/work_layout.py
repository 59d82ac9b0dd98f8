"""The layout of the work folder: the only module that knows where its files are."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mcsyncd.errors import StoreRefused
from mcsyncd.model.clip import Clip
from mcsyncd.model.timetable import FREE_LINE, Timetable
from mcsyncd.settings.schema import Settings
from mcsyncd.settings.stores import Storage

_SESSION_ID = re.compile(r"\d{8}-\d{6}-[a-z0-9]{3}")
"""The form of a session's id (`daemon/clock.py` makes them); other folders are not ours."""


HISTORY_FOLDER = "ascmhl"
"""The folder of an ASC MHL history at the root of what it covers; the specification's name."""


@dataclass(frozen=True, slots=True)
class WorkLayout:
    """The folders (absolute paths) and the stores: small enough to be sent along with every job.

    `storage` is the main store, `further` are the others; `publisher` is the socket of what asks them for us.
    """

    drop: Path
    work: Path
    storage: Storage
    timetable: Timetable = FREE_LINE
    further: tuple[Storage, ...] = ()
    publisher: Path | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> WorkLayout:
        """Return the layout below the folders that the settings name."""
        paths, uploads = settings.paths, settings.uploads
        return cls(
            paths.drop,
            paths.work,
            settings.storage,
            uploads.timetable,
            settings.stores[1:],
            uploads.publisher,
        )

    @property
    def stores(self) -> tuple[Storage, ...]:
        """All stores, the main one first."""
        return (self.storage, *self.further)

    def find_store(self, name: str) -> Storage:
        """Return a store as the ledger names it: the main one by an empty name. Raises StoreRefused."""
        if not name:
            return self.storage
        found = next((store for store in self.further if store.key == name), None)
        if found is None:
            raise StoreRefused(f"the settings no longer name a store {name!r}", "add it under storage again")
        return found

    def locate_session(self, session_id: str) -> Path:
        """Return a session's folder."""
        return self.work / "sessions" / session_id

    def locate_originals(self, session_id: str) -> Path:
        """Return the folder of the originals: one folder for each camera, with the clips as dropped."""
        return self.locate_session(session_id) / "original"

    def locate_trash(self, session_id: str) -> Path:
        """Return the folder of originals that only the stores need to have."""
        return self.locate_session(session_id) / "trash"

    def locate_replaced(self, session_id: str) -> Path:
        """Return the folder of originals that a fuller or better copy has replaced."""
        return self.locate_session(session_id) / "replaced"

    def locate_analysis(self, session_id: str, camera: str, job: str) -> Path:
        """Return the folder of one clip's analysis audio and peaks; a replaced original gets a new one."""
        return self.locate_session(session_id) / "listen" / camera / job

    def locate_conformed(self, session_id: str, camera: str, job: str) -> Path:
        """Return the folder of the mezzanine and the proxy of one clip, as one job makes them."""
        return self.locate_conform_root(session_id) / camera / job

    def locate_conform_root(self, session_id: str) -> Path:
        """Return the folder of all that conform made: one folder for each job of a camera's clips."""
        return self.locate_session(session_id) / "conform"

    def locate_segments(self, session_id: str, clip: str, job: str) -> Path:
        """Return the folder of one clip's encoded segments, of one job; its parent is the clip's alone."""
        name = hashlib.sha256(clip.encode()).hexdigest()[:16]
        return self.locate_segment_root(session_id) / name / job

    def locate_segment_root(self, session_id: str) -> Path:
        """Return the folder of all encoded segments: of clips being encoded, or cut off on the way."""
        return self.locate_session(session_id) / "segments"

    def locate_manifest(self, session_id: str, revision: int) -> Path:
        """Return the path of one revision's manifest, as published."""
        return self.locate_session(session_id) / "manifest" / f"{revision:06d}.json"

    def locate_part_sums(self, session_id: str, sha256: str) -> Path:
        """Return where the sums of the parts of a session's file are kept, by the file's sha256."""
        return self.locate_session(session_id) / "sums" / f"{sha256}.json"

    def list_session_ids(self) -> tuple[str, ...]:
        """Return the sessions that have a folder, oldest first. Raises OSError."""
        sessions = self.work / "sessions"
        if not sessions.is_dir():
            return ()
        with os.scandir(sessions) as entries:
            return tuple(sorted(entry.name for entry in entries if _SESSION_ID.fullmatch(entry.name)))

    def has_files(self, session_id: str) -> bool:
        """Tell whether there is anything in a session's folder. Raises OSError."""
        folder = self.locate_session(session_id)
        return folder.is_dir() and next(folder.iterdir(), None) is not None

    def list_manifest_folders(self) -> tuple[tuple[int, Path], ...]:
        """Return the folders of published manifests and when each changed last (ns), oldest session first.

        Takes some microseconds for each session: plain paths, because there may be ten thousand.
        """
        found = []
        for session_id in self.list_session_ids():
            folder = f"{self.work}/sessions/{session_id}/manifest"
            try:
                found.append((os.stat(folder).st_mtime_ns, Path(folder)))  # noqa: PTH116  # see above
            except OSError:
                continue
        return tuple(found)

    def locate_progress(self, job: str) -> Path:
        """Return the path of the progress file of a running job."""
        return self.work / "progress" / f"{job}.json"

    def locate_cluster(self) -> Path:
        """Return the folder in which machines are probed, and where their quarantine is kept."""
        return self.work / "cluster"

    def locate_store_identity(self, name: str = "") -> Path:
        """Return where a store's identity is remembered, by the name that the ledger has for the store."""
        return self.work / (f"store-{name}.json" if name else "store.json")

    def locate_read_back(self, session_id: str, store: str, sha256: str) -> Path:
        """Return where it is kept how far an object has been read back from a store."""
        return self.locate_session(session_id) / "sums" / f"{sha256}.read{f'-{store}' if store else ''}"

    def locate_line(self) -> Path:
        """Return the path of the file by which all uploads share the line."""
        return self.work / "progress" / "line"

    def resolve_path(self, path: str) -> Path:
        """Return the absolute path of a recorded path, which is relative to the work folder."""
        return self.work / path

    def make_relative(self, path: Path | str) -> str:
        """Return a path as it is recorded: relative to the work folder. Raises ValueError outside it."""
        return Path(path).relative_to(self.work).as_posix()


def build_file_stem(clip: Clip, job: str) -> str:
    """Return the name, without suffix, of the files that a job makes from a clip.

    It is readable, but the camera's file name cannot inject anything into a path: only letters,
    digits, - and _ are kept. The job's id keeps the files of two alignments apart.
    """
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", PurePosixPath(clip.name).stem).strip("-")[:40]
    return f"{readable or 'clip'}-{job[:8]}"
