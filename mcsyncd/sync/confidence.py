"""The confidence of a pair: the chance that its line is right to 8 ms, from named evidence.

Each doubt is a way to be wrong. The evidence against it gives the chance, 0..1, that the doubt does
not apply. A pair is right when no doubt applies, so its confidence is the product of these chances
(a noisy AND, Pearl 1988). A product, not a logistic regression: strength in one kind of evidence
must never compensate for another, and each factor is a reason to report. The shapes are chosen
here, the numbers are fitted (`confidence_model.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import erf, exp, inf, isfinite, log, prod, sqrt

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync.confidence_model import FITTED_MODEL, ConfidenceModel, HillCurve, LogisticCurve
from mcsyncd.sync.match import Lead, Match

HALF_FRAME_S = 1 / 120
"""Seconds, 8.33 ms: half a frame at 60 frames per second. This defines "right"; the calibration counts by it,
and another value needs a new one."""
MIN_CLEAR_SIGNIFICANCE = 12.0
"""No unit: significance below which a match may be chance (see `PairEvidence`). Measured: the best of all
lags of unrelated recordings reaches about 10. Higher, and faint matches are reported as no match at all."""
MIN_OVERLAP_S = 5.0
"""Seconds of overlap below which the confidence is capped (`caps.py`). From PluralEyes' manual (5 to 10 s
of good audio) and the prototypes: a refrain or jingle lasts as long."""
_MIN_WINDOWS = 5
"""Windows below which none is called astray. From the prototypes: a share of fewer means little."""
_CLEAR_Z = 4.0
"""No unit: z of a window that is clear of noise. Judgement: as `matching._STRONG_Z`."""
_LOUD_Z = 15.0
"""No unit: median z of clear windows from which windows off the line count fully. Judgement: in a faint
match, windows are off the line by noise alone."""
_UNKNOWN_SLOPE = 100e-6
"""Relative: standard error assumed for a slope too uncertain to have one. Judgement: a third of the largest
drift; more makes short overlaps seem less certain than they are."""


class Doubt(StrEnum):
    """A way in which a pair can be wrong."""

    WEAK = "weak"
    SHORT = "short"
    RIVAL = "rival"
    CONTRADICTION = "contradiction"
    SPREAD = "spread"


@dataclass(frozen=True, slots=True)
class PairEvidence:
    """The evidence of a match, in numbers.

    `significance` is the mean z per window times the root of their number; the best of all lags
    reaches about 10 by chance. `agreed_s` is the overlap in seconds times the share of windows that
    are strong and on the line. `astray` is the share of windows off the line (halved where even the
    clear ones are faint) plus the share that contradicts it. `end_s` is the standard error of the
    line at the ends of the overlap.
    """

    significance: float
    agreed_s: float
    rivals: tuple[Lead, ...]
    astray: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Belief:
    """A pair's confidence, 0..1, and the factors of its doubts, which multiply to it."""

    confidence: float
    factors: dict[Doubt, float]


def measure_evidence(match: Match) -> PairEvidence:
    """Return the evidence of a match."""
    windows = min(match.strong_windows, int(match.fit.inlier.sum()))
    slope = match.fit.sigma_slope if isfinite(match.fit.sigma_slope) else _UNKNOWN_SLOPE
    return PairEvidence(
        significance=match.strength * sqrt(match.active_windows),
        agreed_s=match.overlap_s * windows / max(1, match.active_windows),
        # An echo is no repeat; it has a cap of its own.
        rivals=tuple(rival.lead for rival in match.rivals if not rival.is_echo),
        astray=_compute_astray_share(match),
        end_s=sqrt(match.fit.sigma_s**2 + (slope * match.overlap_s / 2) ** 2),
    )


def judge_evidence(evidence: PairEvidence, model: ConfidenceModel = FITTED_MODEL) -> Belief:
    """Return the confidence that the evidence of a match supports."""
    factors = {
        Doubt.WEAK: evaluate_hill(evidence.significance, model.weak),
        Doubt.SHORT: evaluate_hill(evidence.agreed_s, model.short),
        Doubt.RIVAL: compute_lead_chance(evidence.rivals, model.rival_lead, model.rival_t),
        Doubt.CONTRADICTION: 1.0 - evaluate_hill(evidence.astray, model.contradiction),
        Doubt.SPREAD: _compute_sharpness(evidence.end_s),
    }
    return Belief(model.no_hidden_error.value * prod(factors.values()), factors)


def compute_lead_chance(leads: Sequence[Lead], share_curve: HillCurve, t_curve: HillCurve) -> float:
    """Return the chance that the best line leads every rival by more than chance and by more than a repeat.

    Measured: exact repeats differ by up to 4 % (the microphones' own noise differs) and significantly
    so, which is why the t statistic alone does not settle it. Partly repeating mixtures differ by 14 %.
    """
    return min(
        (evaluate_hill(lead.share, share_curve) * evaluate_hill(lead.t, t_curve) for lead in leads),
        default=1.0,
    )


def compute_direct_path_chance(lead: Lead, model: ConfidenceModel = FITTED_MODEL) -> float:
    """Return the chance that the joint choice of direct paths is right, from its lead on the next one."""
    return _evaluate_logistic(lead.share, model.echo_share) * _evaluate_logistic(lead.t, model.echo_t)


def platt_scale(chance: float, model: ConfidenceModel = FITTED_MODEL) -> float:
    """Return how often clips of this chance were right: Platt scaling (1999) of the log odds."""
    chance = min(chance, model.no_hidden_error.value)
    if chance <= 0.0:
        return 0.0
    return min(model.no_hidden_error.value, _evaluate_logistic(log(chance / (1.0 - chance)), model.platt))


def _evaluate_logistic(value: float, curve: LogisticCurve) -> float:
    return 1.0 / (1.0 + exp(max(-50.0, min(50.0, (curve.midpoint - value) / curve.width))))


def evaluate_hill(value: float, curve: HillCurve) -> float:
    """Return the factor of `value` on a Hill curve."""
    if value <= 0.0:
        return curve.floor
    # A power of a value near 0 overflows; its logarithm does not.
    rise = 1.0 / (1.0 + exp(min(700.0, curve.exponent * log(curve.midpoint / value))))
    return curve.floor + (1.0 - curve.floor) * rise


def _compute_astray_share(match: Match) -> float:
    clear = match.fit.z > _CLEAR_Z
    if match.active_windows < _MIN_WINDOWS or not clear.any():
        return 0.0
    off = float(_find_windows_off(match).mean())
    loud = float(np.median(match.fit.z[clear])) > _LOUD_Z
    return (off if loud else 0.5 * off) + match.contradicting_windows / match.active_windows


def _find_windows_off(match: Match) -> NDArray[np.bool_]:
    """Return which windows are off the line.

    Where little is shared, windows are as short as a pause. One alone, between two on the line, is one: what
    is lost or is of another event does not end on the same line a second later.
    """
    off = ~match.fit.inlier
    if match.windows.subwindows > 1:
        return off
    on_either_side = np.pad(match.fit.inlier, 1, constant_values=False)
    return np.asarray(off & ~(on_either_side[:-2] & on_either_side[2:]), np.bool_)


def _compute_sharpness(end_s: float) -> float:
    """Return the chance that both ends of the overlap are within half a frame, from the line's own errors."""
    return 0.0 if end_s == inf else erf(HALF_FRAME_S / (sqrt(2.0) * max(end_s, 1e-9)))
