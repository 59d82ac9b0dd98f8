"""From a settings file to `Settings`: relative paths made absolute, every error at once."""

from __future__ import annotations

from pathlib import Path

from mcsyncd.settings.problems import validate_document
from mcsyncd.settings.schema import LocalStorage, Paths, Settings
from mcsyncd.settings.strict_yaml import read_yaml

SYSTEM_CONFIG = Path("/etc/mcsync/config.yaml")
CHECKOUT_CONFIG = Path("config/local.yaml")


def find_settings_file() -> Path:
    """Return the settings file that is meant when none is named.

    The system's, unless we stand in a checkout that brings its own.
    """
    return CHECKOUT_CONFIG if CHECKOUT_CONFIG.is_file() and not SYSTEM_CONFIG.is_file() else SYSTEM_CONFIG


def load_settings(path: Path) -> Settings:
    """Read and validate the settings. Raises ConfigError with every problem at once."""
    path = path.absolute()
    settings = validate_document(Settings, read_yaml(path))
    return _resolve_paths(settings, path.parent)


def _resolve_paths(settings: Settings, base: Path) -> Settings:
    def resolve(path: Path) -> Path:
        return Path.resolve(base / path)

    paths = Paths(
        drop=resolve(settings.paths.drop),
        work=resolve(settings.paths.work),
        state=resolve(settings.paths.state),
    )
    profiles = settings.profiles.model_copy(update={"directory": resolve(settings.profiles.directory)})
    storage = settings.storage
    if isinstance(storage, LocalStorage):
        storage = storage.model_copy(update={"path": resolve(storage.path)})
    return settings.model_copy(
        update={"paths": paths, "socket": resolve(settings.socket), "profiles": profiles, "storage": storage}
    )


def find_shipped_profiles() -> Path:
    """Return the folder of the profiles that come with the package."""
    package = Path(__file__).parents[1]
    installed = package / "_shipped" / "profiles"
    return installed if installed.is_dir() else package.parent / "profiles"
