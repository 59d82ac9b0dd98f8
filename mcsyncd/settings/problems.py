"""Pydantic's validation errors as lines for an operator, each with file, line and dotted path."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mcsyncd.settings.part import SettingsPart
from mcsyncd.settings.strict_yaml import KeyPath, LocatedDocument, build_config_error

_HINT_BY_ERROR_TYPE = {"string_type": "put it in quotes"}
"""Pydantic's error types (its documentation lists them) whose message alone does not say what to do."""

_MIN_LIKENESS = 0.7
"""Likeness of two words (difflib) from which one is offered for the other. Judgement: `lable` and `label`
have 0.8; lower offers words that nobody meant."""

_FEW_KEYS = 4
"""Keys of a document that are named in a message. Judgement: more are a list to read elsewhere."""

_MISSING_KEY = {"missing", "union_tag_not_found"}
_WRONG_TAG = {"union_tag_invalid"}
"""Pydantic's error types of a key that is missing, and of one that selects no form of its section."""
_PLAIN_WORDS = {
    "Input should": "must",
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
    "be a valid integer, unable to parse string as an integer": "be a whole number",
    "be a valid integer": "be a whole number",
    "be a valid number, unable to parse string as a number": "be a number",
    "be a valid": "be a",
}
"""Pydantic's words, and ours, in the order in which they are replaced."""
_QUOTED = re.compile(r"'([^']*)'")

ModelT = TypeVar("ModelT", bound=SettingsPart)


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
    model: type[SettingsPart], source: LocatedDocument, error: ValidationError
) -> list[tuple[KeyPath, str]]:
    """Return where each problem is in the document, and `file:line: dotted.path: message (hint)`."""
    return [
        (detail["loc"], source.format_problem(_find_key_path(detail, source), *_explain(model, detail)))
        for detail in error.errors(include_url=False)
    ]


def _explain(model: type[SettingsPart], detail: ErrorDetails) -> tuple[str, str]:
    """Return what is wrong and what to do about it."""
    kind = detail["type"]
    if kind == "extra_forbidden":
        return _explain_unknown_key(model, str(detail["loc"][-1]))
    if kind in _MISSING_KEY:
        return "is missing", "add it"
    context = detail.get("ctx", {})
    key, value = (_get_discriminator(detail), context["tag"]) if kind in _WRONG_TAG else _get_input(detail)
    if refusal := model.explain_refusal(key, value):
        return refusal
    if expected := context.get("expected_tags" if kind in _WRONG_TAG else "expected"):
        near = get_close_matches(str(value), _QUOTED.findall(expected), 1, _MIN_LIKENESS)
        return f"must be one of {expected}", f"did you mean {near[0]}?" if near else ""
    return _reword(detail["msg"]), _HINT_BY_ERROR_TYPE.get(kind, "")


def _explain_unknown_key(model: type[SettingsPart], key: str) -> tuple[str, str]:
    if refusal := model.explain_refusal(key, None):
        return refusal
    known = sorted(set(_list_keys(model.model_json_schema())))
    near = get_close_matches(key, known, 1, _MIN_LIKENESS)
    ways = f"there is only {', '.join(known)}" if len(known) <= _FEW_KEYS else f"see `{model.schema_command}`"
    return "there is no such key", f"did you mean {near[0]}?" if near else ways


def _get_input(detail: ErrorDetails) -> tuple[str, object]:
    """Return the key that an error is about, and the value that was written; "" for the whole document."""
    return str(detail["loc"][-1]) if detail["loc"] else "", detail["input"]


def _get_discriminator(detail: ErrorDetails) -> str:
    """Return the key by which one of several forms of a section is chosen."""
    return str(detail["ctx"]["discriminator"]).strip("'")


def _list_keys(schema: object) -> Iterator[str]:
    """Yield every key that a JSON schema knows, wherever it stands."""
    if isinstance(schema, list):
        for part in schema:
            yield from _list_keys(part)
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for part in schema.values():
            yield from _list_keys(part)


def _find_key_path(detail: ErrorDetails, source: LocatedDocument) -> KeyPath:
    """Return where a problem is in the file: without the union tags that pydantic adds to a location."""
    location = detail["loc"]
    key_path: KeyPath = ()
    if detail["type"] in {*_WRONG_TAG, "union_tag_not_found"}:
        location = (*location, _get_discriminator(detail))
    for part in location:
        if (*key_path, part) in source.lines:
            key_path = (*key_path, part)
    return (*key_path, location[-1]) if detail["type"] in _MISSING_KEY else key_path


def _reword(message: str) -> str:
    """Return pydantic's message in our words, and those of our own validators as they are."""
    if "Value error, " in message:
        return message.removeprefix("Value error, ")
    for theirs, ours in _PLAIN_WORDS.items():
        message = message.replace(theirs, ours, 1)
    return message
