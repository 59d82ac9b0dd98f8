"""Pydantic's validation errors as lines for an operator, each with file, line and dotted path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from mcsyncd.settings.strict_yaml import KeyPath, LocatedDocument, build_config_error

_HINT_BY_ERROR_TYPE = {
    "missing": "add it",
    "string_type": "put it in quotes",
}
"""Pydantic's error types (its documentation lists them) whose message alone does not say what to do."""

_MIN_LIKENESS = 0.7
"""Likeness of two words (difflib) from which one is offered for the other. Judgement: `lable` and `label`
have 0.8; lower offers words that nobody meant."""

_FEW_KEYS = 4
"""Keys of a document that are named in a message. Judgement: more are a list to read elsewhere."""

ModelT = TypeVar("ModelT", bound=BaseModel)


def validate_document(model: type[ModelT], source: LocatedDocument) -> ModelT:
    """Return the document as `model`. Raises ConfigError with every problem at once."""
    try:
        return model.model_validate(require_mapping(source))
    except ValidationError as error:
        problems = tuple(problem for _, problem in list_problems(model, source, error))
        raise build_config_error(source.path, problems) from None


def require_mapping(source: LocatedDocument) -> Mapping[str, object]:
    """Return the document, which must be a mapping of keys to values. Raises ConfigError."""
    if not isinstance(source.document, Mapping):
        problem = source.format_problem((), "must be a mapping of keys to values")
        raise build_config_error(source.path, (problem,))
    return source.document


def list_problems(
    model: type[BaseModel], source: LocatedDocument, error: ValidationError
) -> list[tuple[KeyPath, str]]:
    """Return where each problem is in the document, and `file:line: dotted.path: message (hint)`."""
    return [
        (
            detail["loc"],
            source.format_problem(
                _drop_union_tags(detail["loc"], source),
                *_explain(model, detail["type"], detail["loc"], detail["msg"]),
            ),
        )
        for detail in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def _explain(
    model: type[BaseModel], kind: str, location: tuple[str | int, ...], message: str
) -> tuple[str, str]:
    """Return what is wrong and what to do about it."""
    if kind != "extra_forbidden":
        return _strip_prefix(message), _HINT_BY_ERROR_TYPE.get(kind, "")
    known = sorted(set(_list_keys(model.model_json_schema())))
    near = get_close_matches(str(location[-1]), known, 1, _MIN_LIKENESS)
    ways = f"there is only {', '.join(known)}" if len(known) <= _FEW_KEYS else "see `mcsyncd config schema`"
    return "there is no such key", f"did you mean {near[0]}?" if near else ways


def _list_keys(schema: object) -> Iterator[str]:
    """Yield every key that a JSON schema knows, wherever it stands."""
    if isinstance(schema, list):
        for part in schema:
            yield from _list_keys(part)
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for part in schema.values():
            yield from _list_keys(part)


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
