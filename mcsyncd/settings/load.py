"""Loads a settings file: validates it, resolves relative paths, and reports every error at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from mcsyncd.settings.problems import validate_document
from mcsyncd.settings.schema import PathSettings, Settings
from mcsyncd.settings.stores import LocalStorage, Storage
from mcsyncd.settings.strict_yaml import read_yaml
from mcsyncd.settings.workers import DaskWorkers, Workers

_PACKAGE = Path(__file__).parents[1]
_SHIPPED = _PACKAGE / "_shipped"
"""Where a wheel carries the folders of a checkout that are not code; pyproject.toml names the same path."""


def load_settings(path: Path) -> Settings:
    """Read and validate the settings file `path`.

    Relative paths in it are resolved against its own folder, not the current one: the daemon
    starts in `/`. Raises ConfigError with every problem at once.
    """
    path = path.absolute()
    settings = validate_document(Settings, read_yaml(path))
    return _resolve_paths(settings, path.parent)


def _resolve_paths(settings: Settings, base: Path) -> Settings:
    def resolve(path: Path) -> Path:
        return Path.resolve(base / path)

    paths = PathSettings(
        drop=resolve(settings.paths.drop),
        work=resolve(settings.paths.work),
        state=resolve(settings.paths.state),
    )
    profiles = settings.profiles.model_copy(update={"directory": resolve(settings.profiles.directory)})
    stores = tuple(_resolve_store(store, resolve) for store in settings.stores)
    ledger = settings.ledger
    if ledger.backup_dir is not None:
        ledger = ledger.model_copy(update={"backup_dir": resolve(ledger.backup_dir)})
    uploads = settings.uploads
    if uploads.publisher is not None:
        uploads = uploads.model_copy(update={"publisher": resolve(uploads.publisher)})
    return settings.model_copy(
        update={
            "paths": paths,
            "socket": resolve(settings.socket),
            "profiles": profiles,
            "workers": _resolve_workers(settings.workers, resolve),
            "stores": stores,
            "uploads": uploads,
            "ledger": ledger,
        }
    )


def _resolve_store(storage: Storage, resolve: Callable[[Path], Path]) -> Storage:
    if isinstance(storage, LocalStorage):
        return storage.model_copy(update={"path": resolve(storage.path)})
    if storage.ca_file is not None:
        return storage.model_copy(update={"ca_file": resolve(storage.ca_file)})
    return storage


def _resolve_workers(workers: Workers, resolve: Callable[[Path], Path]) -> Workers:
    if not isinstance(workers, DaskWorkers):
        return workers
    keys = ("tls_ca", "tls_cert", "tls_key")
    return workers.model_copy(update={key: resolve(getattr(workers, key)) for key in keys})


def find_shipped_profiles() -> Path:
    """Return the folder of the profiles that ship with mcsyncd, in a wheel or in a checkout."""
    return find_shipped("profiles")


def find_shipped(folder: Literal["config", "profiles", "systemd"]) -> Path:
    """Return a folder of files that ship with mcsyncd, in a wheel or in a checkout."""
    return (_SHIPPED if is_installed() else _PACKAGE.parent) / folder


def is_installed() -> bool:
    """Return whether this is an installed wheel, as opposed to a checkout."""
    return _SHIPPED.is_dir()
