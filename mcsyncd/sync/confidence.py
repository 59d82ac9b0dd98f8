"""How sure a pair is: the chance that its line is right to 8 ms, from named evidence.

Each doubt is a way to be wrong, and what speaks against it gives the chance, between 0 and 1, that
it is not so; a pair is right when none of them is: their product (a noisy AND, Pearl 1988). So
strength in one kind of evidence never makes good for another, and the doubts give the reasons. The
shapes are chosen here, the numbers in them are fitted (`fitted.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import erf, exp, inf, isfinite, log, prod, sqrt

import numpy as np

from mcsyncd.sync.confidence_model import FITTED_MODEL, ConfidenceModel, HillCurve, LogisticCurve
from mcsyncd.sync.match import Lead, Match

HALF_FRAME_S = 1 / 120
"""Half a frame at 60 pictures a second: what "right" means."""
MIN_OVERLAP_S = 5.0
MAX_SHORT_CONFIDENCE = 0.8
"""A few seconds of shared sound may be strong and still be a refrain: a person looks, whatever was fitted."""
MAX_PIECEWISE_CONFIDENCE = 0.3
"""Where parts lie on different lines no single offset is right, however many agree on one."""
_MIN_WINDOWS = 5


class Doubt(StrEnum):
    """What can be wrong with a pair."""

    WEAK = "weak"
    SHORT = "short"
    RIVAL = "rival"
    CONTRADICTION = "contradiction"
    SPREAD = "spread"


@dataclass(frozen=True, slots=True)
class PairEvidence:
    """What a match shows, in numbers.

    `significance` is the mean z a window times the root of their number: below about 10 it is what
    the best of all lags reaches by chance. `agreed_s` are the seconds that the windows stand for which
    are strong and on the line. `astray` is the share of windows off the line, counted half where even
    the clear ones are faint, plus the share that contradicts. `end_s` is the standard error at the ends
    of the overlap.
    """

    significance: float
    agreed_s: float
    rivals: tuple[Lead, ...]
    astray: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Belief:
    """A pair's confidence, 0..1, and the factor of each doubt."""

    confidence: float
    factors: dict[Doubt, float]


def measure_evidence(match: Match) -> PairEvidence:
    """Return what a match shows."""
    windows = min(match.strong_windows, int(match.fit.inlier.sum()))
    slope = match.fit.sigma_slope if isfinite(match.fit.sigma_slope) else 100e-6
    return PairEvidence(
        significance=match.strength * sqrt(match.active_windows),
        agreed_s=match.overlap_s * windows / max(1, match.active_windows),
        rivals=tuple(rival.lead for rival in match.rivals),
        astray=_compute_astray_share(match),
        end_s=sqrt(match.fit.sigma_s**2 + (slope * match.overlap_s / 2) ** 2),
    )


def judge_evidence(evidence: PairEvidence, model: ConfidenceModel = FITTED_MODEL) -> Belief:
    """Judge a match by its evidence."""
    factors = {
        Doubt.WEAK: evaluate_hill(evidence.significance, model.weak),
        Doubt.SHORT: evaluate_hill(evidence.agreed_s, model.short),
        Doubt.RIVAL: compute_lead_chance(evidence.rivals, model.rival_lead, model.rival_t),
        Doubt.CONTRADICTION: 1.0 - evaluate_hill(evidence.astray, model.contradiction),
        Doubt.SPREAD: _compute_sharpness(evidence.end_s),
    }
    return Belief(model.no_hidden_error.value * prod(factors.values()), factors)


def compute_lead_chance(leads: Sequence[Lead], share_curve: HillCurve, t_curve: HillCurve) -> float:
    """The chance that the best is ahead of all others by more than luck, and by more than a repeat is.

    Exact repeats differ by up to 4 % (the microphones' own noise differs) and significantly so,
    which is why scatter alone does not settle it; a mixture that only repeats in part by 14 %.
    """
    return min(
        (evaluate_hill(lead.share, share_curve) * evaluate_hill(lead.t, t_curve) for lead in leads),
        default=1.0,
    )


def compute_direct_path_chance(lead: Lead, model: ConfidenceModel = FITTED_MODEL) -> float:
    """The chance that the joint choice of direct paths is the right one, by how clearly it leads."""
    return _evaluate_logistic(lead.share, model.echo_share) * _evaluate_logistic(lead.t, model.echo_t)


def platt_scale(chance: float, model: ConfidenceModel = FITTED_MODEL) -> float:
    """How often a clip of this chance was right: Platt's scaling (1999), of the log odds."""
    chance = min(chance, model.no_hidden_error.value)
    if chance <= 0.0:
        return 0.0
    return min(model.no_hidden_error.value, _evaluate_logistic(log(chance / (1.0 - chance)), model.platt))


def _evaluate_logistic(value: float, curve: LogisticCurve) -> float:
    return 1.0 / (1.0 + exp(max(-50.0, min(50.0, (curve.midpoint - value) / curve.width))))


def evaluate_hill(value: float, curve: HillCurve) -> float:
    """The factor of `value`: half way at the step's middle."""
    if value <= 0.0:
        return curve.floor
    # A power of so little overflows; its logarithm does not.
    rise = 1.0 / (1.0 + exp(min(700.0, curve.exponent * log(curve.midpoint / value))))
    return curve.floor + (1.0 - curve.floor) * rise


def _compute_astray_share(match: Match) -> float:
    clear = match.fit.z > 4.0
    if match.active_windows < _MIN_WINDOWS or not clear.any():
        return 0.0
    off = 1.0 - float(match.fit.inlier.mean())
    loud = float(np.median(match.fit.z[clear])) > 15.0
    return (off if loud else 0.5 * off) + match.contradicting_windows / match.active_windows


def _compute_sharpness(end_s: float) -> float:
    """The chance that both ends of the overlap are within half a frame, from the line's own errors."""
    return 0.0 if end_s == inf else erf(HALF_FRAME_S / (sqrt(2.0) * max(end_s, 1e-9)))
