"""From a settings file to `Settings`: relative paths made absolute, every error at once."""

from __future__ import annotations

from pathlib import Path

from mcsyncd.settings.problems import validated
from mcsyncd.settings.schema import LocalStorage, Paths, Settings
from mcsyncd.settings.yaml import read

SYSTEM = Path("/etc/mcsync/config.yaml")
CHECKOUT = Path("config/local.yaml")


def default_path() -> Path:
    """Return the settings file that is meant when none is named.

    The system's, unless we stand in a checkout that brings its own.
    """
    return CHECKOUT if CHECKOUT.is_file() and not SYSTEM.is_file() else SYSTEM


def load(path: Path) -> Settings:
    """Read and validate the settings. Raises ConfigError with every problem at once."""
    path = path.absolute()
    settings = validated(Settings, read(path))
    return _absolute(settings, path.parent)


def _absolute(settings: Settings, base: Path) -> Settings:
    def at(path: Path) -> Path:
        return Path.resolve(base / path)

    paths = Paths(drop=at(settings.paths.drop), work=at(settings.paths.work), state=at(settings.paths.state))
    profiles = settings.profiles.model_copy(update={"directory": at(settings.profiles.directory)})
    storage = settings.storage
    if isinstance(storage, LocalStorage):
        storage = storage.model_copy(update={"path": at(storage.path)})
    return settings.model_copy(
        update={"paths": paths, "socket": at(settings.socket), "profiles": profiles, "storage": storage}
    )


def shipped_profiles() -> Path:
    """Return the folder of the profiles that come with the package."""
    package = Path(__file__).parents[1]
    installed = package / "_shipped" / "profiles"
    return installed if installed.is_dir() else package.parent / "profiles"
