"""Fit the numbers of the confidence to evidence whose truth is known.

Maximum likelihood of "this pair's line is right", over the steps of all doubts together, in the
logarithm of their middles and powers, with a loose prior around where they stand (a step that the
evidence says nothing about stays). Compass search (Hooke & Jeeves 1961): twenty numbers, a smooth
likelihood with kinks, and the same digits on every machine.

What generated sessions hold too often is weighed down: one song at two events is a trap worth
having in hundreds, and in the field far rarer than that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from calibration.collect import Row
from mcsyncd.sync.confidence import PairEvidence, judge_evidence
from mcsyncd.sync.confidence_model import ConfidenceModel, FixedChance, HillCurve
from mcsyncd.sync.match import Lead

RARER = {"same_song": 0.1, "exact_loop": 0.3, "same_jingle": 0.3, "metronome": 0.3}
"""How often a condition is met, as a share of how often it is drawn."""
LOOSE = 0.7
"""Standard deviation of the prior on a number's logarithm: a factor of two either way."""
LEAST = 1e-4
LOOSE = 0.7
"""Standard deviation of the prior on a number's logarithm: a factor of two either way."""
LEAST = 1e-4
_OF_SESSIONS = "whole"
"""What is fitted to sessions, after the pairs (`judge.whole`)."""
_CLEAR = 2.0
_FIRST_STEP, _LAST_STEP = 0.4, 0.01

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """A pair of a session: what was seen, and whether it was right."""

    evidence: PairEvidence
    right: bool
    weight: float


def samples(rows: Sequence[Row]) -> list[Sample]:
    """Return the pairs of sessions, less those in rooms that were not clearly heard out.

    Such a pair may be wrong with all its own evidence right: that is fitted to sessions.
    """
    return [
        Sample(evidence_of(pair["evidence"]), bool(pair["right"]), RARER.get(row["condition"], 1.0))
        for row in rows
        for pair in row["pairs"]
        if all(_clear(row["clips"][pair[end]]["echo"]) for end in ("x", "y"))
    ]


def _clear(echo: Row | None) -> bool:
    return echo is None or float(echo["t"]) > _CLEAR


def evidence_of(stored: Row) -> PairEvidence:
    """Return evidence as it was before it was written."""
    return PairEvidence(**{**stored, "rivals": tuple(Lead(**one) for one in stored["rivals"])})


def fit(pairs: Sequence[Sample], start: ConfidenceModel) -> ConfidenceModel:
    """Return the most likely numbers."""
    begin = _vector(start)

    def cost(vector: Values) -> float:
        prior = float(np.sum((vector - begin) ** 2)) / (2.0 * LOOSE**2)
        return prior - _log_likelihood(pairs, _numbers(vector, start))

    return _numbers(compass(cost, begin), start)


def _log_likelihood(pairs: Sequence[Sample], numbers: ConfidenceModel) -> float:
    total = 0.0
    for one in pairs:
        chance = judge_evidence(one.evidence, numbers).confidence
        chance = min(1.0 - LEAST, max(LEAST, chance))
        total += one.weight * float(np.log(chance if one.right else 1.0 - chance))
    return total


def compass(cost: Callable[[Values], float], begin: Values) -> Values:
    """Return where `cost` is least near `begin`.

    Try a step either way in each number, keep what helps, halve the step when nothing does.
    """
    best, low, step = begin.copy(), cost(begin), _FIRST_STEP
    while step > _LAST_STEP:
        before = low
        for at in range(best.size):
            for way in (step, -step):
                tried = best.copy()
                tried[at] += way
                if (value := cost(tried)) < low:
                    best, low = tried, value
                    break
        if before - low < 0.05:
            step /= 2.0
    return best


def _vector(numbers: ConfidenceModel) -> Values:
    """All numbers that are fitted, each on a scale on which a step either way means as much anywhere."""
    flat: list[float] = []
    for field in fields(numbers):
        value = getattr(numbers, field.name)
        if isinstance(value, HillCurve):
            flat += [log(value.midpoint), log(value.exponent)]
            flat += [_logit(value.floor)] if value.floor else []
        elif isinstance(value, FixedChance):
            flat.append(_logit(value.value))
    return np.array(flat)


def _numbers(vector: Values, start: ConfidenceModel) -> ConfidenceModel:
    left = [float(value) for value in vector[::-1]]
    numbers = start
    for field in fields(start):
        value: object = getattr(start, field.name)
        if isinstance(value, HillCurve):
            step = HillCurve(short(exp(left.pop())), short(exp(left.pop())))
            value = replace(step, floor=_chance(left.pop())) if value.floor else step
        elif isinstance(value, FixedChance):
            value = FixedChance(_chance(left.pop()))
        numbers = replace(numbers, **{field.name: value})  # type: ignore[arg-type]  # of the field's type
    return numbers


def _logit(chance: float) -> float:
    return log(chance / (1.0 - chance))


def _chance(logit: float) -> float:
    return short(1.0 / (1.0 + exp(-logit)))


def short(value: float) -> float:
    """Three digits: more would say more than the evidence does."""
    return float(f"{value:.3g}")
