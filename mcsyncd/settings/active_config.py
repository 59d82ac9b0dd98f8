"""The settings in force, with the profiles that they name. A reload replaces the whole value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcsyncd.errors import ConfigError
from mcsyncd.model.session import ProfileRef, Terms
from mcsyncd.settings.load import load_settings
from mcsyncd.settings.profiles import load_profile
from mcsyncd.settings.schema import Settings
from mcsyncd.settings.strict_yaml import build_config_error
from mcsyncd.settings.work_layout import WorkLayout

_RESTART_ONLY_KEYS = ("paths", "socket", "storage")
"""Settings that open files and connections depend on: a reload that changes one is refused."""


@dataclass(frozen=True)
class ActiveConfig:
    """One reading of the settings file and of the profiles that it names."""

    path: Path
    settings: Settings
    terms: Terms
    layout: WorkLayout

    @classmethod
    def read(cls, path: Path) -> ActiveConfig:
        """Read settings and profiles. Raises ConfigError with every problem at once."""
        settings = load_settings(path)
        profiles = settings.profiles
        problems: list[str] = []
        refs = [
            _load_profile_ref(profiles.directory, name, problems)
            for name in (profiles.mezzanine, profiles.proxy)
        ]
        if problems:
            raise build_config_error(path, tuple(problems))
        mezzanine, proxy = refs
        terms = Terms(settings.angles, mezzanine, proxy, profiles.rate, settings.conform.when)
        return cls(path, settings, terms, WorkLayout.from_settings(settings))

    def read_again(self) -> ActiveConfig:
        """Read the file again for a reload.

        Raises ConfigError for problems in the file, and for a change that needs a restart: of the
        folders, the socket or the store.
        """
        fresh = ActiveConfig.read(self.path)
        changed = [
            key for key in _RESTART_ONLY_KEYS if getattr(fresh.settings, key) != getattr(self.settings, key)
        ]
        if changed:
            problems = tuple(f"{self.path}: {key}: a change takes effect after a restart" for key in changed)
            raise ConfigError(f"{self.path}: {len(changed)} problem(s)", "restart the daemon", problems)
        return fresh


def _load_profile_ref(directory: Path, name: str, problems: list[str]) -> ProfileRef:
    try:
        profile = load_profile(directory, name)
    except ConfigError as error:
        problems.extend(error.problems or (str(error),))
        return ProfileRef(name, "", "")
    return ProfileRef(name, profile.compute_hash(), profile.format_canonical_json())
