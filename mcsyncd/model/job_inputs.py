"""Which fields of a value make up the identity of the jobs that carry it."""

from __future__ import annotations

from dataclasses import Field
from types import MappingProxyType

NOT_AN_INPUT = MappingProxyType({"input": "never"})
"""Metadata of a field that no job reads: it is left out of the identity of the jobs that carry it.
Otherwise every field that is added would make all that was conformed before look as if it had to be made
again."""

INPUT_IF_SET = MappingProxyType({"input": "if set"})
"""Metadata of a field that a job reads, and that jobs of earlier versions did not have: it is left out where
it is empty, so that what was made before is still what is asked for."""


def is_input(field: Field[object], value: object) -> bool:
    """Tell whether a field is part of the identity of a job that carries it with this value."""
    kind = field.metadata.get("input", "always")
    return bool(value) if kind == INPUT_IF_SET["input"] else kind != NOT_AN_INPUT["input"]
