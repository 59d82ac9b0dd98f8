"""The numbers of the confidence, as fitted: see docs/calibration.md for data, method and command."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """A factor that rises from 0 to 1 around `middle`, the faster the higher `power`."""

    middle: float
    power: float


@dataclass(frozen=True, slots=True)
class Numbers:
    """One step for each doubt; `trust` is what an agreeing loop adds, as a share of its own belief."""

    weak: Step
    short: Step
    rival_lead: Step
    rival_t: Step
    echo_lead: Step
    echo_t: Step
    contradiction: Step
    foreign: Step
    trust: float


FITTED = Numbers(
    weak=Step(16.0, 4.0),
    short=Step(3.0, 3.0),
    rival_lead=Step(0.065, 4.0),
    rival_t=Step(3.0, 4.0),
    echo_lead=Step(0.01, 2.0),
    echo_t=Step(2.0, 3.0),
    contradiction=Step(0.4, 4.0),
    foreign=Step(0.13, 6.0),
    trust=0.7,
)
