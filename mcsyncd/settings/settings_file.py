"""Where the settings file is, and the one setting that a client of the daemon needs. Loads no pydantic."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mcsyncd.settings.strict_yaml import read_yaml

SYSTEM_CONFIG = Path("/etc/mcsync/config.yaml")
"""The settings of an installed service; the shipped unit and docs/operations.md name the same path."""
CHECKOUT_CONFIG = Path("config/local.yaml")
"""The settings of a development checkout, relative to the current folder."""


def find_settings_file() -> Path:
    """Return the settings file to use when the caller names none.

    The system's file, unless there is none and the current folder is a checkout with its own.
    """
    return CHECKOUT_CONFIG if CHECKOUT_CONFIG.is_file() and not SYSTEM_CONFIG.is_file() else SYSTEM_CONFIG


def read_socket(path: Path) -> Path | None:
    """Return the socket that a settings file names; None if it names none as it should.

    The rest is not looked at: a mistake there keeps a daemon from starting, but no client from asking one
    that runs. Raises ConfigError if the file cannot be read.
    """
    path = path.absolute()
    document = read_yaml(path).document
    named = document.get("socket") if isinstance(document, Mapping) else None
    return (path.parent / named).resolve() if isinstance(named, str) and named else None
