"""What every section of the settings is made of."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)")
_SECONDS_PER_UNIT = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def _parse_duration(value: object) -> object:
    if isinstance(value, str) and (found := _DURATION.fullmatch(value.strip())):
        return float(found[1]) * _SECONDS_PER_UNIT[found[2]]
    raise ValueError("write a duration with its unit: 500ms, 5s, 10m or 1h")


Seconds = Annotated[
    float,
    BeforeValidator(_parse_duration),
    Field(ge=0),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*(ms|s|m|h)$", "examples": ["5s"]}),
]


_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(MB|GB|TB)")
_BYTES_PER_UNIT = {"MB": 10**6, "GB": 10**9, "TB": 10**12}


def _parse_size(value: object) -> object:
    if isinstance(value, str) and (found := _SIZE.fullmatch(value.strip())):
        return round(float(found[1]) * _BYTES_PER_UNIT[found[2]])
    raise ValueError("write a size with its unit: 500MB, 10GB or 1.5TB")


Bytes = Annotated[
    int,
    BeforeValidator(_parse_size),
    Field(ge=0),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*(MB|GB|TB)$", "examples": ["10GB"]}),
]


class SettingsPart(BaseModel):
    """Base of every section: an immutable value whose attribute docstrings describe the JSON Schema."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, arbitrary_types_allowed=True
    )

    schema_command: ClassVar[str] = "mcsyncd config schema"
    """The command that prints the schema of the document, for messages about it."""

    @classmethod
    def explain_refusal(cls, key: str, value: object) -> tuple[str, str] | None:  # noqa: ARG003  # for those who override it
        """Return what is wrong with what people often write, and what to do; None if unknown."""
        return None
