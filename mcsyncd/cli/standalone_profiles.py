"""Profiles for the commands that work without a session: from a folder of one's own, or the shipped ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mcsyncd.errors import ConfigError

if TYPE_CHECKING:
    from mcsyncd.settings.profiles import Profile

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


def find_profile_folder(named: Path | None) -> Path:
    """Return the folder that was named, or that of the profiles that ship with mcsyncd."""
    from mcsyncd.settings.load import find_shipped_profiles

    return named or find_shipped_profiles()


def load_encodable_profile(folder: Path, name: str) -> Profile:
    """Return a profile. Raises ConfigError if it is invalid or this installation lacks an encoder for it."""
    from mcsyncd.conform.encoder_check import find_missing_encoders
    from mcsyncd.settings.profiles import load_profile

    profile = load_profile(folder, name)
    if missing := find_missing_encoders(profile):
        raise ConfigError(
            f"{folder / name}.yaml: this installation has no encoder {' or '.join(missing)}",
            "choose another profile, or install a build of PyAV that has it",
        )
    return profile
