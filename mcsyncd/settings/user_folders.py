"""A user's own folders, after the XDG Base Directory Specification."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def find_state_home(environ: Mapping[str, str]) -> Path:
    """Return the folder of what programs keep between two runs; `environ` is the environment."""
    return _find_folder(environ, "XDG_STATE_HOME", Path(".local", "state"))


def find_config_home(environ: Mapping[str, str]) -> Path:
    """Return the folder of the settings that a person writes; `environ` is the environment."""
    return _find_folder(environ, "XDG_CONFIG_HOME", Path(".config"))


def _find_folder(environ: Mapping[str, str], variable: str, default: Path) -> Path:
    """Return the folder that a variable names; the specification says to ignore a relative one."""
    named = Path(environ.get(variable, ""))
    return named if named.is_absolute() else Path.home() / default
