"""The fitted numbers of the confidence. See docs/calibration.md for data, method and command."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HillCurve:
    """A factor that rises from `floor` to 1, half-way at `midpoint`, faster for a higher `exponent`.

    floor + (1 - floor) / (1 + (midpoint / value)^exponent), for values from 0 on: the Hill equation.
    """

    midpoint: float
    exponent: float
    floor: float = 0.0


@dataclass(frozen=True, slots=True)
class LogisticCurve:
    """A factor that rises from 0 to 1, half-way at `midpoint`, for values that may be negative.

    1 / (1 + exp((midpoint - value) / width)): from a quarter to three quarters within 2.2 `width`.
    """

    midpoint: float
    width: float


@dataclass(frozen=True, slots=True)
class FixedChance:
    """A chance that depends on nothing that is measured."""

    value: float


@dataclass(frozen=True, slots=True)
class ConfidenceModel:
    """What each doubt is weighed with.

    `no_hidden_error` is the chance that nothing is wrong that no evidence shows. `loop_trust` is how
    much an agreeing loop counts as a witness, 0..1. `platt` maps the chance that the graph yields,
    in log odds, to how often sessions were right. `echo_share` and `echo_t` weigh the choice of
    direct paths; the other curves weigh the doubt they are named after.
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


# Fitted by `python -m calibration fit`, which rewrites everything below; all but `loop_trust`, which is a
# judgement (ADR 11). Units are those of `confidence.PairEvidence` and `match.Lead`. Other numbers shift every
# confidence, so the claim behind *Looks Good* (99.5 % right at 85 % and more) has to be verified again.
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
