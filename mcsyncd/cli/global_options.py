"""The global options, and what follows from them, computed only when a command asks for it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcsyncd.settings.schema import Settings


@dataclass
class GlobalOptions:
    """The two global options as given; the properties apply their defaults."""

    config_option: Path | None = None
    socket_option: Path | None = None

    @cached_property
    def config_path(self) -> Path:
        """The settings file: `--config`, else `MCSYNCD_CONFIG`, else the system's or the checkout's."""
        from mcsyncd.settings.settings_file import find_settings_file  # noqa: PLC0415  # keeps --help free of yaml

        named = os.environ.get("MCSYNCD_CONFIG")
        return self.config_option or (Path(named) if named else find_settings_file())

    @cached_property
    def settings(self) -> Settings:
        """The settings, validated. Raises ConfigError."""
        from mcsyncd.settings.load import load_settings  # noqa: PLC0415  # keeps --help free of pydantic

        return load_settings(self.config_path)

    @property
    def socket(self) -> Path:
        """The daemon's socket: `--socket`, else the settings' own.

        A supervisor may not be allowed to read the settings, and has `--socket` for that. Raises ConfigError.
        """
        from mcsyncd.settings.settings_file import read_socket  # noqa: PLC0415  # keeps --help free of yaml

        return self.socket_option or read_socket(self.config_path) or self.settings.socket
