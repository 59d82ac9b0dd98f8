"""The numbers of the confidence, as fitted: see docs/calibration.md for data, method and command."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HillCurve:
    """A factor that rises from `least` to 1 around `middle`, the faster the higher `power`."""

    midpoint: float
    exponent: float
    floor: float = 0.0


@dataclass(frozen=True, slots=True)
class LogisticCurve:
    """The same on a scale that has no zero: half at `middle`, from a quarter to three in 2.2 `width`."""

    midpoint: float
    width: float


@dataclass(frozen=True, slots=True)
class FixedChance:
    """A chance that depends on nothing."""

    value: float


@dataclass(frozen=True, slots=True)
class ConfidenceModel:
    """What each doubt is weighed with.

    `seen` is the chance that nothing is wrong of what no evidence shows; `trust` is what an agreeing
    loop adds, as a share of its own belief; `whole` maps what the graph makes of the pairs' chances, in
    log odds, to how often sessions were right.
    """

    no_hidden_error: FixedChance

    weak: HillCurve
    short: HillCurve
    rival_lead: HillCurve
    rival_t: HillCurve
    echo_share: LogisticCurve
    echo_t: LogisticCurve
    contradiction: HillCurve
    loop_trust: float
    platt: LogisticCurve


FITTED_MODEL = ConfidenceModel(
    no_hidden_error=FixedChance(value=0.992),
    weak=HillCurve(midpoint=10.7, exponent=49.5),
    short=HillCurve(midpoint=1.52, exponent=6.13, floor=0.901),
    rival_lead=HillCurve(midpoint=0.036, exponent=1.09),
    rival_t=HillCurve(midpoint=0.514, exponent=1.65),
    echo_share=LogisticCurve(midpoint=-0.152, width=0.082),
    echo_t=LogisticCurve(midpoint=-2.0, width=1.19),
    contradiction=HillCurve(midpoint=0.19, exponent=3.0),
    loop_trust=0.7,
    platt=LogisticCurve(midpoint=-0.34, width=0.697),
)
