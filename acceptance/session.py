"""A session: takes with their truth, as a pure function of seed and recordings.

The truth of a clip is a list of pairs: an instant of the clip, and the instant of the reference clip at
the same moment. An answer is right when it maps every one of them within `judge.RIGHT_WITHIN_MS`. Pairs stand
at both ends of what the clip shares with others, and on both sides of a skip. A clip without a place (it
is of another event, or the whole session has no answer) has no pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acceptance.shoot import Take

Check = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Condition:
    """What a session tries, in which group, and the function that stages it."""

    name: str
    group: str
    """`ordinary` and `clock` must be accepted; `hard` may be escalated; `none` must be escalated."""


@dataclass(frozen=True, slots=True)
class Session:
    """Takes, the first of which is the reference, with the pairs of each; None means no place."""

    seed: int
    condition: Condition
    takes: tuple[Take, ...]
    checks: tuple[tuple[Check, ...] | None, ...]

    @property
    def seconds(self) -> float:
        """Seconds of material in all files."""
        return sum(take.camera.seconds for take in self.takes)


def find_checks(takes: tuple[Take, ...], group: str) -> list[tuple[Check, ...] | None]:
    """Return the pairs of each take; in a session without an answer only companions have some."""
    reference = takes[0]
    shared = [take.event is not None and take.event is reference.event for take in takes]
    if group == "none" and sum(shared) in {1, len(takes)}:
        return [None] * len(takes)
    return [_check(take, takes) if same else None for take, same in zip(takes, shared, strict=True)]


def _check(take: Take, takes: tuple[Take, ...]) -> tuple[Check, ...]:
    spans = [
        (max(take.camera.begin_s, other.camera.begin_s), min(take.end_s, other.end_s))
        for other in takes
        if other is not take and other.event is take.event
    ]
    spans = [(begin, end) for begin, end in spans if begin < end]
    first, last = min(begin for begin, _ in spans), max(end for _, end in spans)
    instants = [_find_instant(take, first), _find_instant(take, last)]
    if take.camera.skip:
        instants += [take.camera.skip[0] - 0.01, take.camera.skip[0] + 0.01]
    begin, rate = takes[0].camera.begin_s, 1 + takes[0].camera.drift_ppm * 1e-6
    return tuple((instant, (take.event_time(instant) - begin) / rate) for instant in sorted(instants))


def _find_instant(take: Take, event_s: float) -> float:
    """Return the instant of a clip at a time of the event."""
    instant = (event_s - take.camera.begin_s) / (1 + take.camera.drift_ppm * 1e-6)
    skip_at, lost = take.camera.skip or (np.inf, 0.0)
    if instant > skip_at:
        instant = max(skip_at, instant - lost)
    return float(np.clip(instant, 0.0, take.camera.seconds))
