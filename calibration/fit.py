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

import numpy as np
from numpy.typing import NDArray

from calibration.collect import Row
from mcsyncd.sync.confidence import Evidence, Lead, believe
from mcsyncd.sync.confidence import ahead as lead_factor
from mcsyncd.sync.fitted import Numbers, Step

RARER = {"same_song": 0.1, "exact_loop": 0.3, "same_jingle": 0.3, "metronome": 0.3}
"""How often a condition is met, as a share of how often it is drawn."""
_LOOSE = 0.7
"""Standard deviation of the prior on a number's logarithm: a factor of two either way."""
_LEAST, _MOST = 1e-4, 1.0 - 1e-4
_FIRST_STEP, _LAST_STEP = 0.4, 0.01

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """A pair of a session: what was seen, how its room was heard out, and whether it was right."""

    evidence: Evidence
    echoes: tuple[Lead, ...]
    right: bool
    weight: float


def samples(rows: Sequence[Row]) -> list[Sample]:
    """Return the pairs of sessions."""
    return [
        Sample(
            evidence_of(pair["evidence"]),
            tuple(Lead(**rows_echo) for end in ("x", "y") if (rows_echo := row["clips"][pair[end]]["echo"])),
            bool(pair["right"]),
            RARER.get(row["condition"], 1.0),
        )
        for row in rows
        for pair in row["pairs"]
    ]


def evidence_of(stored: Row) -> Evidence:
    """Return evidence as it was before it was written."""
    return Evidence(**{**stored, "rivals": tuple(Lead(**one) for one in stored["rivals"])})


def fit(pairs: Sequence[Sample], start: Numbers) -> Numbers:
    """Return the most likely numbers."""
    begin = _vector(start)

    def cost(vector: Values) -> float:
        prior = float(np.sum((vector - begin) ** 2)) / (2.0 * _LOOSE**2)
        return prior - _log_likelihood(pairs, _numbers(vector, start))

    return _numbers(_compass(cost, begin), start)


def _log_likelihood(pairs: Sequence[Sample], numbers: Numbers) -> float:
    total = 0.0
    for one in pairs:
        chance = believe(one.evidence, numbers).confidence
        chance *= lead_factor(one.echoes, numbers.echo_lead, numbers.echo_t)
        chance = min(_MOST, max(_LEAST, chance))
        total += one.weight * float(np.log(chance if one.right else 1.0 - chance))
    return total


def _compass(cost: Callable[[Values], float], begin: Values) -> Values:
    """Try a step either way in each number, keep what helps, halve the step when nothing does."""
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


def _steps(numbers: Numbers) -> list[str]:
    return [field.name for field in fields(numbers) if isinstance(getattr(numbers, field.name), Step)]


def _vector(numbers: Numbers) -> Values:
    steps = [getattr(numbers, name) for name in _steps(numbers)]
    return np.log([value for step in steps for value in (step.middle, step.power)])


def _numbers(vector: Values, start: Numbers) -> Numbers:
    rounded = [float(f"{value:.3g}") for value in np.exp(vector)]
    numbers = start
    for at, name in enumerate(_steps(start)):
        numbers = replace(numbers, **{name: Step(*rounded[2 * at : 2 * at + 2])})  # type: ignore[arg-type]  # by name
    return numbers
