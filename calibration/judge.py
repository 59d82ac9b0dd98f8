"""How good a confidence is: against truth, on sessions that were not fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log

import numpy as np
from numpy.typing import NDArray

from calibration.collect import Row
from calibration.fit import LEAST, LOOSE, RARER, compass, evidence_of, short
from mcsyncd.sync.confidence import (
    MAX_PIECEWISE_CONFIDENCE,
    Doubt,
    compute_direct_path_chance,
    judge_evidence,
    platt_scale,
)
from mcsyncd.sync.confidence_model import ConfidenceModel, LogisticCurve
from mcsyncd.sync.graph import Edge, check_loops, solve_graph
from mcsyncd.sync.match import Lead
from mcsyncd.sync.pair import MIN_SHARED_CHANCE, compute_loop_ceiling

ACCEPTED = 0.85
_BEGIN = np.array([-0.4, log(0.045), 0.0, log(1.0), 0.0, log(0.6)])
"""Where the fit to sessions begins, and what it is held near to: a joint choice that does not lead at all is
as good as a coin and a half. Few sessions have such a choice and nothing else against them."""
_BINS = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """A session under some numbers: its confidence, and whether it was right."""

    condition: str
    seed: int
    confidence: float
    right: bool
    solvable: bool

    @property
    def weight(self) -> float:
        """How much it counts."""
        return RARER.get(self.condition, 1.0)


def verdict(row: Row, numbers: ConfidenceModel) -> Verdict:
    """Judge a stored session by the real graph."""
    edges, right = [], {}
    for pair in row["pairs"]:
        belief = judge_evidence(evidence_of(pair["evidence"]), numbers)
        edge = replace(
            Edge(**pair["edge"]), confidence=belief.confidence, ceiling=compute_loop_ceiling(belief)
        )
        right[frozenset((edge.x, edge.y))] = pair["right"]
        if belief.factors[Doubt.WEAK] >= MIN_SHARED_CHANCE:
            edges.append(edge)
    clips = row["clips"]
    solution = solve_graph(len(clips), 0, edges)
    confidence, all_right = numbers.no_hidden_error.value, True
    if any(pair["broken"] for pair in row["pairs"]):
        # Who of the two it was makes no difference to the session.
        confidence = MAX_PIECEWISE_CONFIDENCE
    for at in range(1, len(clips)):
        if solution.placements[at] is None:
            confidence, all_right = 0.0, False
            continue
        own = platt_scale(check_loops(solution, edges, at, numbers.loop_trust)[0], numbers)
        if clips[at]["echo"]:
            own *= compute_direct_path_chance(Lead(**clips[at]["echo"]), numbers)
        confidence = min(confidence, own)
        all_right &= all(right[frozenset((edge.x, edge.y))] for edge in solution.paths[at])
    solvable = all(clip["solvable"] for clip in clips)
    return Verdict(row["condition"], row["seed"], confidence, all_right, solvable)


def fit_sessions(rows: Sequence[Row], numbers: ConfidenceModel) -> ConfidenceModel:
    """Fit what shows in sessions only: rooms, and how often what the graph says was right (Platt 1999)."""

    def cost(vector: NDArray[np.float64]) -> float:
        total = float(np.sum((vector - _BEGIN) ** 2)) / (2.0 * LOOSE**2)
        for one in (verdict(row, _of(vector, numbers)) for row in rows):
            sure = min(1.0 - LEAST, max(LEAST, one.confidence))
            total -= one.weight * float(np.log(sure if one.right else 1.0 - sure))
        return total

    return _of(compass(cost, _BEGIN), numbers)


def _of(vector: NDArray[np.float64], numbers: ConfidenceModel) -> ConfidenceModel:
    # A middle in widths and a width in logarithms: a step means as much on each scale.
    widths = np.exp(vector[1::2])
    echo_share, echo_t, whole = (
        LogisticCurve(short(float(middle * width)), short(float(width)))
        for middle, width in zip(vector[::2], widths, strict=True)
    )
    return replace(numbers, echo_share=echo_share, echo_t=echo_t, platt=whole)


def report(verdicts: Sequence[Verdict]) -> str:
    """Return the figures as text: of all sessions, then how often each confidence was right."""
    sure = np.array([one.confidence for one in verdicts])
    right = np.array([one.right for one in verdicts], float)
    weight = np.array([one.weight for one in verdicts])
    accepted = sure >= ACCEPTED
    false = [one for one, yes in zip(verdicts, accepted, strict=True) if yes and not one.right]
    solvable = [one for one in verdicts if one.solvable]
    outcome = np.where(right > 0, accepted, ~accepted)
    lines = [
        f"sessions {len(verdicts)}, of them with an answer {len(solvable)}",
        f"right, of those with an answer: {np.mean([one.right for one in solvable]):.3f}",
        f"accepted and wrong: {len(false)} " + " ".join(f"{one.condition}#{one.seed}" for one in false),
        f"right and not accepted: {int(np.sum((right > 0) & ~accepted))}",
        f"right outcome: {float(np.mean(outcome)):.3f}",
        f"Brier, weighed: {float(np.average((sure - right) ** 2, weights=weight)):.4f}",
        f"expected calibration error, weighed: {_error(sure, right, weight):.4f}",
        "",
        "| confidence | sessions | mean confidence | right |",
        "| --- | --- | --- | --- |",
    ]
    for low, chosen in _bins(sure):
        if chosen.any():
            mean, share = (
                float(np.average(values[chosen], weights=weight[chosen])) for values in (sure, right)
            )
            lines.append(f"| {low:.1f} to {low + 0.1:.1f} | {int(chosen.sum())} | {mean:.3f} | {share:.3f} |")
    return "\n".join(lines)


def _bins(sure: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[tuple[float, np.ndarray]]:
    at = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    return [(number / _BINS, at == number) for number in range(_BINS)]


def _error(sure: np.ndarray, right: np.ndarray, weight: np.ndarray) -> float:
    gaps = [
        float(weight[chosen].sum())
        * abs(float(np.average(sure[chosen] - right[chosen], weights=weight[chosen])))
        for _, chosen in _bins(sure)
        if chosen.any()
    ]
    return sum(gaps) / float(weight.sum())
