"""Pydantic's validation errors as lines for an operator, each with file, line and dotted path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from mcsyncd.settings.strict_yaml import KeyPath, LocatedDocument, build_config_error

_HINT_BY_ERROR_TYPE = {
    "extra_forbidden": "no such key; see `mcsyncd config schema`",
    "missing": "add it",
    "string_type": "put it in quotes",
}
"""Pydantic's error types (its documentation lists them) whose message alone does not say what to do."""

ModelT = TypeVar("ModelT", bound=BaseModel)


def validate_document(model: type[ModelT], source: LocatedDocument) -> ModelT:
    """Return the document as `model`. Raises ConfigError with every problem at once."""
    if not isinstance(source.document, Mapping):
        problem = source.format_problem((), "must be a mapping of keys to values")
        raise build_config_error(source.path, (problem,))
    try:
        return model.model_validate(source.document)
    except ValidationError as error:
        problems = tuple(
            source.format_problem(
                _drop_union_tags(detail["loc"], source),
                _strip_prefix(detail["msg"]),
                _HINT_BY_ERROR_TYPE.get(detail["type"], ""),
            )
            for detail in error.errors(include_url=False, include_context=False, include_input=False)
        )
        raise build_config_error(source.path, problems) from None


def _drop_union_tags(location: tuple[str | int, ...], source: LocatedDocument) -> KeyPath:
    """Remove the union tags that pydantic adds to a location: they are not in the file.

    The last part stays even when it is not in the file: it may be the very key that is missing.
    """
    key_path: KeyPath = ()
    for index, part in enumerate(location):
        is_last = index == len(location) - 1
        if is_last or (*key_path, part) in source.lines:
            key_path = (*key_path, part)
    return key_path


def _strip_prefix(message: str) -> str:
    """Remove the words that pydantic puts before the text of our own validators."""
    return message.removeprefix("Value error, ")
