"""What every body has in common, and the codes of a refusal."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

ProblemCode = Literal[
    "invalid_request",
    "not_permitted",
    "unknown_session",
    "not_found",
    "method_not_allowed",
    "conflict",
    "too_large",
    "bad_media",
    "failed",
    "internal",
    "unavailable",
]
"""What is wrong with a request, for programs; docs/api.md has a line for each."""


class ApiBody(BaseModel):
    """Base of every body: an immutable value. A reader ignores fields that it does not know yet."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)
