"""When the originals of a published session may be removed here, and what was done about it. Pure.

The default is never. What may be removed was read back from enough stores, twice in effect: at least a day
lies between the reading and the last look before anything is moved. Then it lies in the trash of its own
session for some days, where everything still finds it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True, slots=True)
class RetentionTerms:
    """What must have been before when, as times (UTC, ISO 8601), for a session that `min_copies` stores hold.

    Approved before `approved_before`, and read back from the stores before `proven_before`, its originals go
    to the trash; what went there before `trashed_before` is deleted. What was refused before
    `refused_before` is tried again.
    """

    min_copies: int
    approved_before: str
    proven_before: str
    trashed_before: str
    refused_before: str


@dataclass(frozen=True, slots=True)
class Retention:
    """How far the removal of a session's originals is, since when (UTC).

    `due`: they are to go to the trash; `refused`: a check said no, and `reason` why; `trashed`: they lie in
    the session's trash; `expired`: they are to be deleted from it; `deleted`: only the stores have them.
    """

    state: Literal["due", "refused", "trashed", "expired", "deleted"]
    at: str
    reason: str = ""
    min_copies: int = 1
    """In how many stores it must be safe at that moment, too."""


def call_off_removal(retention: Retention | None) -> Retention | None:
    """Return what is left of a removal after another revision was published: it is judged anew."""
    if retention is None or retention.state in {"due", "refused"}:
        return None
    return replace(retention, state="trashed") if retention.state == "expired" else retention
