"""What one check of `doctor` found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CheckStatus = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of a check: `fail` keeps the daemon from doing its work, `warn` does not.

    `hint` is the next action; only a check that is `ok` may go without.
    """

    name: str
    status: CheckStatus
    message: str
    hint: str = ""
