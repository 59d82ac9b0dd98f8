"""Where things lie: the one module that knows the layout of the work folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mcsyncd.model.clip import Clip
from mcsyncd.settings.schema import Settings, Storage


@dataclass(frozen=True, slots=True)
class WorkLayout:
    """The folders, absolute, and the store; small enough to travel with every job."""

    drop: Path
    work: Path
    storage: Storage

    @classmethod
    def from_settings(cls, settings: Settings) -> WorkLayout:
        """Return the places that the settings name."""
        return cls(settings.paths.drop, settings.paths.work, settings.storage)

    def locate_session(self, session_id: str) -> Path:
        """A session's folder."""
        return self.work / "sessions" / session_id

    def locate_originals(self, session_id: str) -> Path:
        """Holds a folder for each camera, with the clips as they were dropped."""
        return self.locate_session(session_id) / "original"

    def locate_analysis(self, session_id: str, camera: str, job: str) -> Path:
        """Analysis audio and peaks of one clip; a replaced original gets a new folder."""
        return self.locate_session(session_id) / "listen" / camera / job

    def locate_conformed(self, session_id: str, camera: str) -> Path:
        """Mezzanines and proxies of one camera."""
        return self.locate_session(session_id) / "conform" / camera

    def locate_manifest(self, session_id: str, revision: int) -> Path:
        """The manifest of one revision, as it was published."""
        return self.locate_session(session_id) / "manifest" / f"{revision:06d}.json"

    def locate_progress(self, job: str) -> Path:
        """Where a running job writes how far it is."""
        return self.work / "progress" / f"{job}.json"

    def resolve_path(self, path: str) -> Path:
        """The absolute path of a path that is relative to the work folder."""
        return self.work / path

    def make_relative(self, path: Path | str) -> str:
        """The path as it is recorded: relative to the work folder."""
        return Path(path).relative_to(self.work).as_posix()


def build_file_stem(clip: Clip, job: str) -> str:
    """Return the name, without suffix, of the files that a job makes of a clip.

    Readable for a person who looks into the folder, but nothing of the camera's file name can
    reach a path: everything else than letters, digits, - and _ is dropped. The job's identity
    keeps two answers apart.
    """
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", PurePosixPath(clip.name).stem).strip("-")[:40]
    return f"{readable or 'clip'}-{job[:8]}"
