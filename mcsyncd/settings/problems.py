"""Pydantic's errors in the operator's words, each with file, line and dotted path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from mcsyncd.errors import ConfigError
from mcsyncd.settings.strict_yaml import KeyPath, LocatedDocument

_HINT_BY_ERROR_TYPE = {
    "extra_forbidden": "no such key; see `mcsyncd config schema`",
    "missing": "add it",
    "string_type": "put it in quotes",
}

ModelT = TypeVar("ModelT", bound=BaseModel)


def validate_document(model: type[ModelT], source: LocatedDocument) -> ModelT:
    """Return the document as `model`. Raises ConfigError with every problem at once."""
    if not isinstance(source.document, Mapping):
        problem = source.format_problem((), "must be a mapping of keys to values")
        raise ConfigError(f"{source.path}: 1 problem(s)", "mend the lines above", (problem,))
    try:
        return model.model_validate(source.document)
    except ValidationError as error:
        problems = tuple(
            source.format_problem(
                _drop_union_tags(one["loc"], source),
                _strip_prefix(one["msg"]),
                _HINT_BY_ERROR_TYPE.get(one["type"], ""),
            )
            for one in error.errors(include_url=False, include_context=False, include_input=False)
        )
        raise ConfigError(
            f"{source.path}: {len(problems)} problem(s)", "mend the lines above", problems
        ) from None


def _drop_union_tags(loc: tuple[str | int, ...], source: LocatedDocument) -> KeyPath:
    """Drop what pydantic adds to a path (the tag of a union), which nobody has written.

    The last part stays even when it is not written: it may be the very key that is missing.
    """
    place: KeyPath = ()
    for index, part in enumerate(loc):
        last = index == len(loc) - 1
        if last or (*place, part) in source.lines:
            place = (*place, part)
    return place


def _strip_prefix(message: str) -> str:
    return message.removeprefix("Value error, ")
