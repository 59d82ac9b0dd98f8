"""Judge a confidence model on whole sessions, and fit what shows in sessions only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import log

import numpy as np
from numpy.typing import NDArray

from calibration.collect import Row
from calibration.fit import (
    CONDITION_WEIGHTS,
    PRIOR_SIGMA,
    compute_surprise,
    minimize_cost,
    parse_evidence,
    round_parameter,
)
from mcsyncd.sync.confidence import (
    Doubt,
    PairEvidence,
    compute_direct_path_chance,
    judge_evidence,
    platt_scale,
)
from mcsyncd.sync.confidence_model import ConfidenceModel, LogisticCurve
from mcsyncd.sync.graph import Edge, check_loops, solve_graph
from mcsyncd.sync.match import Lead
from mcsyncd.sync.pair import MIN_SHARED_CHANCE, compute_loop_ceiling

ACCEPTED = 0.85
"""Confidence from which a session is accepted: the default of `review_below`."""
_BEGIN = np.array([-0.4, log(0.045), 0.0, log(1.0), 0.0, log(0.6)])
"""Where the fit to sessions starts, and the mean of its prior. For each curve: midpoint in widths, logarithm
of the width. Judgement: a joint choice without any lead is as good as a coin and a half. Few sessions have
such a choice and nothing else against them, so the prior matters."""
_BINS = 10
"""Bins of the calibration table and of the expected calibration error; ten is customary (Guo et al. 2017)."""

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StoredPair:
    """A stored pair, parsed once for all models that it is judged under."""

    edge: Edge
    evidence: PairEvidence
    right: bool


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A stored session: its pairs and, for each clip, the lead of its choice of direct paths.

    `cap` is the lowest one on any of its clips, by rules that no fit changes.
    """

    condition: str
    seed: int
    pairs: tuple[StoredPair, ...]
    leads: tuple[Lead | None, ...]
    cap: float
    solvable: bool

    @property
    def weight(self) -> float:
        """How much the session counts."""
        return CONDITION_WEIGHTS.get(self.condition, 1.0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A session under some model: its confidence, and whether its answer was right."""

    session: StoredSession
    confidence: float
    right: bool


def parse_session(row: Row) -> StoredSession:
    """Return a stored row as a session."""
    return StoredSession(
        condition=row["condition"],
        seed=row["seed"],
        pairs=tuple(
            StoredPair(Edge(**pair["edge"]), parse_evidence(pair["evidence"]), bool(pair["right"]))
            for pair in row["pairs"]
        ),
        leads=tuple(Lead(**clip["echo"]) if clip["echo"] else None for clip in row["clips"]),
        cap=min(clip["cap"] for clip in row["clips"]),
        solvable=all(clip["solvable"] for clip in row["clips"]),
    )


def judge_session(session: StoredSession, model: ConfidenceModel) -> Verdict:
    """Judge a session with the solver's own graph."""
    edges, right = [], {}
    for pair in session.pairs:
        belief = judge_evidence(pair.evidence, model)
        right[frozenset((pair.edge.x, pair.edge.y))] = pair.right
        if belief.factors[Doubt.WEAK] >= MIN_SHARED_CHANCE:
            ceiling = compute_loop_ceiling(belief)
            edges.append(replace(pair.edge, confidence=belief.confidence, ceiling=ceiling))
    solution = solve_graph(len(session.leads), 0, edges)
    confidence, all_right = model.no_hidden_error.value, True
    for at, lead in enumerate(session.leads[1:], 1):
        if solution.placements[at] is None:
            confidence, all_right = 0.0, False
            continue
        chance = platt_scale(check_loops(solution, edges, at, model.loop_trust)[0], model)
        if lead:
            chance *= compute_direct_path_chance(lead, model)
        confidence = min(confidence, chance)
        all_right &= all(right[frozenset((edge.x, edge.y))] for edge in solution.paths[at])
    return Verdict(session, min(confidence, session.cap), all_right)


def fit_sessions(sessions: Sequence[StoredSession], model: ConfidenceModel) -> ConfidenceModel:
    """Fit what shows in sessions only: the curves of direct paths, and Platt scaling (1999)."""

    def compute_cost(vector: Values) -> float:
        prior = float(np.sum((vector - _BEGIN) ** 2)) / (2.0 * PRIOR_SIGMA**2)
        candidate = _model_from_vector(vector, model)
        verdicts = (judge_session(session, candidate) for session in sessions)
        return prior + sum(
            one.session.weight * compute_surprise(one.confidence, right=one.right) for one in verdicts
        )

    return _model_from_vector(minimize_cost(compute_cost, _BEGIN), model, round_parameter)


def _model_from_vector(
    vector: Values, model: ConfidenceModel, finish: Callable[[float], float] = float
) -> ConfidenceModel:
    # Midpoints in widths and widths in logarithms: a step means as much on each scale.
    widths = np.exp(vector[1::2])
    echo_share, echo_t, platt = (
        LogisticCurve(finish(float(midpoint * width)), finish(float(width)))
        for midpoint, width in zip(vector[::2], widths, strict=True)
    )
    return replace(model, echo_share=echo_share, echo_t=echo_t, platt=platt)


def format_report(verdicts: Sequence[Verdict]) -> str:
    """Return the figures of all sessions as text, then a table of how often each confidence was right."""
    confidence = np.array([one.confidence for one in verdicts])
    right = np.array([one.right for one in verdicts], float)
    weight = np.array([one.session.weight for one in verdicts])
    accepted = confidence >= ACCEPTED
    wrong = [one.session for one in verdicts if one.confidence >= ACCEPTED and not one.right]
    solvable = [one for one in verdicts if one.session.solvable]
    outcome = np.where(right > 0, accepted, ~accepted)
    brier = float(np.average((confidence - right) ** 2, weights=weight))
    lines = [
        f"sessions {len(verdicts)}, of them with an answer {len(solvable)}",
        f"right, of those with an answer: {np.mean([one.right for one in solvable]):.3f}",
        f"accepted and wrong: {len(wrong)} " + " ".join(f"{one.condition}#{one.seed}" for one in wrong),
        f"right and not accepted: {int(np.sum((right > 0) & ~accepted))}",
        f"right outcome: {float(np.mean(outcome)):.3f}",
        f"Brier score, weighted: {brier:.4f}",
        f"expected calibration error, weighted: {_compute_calibration_error(confidence, right, weight):.4f}",
        "",
        "| confidence | sessions | mean confidence | right |",
        "| --- | --- | --- | --- |",
    ]
    for low, chosen in _split_into_bins(confidence):
        if chosen.any():
            mean, share = (
                float(np.average(values[chosen], weights=weight[chosen])) for values in (confidence, right)
            )
            lines.append(f"| {low:.1f} to {low + 0.1:.1f} | {int(chosen.sum())} | {mean:.3f} | {share:.3f} |")
    return "\n".join(lines)


def _split_into_bins(confidence: Values) -> list[tuple[float, NDArray[np.bool_]]]:
    """Return the lower edge of each bin and which sessions are in it."""
    number = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    return [(at / _BINS, number == at) for at in range(_BINS)]


def _compute_calibration_error(confidence: Values, right: Values, weight: Values) -> float:
    """Return the expected calibration error: the bins' mean gaps between confidence and outcome."""
    gaps = [
        float(weight[chosen].sum())
        * abs(float(np.average(confidence[chosen] - right[chosen], weights=weight[chosen])))
        for _, chosen in _split_into_bins(confidence)
        if chosen.any()
    ]
    return sum(gaps) / float(weight.sum())
