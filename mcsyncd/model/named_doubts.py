"""Doubts that ask for a person however high the confidence is. Pure.

The confidence is a chance, fitted to many sessions. A doubt with a name is about this one: a person who is
shown it decides in seconds, and a wrong offset that nobody was shown poisons every later cut.
"""

from __future__ import annotations

from typing import Final

from mcsyncd.model.alignment import Alignment
from mcsyncd.model.reason import Reason, ReasonCode

MIN_RIVAL_STRENGTH: Final = 0.8
"""Share of the best alignment's strength from which a rival is such a doubt. Judgement: right answers amid
loops had rivals of up to 71 %; one of 85 % was wrong at 91 %. Lower, music that repeats always asks."""

_ALWAYS = frozenset(
    {
        ReasonCode.CHANNELS_DISAGREE,
        ReasonCode.END_CONTRADICTS,
        ReasonCode.PAIRS_DISAGREE,
        ReasonCode.IN_PIECES,
        ReasonCode.SAME_RECORDING,
        ReasonCode.CLOCKS_DISAGREE,
        ReasonCode.TIMECODE_JUMPS,
        ReasonCode.UNEVEN_DRIFT,
    }
)
"""Reasons that are such doubts whenever they are given: two measurements of one thing contradict."""


def list_named_doubts(alignment: Alignment) -> tuple[Reason, ...]:
    """Return the reasons of an answer that ask for a person, each once."""
    reasons = [*alignment.reasons, *(reason for angle in alignment.angles for reason in angle.reasons)]
    return tuple(reason for reason in dict.fromkeys(reasons) if _asks_for_person(reason))


def _asks_for_person(reason: Reason) -> bool:
    if reason.code is ReasonCode.RIVAL:
        return 1.0 - float(dict(reason.values)["lead"]) >= MIN_RIVAL_STRENGTH
    return reason.code in _ALWAYS
