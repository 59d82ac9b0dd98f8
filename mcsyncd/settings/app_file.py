"""The app file: what a person likes in the terminal app, its theme and its keys.

A mistake in it never keeps the app from starting: what is wrong is left out, and reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError

from mcsyncd.errors import ConfigError
from mcsyncd.settings.part import SettingsPart
from mcsyncd.settings.problems import list_problems, require_mapping
from mcsyncd.settings.strict_yaml import KeyPath, LocatedDocument, read_yaml
from mcsyncd.settings.user_folders import find_config_home


def _list_one(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


KeyList = Annotated[tuple[str, ...], BeforeValidator(_list_one), Field(min_length=1)]
"""One key, or several. At least one: nobody could leave a screen without a key for it."""


class AppSettings(SettingsPart):
    """The content of the app file."""

    theme: Literal["dark", "light", "ansi", "none"] | None = None
    """dark, light, ansi (the terminal's own colours) or none; without it, none under NO_COLOR, else dark."""
    keys: dict[str, KeyList] = Field(default_factory=dict)
    """A key, or a list of keys, for each action that is to have others than its own."""


@dataclass(frozen=True, slots=True)
class AppFile:
    """What was read from `path`: `settings` without what is wrong, and a line for each of the `problems`."""

    path: Path
    settings: AppSettings = field(default_factory=AppSettings)
    problems: tuple[str, ...] = ()
    source: LocatedDocument | None = None

    def format_key_problem(self, action: str, message: str, hint: str) -> str:
        """Return a problem with the keys of an action as `file:line: keys.action: message (hint)`."""
        source = self.source or LocatedDocument(self.path, None, {})
        return source.format_problem(("keys", action), message, hint)


def find_app_file(environ: Mapping[str, str]) -> Path:
    """Return the path of the user's app file: `~/.config/mcsyncd/tui.yaml`, unless `environ` says more."""
    return find_config_home(environ) / "mcsyncd" / "tui.yaml"


def read_app_file(path: Path) -> AppFile:
    """Read the app file at `path`; without one, everything is as it was shipped. Raises nothing."""
    file = AppFile(path)
    try:
        if not path.exists():
            return file
        source = read_yaml(path)
        document = {} if source.document is None else dict(require_mapping(source))
    except ConfigError as error:
        return replace(file, problems=error.problems or (str(error),))
    except OSError as error:
        return replace(file, problems=(f"{path}: {error.strerror}",))
    try:
        return replace(file, settings=AppSettings.model_validate(document), source=source)
    except ValidationError as error:
        problems = list_problems(AppSettings, source, error)
        sound = _leave_out(document, [at for at, _ in problems])
        told = tuple(problem for _, problem in problems)
        return AppFile(path, AppSettings.model_validate(sound), told, source)


def _leave_out(document: Mapping[str, object], faulty: list[KeyPath]) -> dict[str, object]:
    """Return the document without the faulty values; of `keys`, only the faulty actions are left out."""
    kept = dict(document)
    for name, *inner in faulty:
        value = kept.get(str(name))
        if name == "keys" and inner and isinstance(value, Mapping):
            kept["keys"] = {action: keys for action, keys in value.items() if action != inner[0]}
        else:
            kept.pop(str(name), None)
    return kept
