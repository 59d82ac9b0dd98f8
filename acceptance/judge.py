"""Judge an answer: accepted or not, right or not, and what a shoot would have made of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import inf

from acceptance.session import Check
from acceptance.solve import Placed, Trial

ACCEPTED_FROM = 0.85
"""The product says that it looks good from this confidence on (`review_below`)."""

RIGHT_WITHIN_MS = 8.33
"""Half a frame at 60 frames a second."""

_ASIDE = frozenset({"set_aside", "left_out"})


class Outcome(Enum):
    """What a person has of the answer."""

    RIGHT = "accepted, right"
    FALSE_ACCEPT = "false accept"
    DOUBTED = "escalated, as it should or may be"
    NEEDLESS = "escalated needlessly"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judged trial. The error is the largest of all clips with a place; infinite: one was not placed."""

    trial: Trial
    error_ms: float
    stray: bool
    """A clip without a place was given one."""

    @property
    def accepted(self) -> bool:
        """Whether the session is presented as good."""
        return self.trial.confidence >= ACCEPTED_FROM

    @property
    def solvable(self) -> bool:
        """Whether any clip besides the reference has a place."""
        return sum(checks is not None for checks in self.trial.checks) > 1

    @property
    def right(self) -> bool:
        """Whether every clip that has a place is there, and no other clip is placed."""
        return self.solvable and not self.stray and self.error_ms <= RIGHT_WITHIN_MS

    @property
    def outcome(self) -> Outcome:
        """What a person has of the answer."""
        if self.accepted:
            return Outcome.RIGHT if self.right else Outcome.FALSE_ACCEPT
        return Outcome.NEEDLESS if self.trial.group in {"ordinary", "clock"} else Outcome.DOUBTED


def judge(trial: Trial) -> Verdict:
    """Hold an answer against the truth."""
    pairs = list(zip(trial.checks, trial.placed, strict=True))
    errors = [measure_error(checks, placed) for checks, placed in pairs if checks]
    stray = any(checks is None and is_placed(placed) for checks, placed in pairs)
    return Verdict(trial, max(errors, default=0.0), stray)


def is_placed(placed: Placed) -> bool:
    """Return whether a clip is put onto the timeline, by whatever means."""
    return placed.offset_ms is not None and placed.disposition not in _ASIDE


def measure_error(checks: tuple[Check, ...], placed: Placed) -> float:
    """Return the largest distance in milliseconds between where instants are put and where they belong."""
    if placed.offset_ms is None or not is_placed(placed):
        return inf
    rate = 1 + placed.drift_ppm * 1e-6
    return max(abs(placed.offset_ms + clip_s * rate * 1000 - true_s * 1000) for clip_s, true_s in checks)
