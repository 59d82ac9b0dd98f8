"""The settings in force, with what follows from them. A reload replaces the whole value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcsyncd.daemon.places import Places
from mcsyncd.errors import ConfigError
from mcsyncd.model.session import ProfileRef, Terms
from mcsyncd.settings.load import load_settings
from mcsyncd.settings.profiles import load_profile
from mcsyncd.settings.schema import Settings

_FIXED = ("paths", "socket", "storage")


@dataclass(frozen=True)
class Live:
    """One reading of the settings file and of the profiles that it names."""

    path: Path
    settings: Settings
    terms: Terms
    places: Places

    @classmethod
    def read(cls, path: Path) -> Live:
        """Read settings and profiles. Raises ConfigError with every problem at once."""
        settings = load_settings(path)
        profiles = settings.profiles
        problems: list[str] = []
        found = [
            _profile(profiles.directory, name, problems) for name in (profiles.mezzanine, profiles.proxy)
        ]
        if problems:
            raise ConfigError(f"{path}: {len(problems)} problem(s)", "mend the lines above", tuple(problems))
        mezzanine, proxy = found
        terms = Terms(settings.angles, mezzanine, proxy, profiles.rate, settings.conform.when)
        return cls(path, settings, terms, Places.of(settings))

    def reread(self) -> Live:
        """Read the file again for a reload.

        Raises ConfigError also for what cannot change under a running daemon: its folders, its
        socket and its store.
        """
        fresh = Live.read(self.path)
        moved = [key for key in _FIXED if getattr(fresh.settings, key) != getattr(self.settings, key)]
        if moved:
            problems = tuple(f"{self.path}: {key}: takes a restart to change" for key in moved)
            raise ConfigError(f"{self.path}: {len(moved)} problem(s)", "restart the daemon", problems)
        return fresh


def _profile(directory: Path, name: str, problems: list[str]) -> ProfileRef:
    try:
        profile = load_profile(directory, name)
    except ConfigError as error:
        problems.extend(error.problems or (str(error),))
        return ProfileRef(name, "", "")
    return ProfileRef(name, profile.compute_hash(), profile.format_canonical_json())
