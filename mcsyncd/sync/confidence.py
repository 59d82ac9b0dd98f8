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

from mcsyncd.sync.fitted import FITTED, Numbers, Slope, Step
from mcsyncd.sync.match import Lead, Match

HALF_FRAME_S = 1 / 120
"""Half a frame at 60 pictures a second: what "right" means."""
SHORTEST_S = 5.0
AT_MOST_SHORT = 0.8
"""A few seconds of shared sound may be strong and still be a refrain: a person looks, whatever was fitted."""
AT_MOST_BROKEN = 0.3
"""Where parts lie on different lines no single offset is right, however many agree on one."""
_FEWEST_WINDOWS = 5


class Doubt(StrEnum):
    """What can be wrong with a pair."""

    WEAK = "weak"
    SHORT = "short"
    RIVAL = "rival"
    CONTRADICTION = "contradiction"
    SPREAD = "spread"


@dataclass(frozen=True, slots=True)
class Evidence:
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


def weigh(match: Match) -> Evidence:
    """Return what a match shows."""
    windows = min(match.strong, int(match.fit.inlier.sum()))
    slope = match.fit.sigma_slope if isfinite(match.fit.sigma_slope) else 100e-6
    return Evidence(
        significance=match.strength * sqrt(match.active),
        agreed_s=match.overlap_s * windows / max(1, match.active),
        rivals=tuple(rival.lead for rival in match.rivals),
        astray=_astray(match),
        end_s=sqrt(match.fit.sigma_s**2 + (slope * match.overlap_s / 2) ** 2),
    )


def believe(evidence: Evidence, numbers: Numbers = FITTED) -> Belief:
    """Judge a match by its evidence."""
    factors = {
        Doubt.WEAK: risen(evidence.significance, numbers.weak),
        Doubt.SHORT: risen(evidence.agreed_s, numbers.short),
        Doubt.RIVAL: ahead(evidence.rivals, numbers.rival_lead, numbers.rival_t),
        Doubt.CONTRADICTION: 1.0 - risen(evidence.astray, numbers.contradiction),
        Doubt.SPREAD: _sharp(evidence.end_s),
    }
    return Belief(numbers.seen.value * prod(factors.values()), factors)


def ahead(leads: Sequence[Lead], share: Step, t: Step) -> float:
    """The chance that the best is ahead of all others by more than luck, and by more than a repeat is.

    Exact repeats differ by up to 4 % (the microphones' own noise differs) and significantly so,
    which is why scatter alone does not settle it; a mixture that only repeats in part by 14 %.
    """
    return min((risen(lead.share, share) * risen(lead.t, t) for lead in leads), default=1.0)


def heard_apart(lead: Lead, numbers: Numbers = FITTED) -> float:
    """The chance that the joint choice of direct paths is the right one, by how clearly it leads."""
    return _sloped(lead.share, numbers.echo_share) * _sloped(lead.t, numbers.echo_t)


def borne_out(chance: float, numbers: Numbers = FITTED) -> float:
    """How often a clip of this chance was right: Platt's scaling (1999), of the log odds."""
    chance = min(chance, numbers.seen.value)
    if chance <= 0.0:
        return 0.0
    return min(numbers.seen.value, _sloped(log(chance / (1.0 - chance)), numbers.whole))


def _sloped(value: float, slope: Slope) -> float:
    return 1.0 / (1.0 + exp(max(-50.0, min(50.0, (slope.middle - value) / slope.width))))


def risen(value: float, step: Step) -> float:
    """The factor of `value`: half way at the step's middle."""
    if value <= 0.0:
        return step.least
    # A power of so little overflows; its logarithm does not.
    rise = 1.0 / (1.0 + exp(min(700.0, step.power * log(step.middle / value))))
    return step.least + (1.0 - step.least) * rise


def _astray(match: Match) -> float:
    clear = match.fit.z > 4.0
    if match.active < _FEWEST_WINDOWS or not clear.any():
        return 0.0
    off = 1.0 - float(match.fit.inlier.mean())
    loud = float(np.median(match.fit.z[clear])) > 15.0
    return (off if loud else 0.5 * off) + match.contradicting / match.active


def _sharp(end_s: float) -> float:
    """The chance that both ends of the overlap are within half a frame, from the line's own errors."""
    return 0.0 if end_s == inf else erf(HALF_FRAME_S / (sqrt(2.0) * max(end_s, 1e-9)))
