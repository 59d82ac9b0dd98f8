"""Fit the curves of the confidence to pairs whose truth is known.

Maximum likelihood of "this pair's line is right", over the curves of all doubts together, in the
logarithms of their midpoints and exponents. A loose prior around the starting model keeps a curve in
place that the evidence says nothing about.

Generated sessions contain some conditions too often: one song at two events is a trap worth having
in hundreds, and far rarer than that in the field. Such conditions are weighed down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from math import exp, log

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from calibration.collect import Row
from mcsyncd.sync.confidence import PairEvidence, judge_evidence
from mcsyncd.sync.confidence_model import ConfidenceModel, FixedChance, HillCurve
from mcsyncd.sync.match import Lead

CONDITION_WEIGHTS = {
    "same_song": 0.1,
    "track_under_speech": 0.1,
    "exact_loop": 0.3,
    "same_jingle": 0.3,
    "metronome": 0.3,
}
"""How often a condition occurs in the field over how often it is drawn; 1 for all others. Judgement (ADR 11).
Higher lowers every confidence for the sake of traps that hardly anybody meets."""
PRIOR_SIGMA = 0.7
"""Standard deviation of the prior on a parameter's logarithm: a factor of two either way. Judgement: narrower
holds the fit at its start, wider lets curves wander that few sessions turn on."""
_MIN_CHANCE = 1e-4
"""Chance below which, and above 1 minus which, the likelihood is capped. Judgement: one surprise must not
decide the fit."""
_MIN_ECHO_T = 2.0
"""Lead (t) of the choice of direct paths from which its pairs count. The pairs of a room that was not clearly
resolved may be wrong with all their own evidence right; that is fitted to sessions (`judge.py`)."""
_GRADIENT_STEP = 1e-4
"""Step of the numeric gradient, in logarithms. Judgement: far above rounding, far below the curves'
widths."""
_COST_TOLERANCE = 1e-6
"""Relative change of the cost at which the fit ends. Judgement: parameters are rounded to three digits."""

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PairSample:
    """A pair of a stored session: its evidence, whether its line was right, and how much it counts."""

    evidence: PairEvidence
    right: bool
    weight: float


def select_samples(rows: Sequence[Row]) -> list[PairSample]:
    """Return the pairs of stored sessions, without those whose room was not clearly resolved."""
    return [
        PairSample(
            parse_evidence(pair["evidence"]),
            bool(pair["right"]),
            CONDITION_WEIGHTS.get(row["condition"], 1.0),
        )
        for row in rows
        for pair in row["pairs"]
        if all(_is_resolved(row["clips"][pair[end]]["echo"]) for end in ("x", "y"))
    ]


def _is_resolved(echo: Row | None) -> bool:
    return echo is None or float(echo["t"]) > _MIN_ECHO_T


def parse_evidence(stored: Row) -> PairEvidence:
    """Return stored evidence as the solver's type."""
    return PairEvidence(**{**stored, "rivals": tuple(Lead(**one) for one in stored["rivals"])})


def fit_pairs(samples: Sequence[PairSample], start: ConfidenceModel) -> ConfidenceModel:
    """Return the most likely model, its parameters rounded to three digits; `start` is the prior's mean."""
    begin = _vector_from_model(start)

    def compute_cost(vector: Values) -> float:
        prior = float(np.sum((vector - begin) ** 2)) / (2.0 * PRIOR_SIGMA**2)
        model = _model_from_vector(vector, start)
        outcomes = ((judge_evidence(one.evidence, model).confidence, one) for one in samples)
        return prior + sum(one.weight * compute_surprise(chance, right=one.right) for chance, one in outcomes)

    return _model_from_vector(minimize_cost(compute_cost, begin), start, round_parameter)


def compute_surprise(chance: float, *, right: bool) -> float:
    """Return the negative log likelihood of an outcome that had this chance of being right."""
    capped = min(1.0 - _MIN_CHANCE, max(_MIN_CHANCE, chance))
    return -log(capped if right else 1.0 - capped)


def minimize_cost(cost: Callable[[Values], float], begin: Values) -> Values:
    """Return where `cost` is least near `begin`, by L-BFGS-B with numeric gradients.

    The cost is smooth but for a few kinks. Measured (ADR 13): Powell takes three to four times the
    evaluations, Nelder-Mead stops early, and a compass search takes twice the evaluations for about
    the same cost.
    """
    options = {"eps": _GRADIENT_STEP, "ftol": _COST_TOLERANCE}
    return np.asarray(minimize(cost, begin, method="L-BFGS-B", options=options).x, np.float64)


def _vector_from_model(model: ConfidenceModel) -> Values:
    """Return all fitted parameters on scales where a step means about the same anywhere."""
    flat: list[float] = []
    for field in fields(model):
        value = getattr(model, field.name)
        if isinstance(value, HillCurve):
            flat += [log(value.midpoint), log(value.exponent)]
            flat += [_compute_logit(value.floor)] if value.floor else []
        elif isinstance(value, FixedChance):
            flat.append(_compute_logit(value.value))
    return np.array(flat)


def _model_from_vector(
    vector: Values, start: ConfidenceModel, finish: Callable[[float], float] = float
) -> ConfidenceModel:
    """Return `start` with its fitted parameters replaced, each passed through `finish`."""
    remaining = [float(value) for value in vector[::-1]]
    model = start
    for field in fields(start):
        value: object = getattr(start, field.name)
        if isinstance(value, HillCurve):
            curve = HillCurve(finish(exp(remaining.pop())), finish(exp(remaining.pop())))
            value = replace(curve, floor=finish(_invert_logit(remaining.pop()))) if value.floor else curve
        elif isinstance(value, FixedChance):
            value = FixedChance(finish(_invert_logit(remaining.pop())))
        model = replace(model, **{field.name: value})  # type: ignore[arg-type]  # of the field's type
    return model


def _compute_logit(chance: float) -> float:
    return log(chance / (1.0 - chance))


def _invert_logit(logit: float) -> float:
    return 1.0 / (1.0 + exp(-logit))


def round_parameter(value: float) -> float:
    """Return three significant digits: more would say more than the evidence does."""
    return float(f"{value:.3g}")
