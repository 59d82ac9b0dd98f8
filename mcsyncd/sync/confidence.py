"""How sure a pair is: the chance that its line is right to 8 ms, from named evidence.

Each piece of evidence is turned into a factor between 0 and 1, the weakest dominates their
product, and the named ones give the reasons. Hard caps stand for what no strength can make good:
a few seconds of shared sound may be strong and still be a refrain.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import erf, exp, inf, isfinite, sqrt

import numpy as np

from mcsyncd.sync.match import Match, Rival

HALF_FRAME_S = 1 / 120
"""Half a frame at 60 pictures a second: what "right" means."""
FEWEST_WINDOWS = 5
SHORTEST_S = 5.0


class Doubt(StrEnum):
    """What can be wrong with a pair."""

    WEAK = "weak"
    SHORT = "short"
    RIVAL = "rival"
    ECHO = "echo"
    CONTRADICTION = "contradiction"
    SPREAD = "spread"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Belief:
    """A pair's confidence, 0..1, and the factor of each doubt."""

    confidence: float
    factors: dict[Doubt, float]


def believe(match: Match) -> Belief:
    """Judge a match."""
    factors = {
        Doubt.WEAK: _rises(evidence(match), 16.0, 4.0),
        Doubt.SHORT: _length(match),
        Doubt.RIVAL: min((_ahead(rival) for rival in match.rivals), default=1.0),
        Doubt.ECHO: 1.0 - _rises(match.echo.ratio, 0.62, 8.0),
        Doubt.CONTRADICTION: _agreement(match),
        Doubt.SPREAD: _sharp(match),
        Doubt.FOREIGN: 1.0 - _rises(match.unexplained, 0.13, 6.0),
    }
    return Belief(min(0.999, float(np.prod(list(factors.values())))), factors)


def evidence(match: Match) -> float:
    """Stacked significance: mean z a window times the root of their number.

    Below about 10 it is what the best of all lags reaches by chance.
    """
    return match.strength * sqrt(match.active)


def _rises(value: float, middle: float, power: float) -> float:
    return 1.0 / (1.0 + (middle / value) ** power) if value > 0.0 else 0.0


def _length(match: Match) -> float:
    windows = min(match.strong, int(match.fit.inlier.sum()))
    agreed_s = match.overlap_s * windows / max(1, match.active)
    if windows < FEWEST_WINDOWS or agreed_s < SHORTEST_S:
        return 0.3 + 0.4 * min(windows / FEWEST_WINDOWS, agreed_s / SHORTEST_S, 1.0)
    return 1.0


def _ahead(rival: Rival) -> float:
    """Whether the best is ahead of a rival by more than chance and by more than a repeat would be.

    Exact repeats differ by up to 4 % (the microphones' own noise differs) and significantly so,
    which is why scatter alone does not settle it; a mixture that only repeats in part by 14 %.
    """
    return _rises(max(0.0, rival.lead), 0.065, 4.0) / (1.0 + exp(min(50.0, -1.5 * (rival.lead_t - 3.0))))


def _agreement(match: Match) -> float:
    clear = match.fit.z > 4.0
    if match.active < FEWEST_WINDOWS or not clear.any():
        return 1.0
    astray = 1.0 - float(match.fit.inlier.mean())
    loud = float(np.median(match.fit.z[clear])) > 15.0
    doubtful = (astray if loud else 0.5 * astray) + match.contradicting / match.active
    return 1.0 - _rises(doubtful, 0.4, 4.0)


def _sharp(match: Match) -> float:
    """The chance that both ends of the overlap are within half a frame, from the line's own errors."""
    slope = match.fit.sigma_slope if isfinite(match.fit.sigma_slope) else 100e-6
    end_s = sqrt(match.fit.sigma_s**2 + (slope * match.overlap_s / 2) ** 2)
    return 0.0 if end_s == inf else erf(HALF_FRAME_S / (sqrt(2.0) * max(end_s, 1e-9)))
