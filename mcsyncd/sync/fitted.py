"""The numbers of the confidence, as fitted: see docs/calibration.md for data, method and command."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """A factor that rises from `least` to 1 around `middle`, the faster the higher `power`."""

    middle: float
    power: float
    least: float = 0.0


@dataclass(frozen=True, slots=True)
class Slope:
    """The same on a scale that has no zero: half at `middle`, from a quarter to three in 2.2 `width`."""

    middle: float
    width: float


@dataclass(frozen=True, slots=True)
class Share:
    """A chance that depends on nothing."""

    value: float


@dataclass(frozen=True, slots=True)
class Numbers:
    """What each doubt is weighed with.

    `seen` is the chance that nothing is wrong of what no evidence shows; `trust` is what an agreeing
    loop adds, as a share of its own belief; `whole` maps what the graph makes of the pairs' chances, in
    log odds, to how often sessions were right.
    """

    seen: Share

    weak: Step
    short: Step
    rival_lead: Step
    rival_t: Step
    echo_share: Slope
    echo_t: Slope
    contradiction: Step
    trust: float
    whole: Slope


FITTED = Numbers(
    seen=Share(value=0.992),
    weak=Step(middle=10.7, power=49.5),
    short=Step(middle=1.52, power=6.13, least=0.901),
    rival_lead=Step(middle=0.036, power=1.09),
    rival_t=Step(middle=0.514, power=1.65),
    echo_share=Slope(middle=-0.152, width=0.082),
    echo_t=Slope(middle=-2.0, width=1.19),
    contradiction=Step(middle=0.19, power=3.0),
    trust=0.7,
    whole=Slope(middle=-0.34, width=0.697),
)
