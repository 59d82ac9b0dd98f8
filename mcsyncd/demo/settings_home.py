"""The settings that the demo uses if none are named: a checkout's own, or a copy of the wheel's sample."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mcsyncd.errors import McsyncError
from mcsyncd.integrity.derived_file import write_derived_file
from mcsyncd.settings.load import find_shipped, is_installed
from mcsyncd.settings.user_folders import find_state_home

_SAMPLE, _TROUBLE = Path("config", "local.yaml"), Path("config", "trouble.yaml")
"""The sample settings, and those with a recorder beside the cameras. Their paths are relative: data go to
`../var`, profiles come from `../profiles`."""


def prepare_demo_settings(environ: Mapping[str, str], *, trouble: bool = False) -> Path:
    """Return the settings file that the demo uses if none is named.

    In a checkout this is its own `config/local.yaml` (with `trouble`, `config/trouble.yaml`).
    Site-packages must not hold data, so an installed wheel copies the sample settings and the profiles to
    `$XDG_STATE_HOME/mcsyncd/demo` (`~/.local/state` by default, after the XDG Base Directory
    Specification) and runs on the copy. An existing copy is replaced, and its data are kept. Raises
    McsyncError if the folder cannot be written.
    """
    sample = _TROUBLE if trouble else _SAMPLE
    if not is_installed():
        return find_shipped("config") / sample.name
    home = find_state_home(environ) / "mcsyncd" / "demo"
    try:
        for source in (find_shipped("config") / sample.name, *find_shipped("profiles").iterdir()):
            target = home / source.parent.name / source.name
            write_derived_file(target, source.read_bytes())
    except OSError as error:
        raise McsyncError(
            f"the demo cannot write its files in {home}: {error.strerror or error}",
            "set XDG_STATE_HOME to a folder that you can write to",
        ) from error
    return home / sample
