"""All conditions, and the order in which seeds go through them.

Of the 58, 21 have no right answer (36 %) and ten are about clocks that are right (17 %).
"""

from __future__ import annotations

from acceptance.conditions import clocks, hard, ordinary, repeats, unanswerable
from acceptance.conditions.stages import Stage
from acceptance.session import Condition

_GROUPS: dict[str, dict[str, Stage]] = {
    "ordinary": ordinary.STAGES,
    "hard": hard.STAGES,
    "none": unanswerable.STAGES | repeats.STAGES,
    "clock": clocks.STAGES,
}

STAGES: dict[str, Stage] = {name: stage for stages in _GROUPS.values() for name, stage in stages.items()}

_CONDITIONS = [Condition(name, group) for group, stages in _GROUPS.items() for name in stages]
_STEP = 13
"""Has no divisor in common with the number of conditions, so neighbouring seeds are of different groups."""

ROTATION = tuple(_CONDITIONS[at * _STEP % len(_CONDITIONS)] for at in range(len(_CONDITIONS)))
