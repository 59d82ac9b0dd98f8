"""Pydantic's errors in the operator's words, each with file, line and dotted path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from mcsyncd.errors import ConfigError
from mcsyncd.settings.yaml import Located, Path_

_HINTS = {
    "extra_forbidden": "no such key; see `mcsyncd config schema`",
    "missing": "add it",
    "string_type": "put it in quotes",
}

M = TypeVar("M", bound=BaseModel)


def validated(model: type[M], source: Located) -> M:
    """Return the document as `model`. Raises ConfigError with every problem at once."""
    if not isinstance(source.document, Mapping):
        problem = source.problem((), "must be a mapping of keys to values")
        raise ConfigError(f"{source.path}: 1 problem(s)", "mend the lines above", (problem,))
    try:
        return model.model_validate(source.document)
    except ValidationError as error:
        problems = tuple(
            source.problem(_place(one["loc"], source), _words(one["msg"]), _HINTS.get(one["type"], ""))
            for one in error.errors(include_url=False, include_context=False, include_input=False)
        )
        raise ConfigError(
            f"{source.path}: {len(problems)} problem(s)", "mend the lines above", problems
        ) from None


def _place(loc: tuple[str | int, ...], source: Located) -> Path_:
    """Drop what pydantic adds to a path (the tag of a union), which nobody has written.

    The last part stays even when it is not written: it may be the very key that is missing.
    """
    place: Path_ = ()
    for index, part in enumerate(loc):
        last = index == len(loc) - 1
        if last or (*place, part) in source.lines:
            place = (*place, part)
    return place


def _words(message: str) -> str:
    return message.removeprefix("Value error, ")
