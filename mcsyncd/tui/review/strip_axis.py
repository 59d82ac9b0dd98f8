"""The axis of the match strip: even around the computed offset, and shorter and shorter beyond. Pure.

The curve covers some tens of milliseconds. A rival, or a place that a person gave, may be minutes away:
it must be in the picture, or the picture says that there is none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import log

_CURVE_SHARE = 0.6
"""Share of the cells that the curve keeps where something lies beyond it. Judgement: two humps stay two."""


@dataclass(frozen=True)
class StripAxis:
    """`cells` cells around the computed offset.

    The curve covers `half_ms` on either side; what lies beyond, up to `far_ms`, is in logarithmic distance.
    """

    cells: int
    half_ms: float
    far_ms: float

    @property
    def margin(self) -> int:
        """The cells on either side of the curve."""
        return round(self.cells * (1 - _CURVE_SHARE) / 2) if self.far_ms > self.half_ms else 0

    def find_cell(self, distance_ms: float) -> int:
        """Return the cell of an offset that is `distance_ms` from the computed one."""
        inner = self.cells - 2 * self.margin
        away = abs(distance_ms)
        if away <= self.half_ms or not self.margin:
            share = 0.5 + distance_ms / (2 * self.half_ms)
            return self.margin + min(inner - 1, max(0, round((inner - 1) * share)))
        beyond = log(away / self.half_ms) / log(self.far_ms / self.half_ms)
        steps = min(self.margin, max(1, round(beyond * self.margin)))
        return self.margin - steps if distance_ms < 0 else self.cells - 1 - self.margin + steps


def build_axis(cells: int, half_ms: float, distances_ms: Iterable[float]) -> StripAxis:
    """Return the axis on which every one of `distances_ms` has its cell."""
    return StripAxis(cells, half_ms, max((abs(one) for one in distances_ms), default=0.0))
