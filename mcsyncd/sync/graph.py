"""All recordings on one clock: pairs are edges, clips are nodes.

The surest edges make a tree from the reference; a clip that shares nothing with the reference is
reached through a third. The edges that close a loop are then a check and, where they agree, more
data: weighted least squares over offset and drift of all clips at once (as in Su, Naaman & Ellis
2012, global consistency is what lifts precision).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

MAX_AGREEING_MISS_S = 0.002
MIN_CONTRADICTING_MISS_S = 0.004
_MIN_SIGMA_S = 5e-5
_MIN_SIGMA_SLOPE = 2e-7


@dataclass(frozen=True, slots=True)
class Edge:
    """`t_x = offset_s + t_y * (1 + slope)` in clip times; `middle_s` is the overlap's middle in y.

    `sigma_s` is the standard error at the middle, `sigma_slope` that of the slope. `ceiling` is
    the most that agreeing loops can raise the confidence to: the repeats of a loop close as well
    as the truth does.
    """

    x: int
    y: int
    offset_s: float
    slope: float
    middle_s: float
    sigma_s: float
    sigma_slope: float
    confidence: float
    ceiling: float = 1.0

    def reverse(self) -> Edge:
        """The same edge seen from the other end."""
        stretch = 1.0 + self.slope
        return replace(
            self,
            x=self.y,
            y=self.x,
            offset_s=-self.offset_s / stretch,
            slope=1.0 / stretch - 1.0,
            middle_s=self.offset_s + self.middle_s * stretch,
        )


@dataclass(frozen=True, slots=True)
class SolvedPlacement:
    """A clip on the reference clock: `t_ref = offset_s + t * (1 + slope)`."""

    offset_s: float
    slope: float

    def map_time(self, time_s: float) -> float:
        """Reference time of a clip time."""
        return self.offset_s + time_s * (1.0 + self.slope)


@dataclass(frozen=True, slots=True)
class Solution:
    """Places by node (None where unreachable), and the path of edges that leads to each."""

    placements: tuple[SolvedPlacement | None, ...]
    paths: tuple[tuple[Edge, ...], ...]


def solve_graph(nodes: int, root: int, edges: Sequence[Edge]) -> Solution:
    """Place every node that the edges reach from `root`."""
    places, paths = _grow_tree(nodes, root, edges)
    agreeing = [edge for edge in edges if abs(compute_miss_s(places, edge)) < MIN_CONTRADICTING_MISS_S]
    return Solution(tuple(_balance_placements(places, root, agreeing)), tuple(paths))


def _grow_tree(
    nodes: int, root: int, edges: Sequence[Edge]
) -> tuple[list[SolvedPlacement | None], list[tuple[Edge, ...]]]:
    places: list[SolvedPlacement | None] = [None] * nodes
    paths: list[tuple[Edge, ...]] = [()] * nodes
    places[root] = SolvedPlacement(0.0, 0.0)
    ways = [*edges, *(edge.reverse() for edge in edges)]
    while True:
        open_ways = [way for way in ways if places[way.x] is not None and places[way.y] is None]
        if not open_ways:
            return places, paths
        way = max(
            open_ways, key=lambda way: (way.confidence * compute_path_chance(paths[way.x]), -way.x, -way.y)
        )
        before = places[way.x]
        assert before is not None
        places[way.y] = SolvedPlacement(
            before.map_time(way.offset_s), (1.0 + way.slope) * (1.0 + before.slope) - 1.0
        )
        paths[way.y] = (*paths[way.x], way)


def compute_path_chance(path: Sequence[Edge]) -> float:
    """The chance that every edge of a path is right."""
    return float(np.prod([edge.confidence for edge in path]))


def check_loops(
    solution: Solution, edges: Sequence[Edge], node: int, loop_trust: float
) -> tuple[float, list[tuple[Edge, float]]]:
    """Return the confidence of a node's path after all loops were looked at, and the loops that fail.

    An edge outside of the tree closes one loop of tree edges. Where it agrees it confirms each of
    them as far as the rest of the loop is believed; where it does not, one of the loop is wrong.
    The failing ones come with their miss in seconds. `trust` is what a loop counts as a witness, 0..1:
    loops share rooms and echoes.
    """
    tree = {frozenset((edge.x, edge.y)) for path in solution.paths for edge in path}
    chords = [edge for edge in edges if frozenset((edge.x, edge.y)) not in tree]
    failing: list[tuple[Edge, float]] = []
    total = 1.0
    for link in solution.paths[node]:
        belief = link.confidence
        for chord in chords:
            loop = _find_loop(solution, chord)
            if not any({edge.x, edge.y} == {link.x, link.y} for edge in loop):
                continue
            rest = chord.confidence * compute_path_chance([e for e in loop if {e.x, e.y} != {link.x, link.y}])
            miss = abs(compute_miss_s(solution.placements, chord))
            if miss <= MAX_AGREEING_MISS_S:
                raised = 1.0 - (1.0 - belief) * (1.0 - loop_trust * rest)
                belief = max(belief, min(raised, link.ceiling))
            elif miss > MIN_CONTRADICTING_MISS_S:
                belief *= 1.0 - loop_trust * min(1.0, rest / max(belief, 1e-6))
                failing.append((chord, miss))
        total *= belief
    return total, failing


def _find_loop(solution: Solution, chord: Edge) -> list[Edge]:
    """The tree edges of the loop that `chord` closes."""
    one, other = solution.paths[chord.x], solution.paths[chord.y]
    return [edge for edge in one if edge not in other] + [edge for edge in other if edge not in one]


def compute_miss_s(placements: Sequence[SolvedPlacement | None], edge: Edge) -> float:
    """How far an edge's own line is off where the clips were placed, at the middle of what they share."""
    x, y = placements[edge.x], placements[edge.y]
    if x is None or y is None:
        return float("inf")
    return x.map_time(edge.offset_s + edge.middle_s * (1.0 + edge.slope)) - y.map_time(edge.middle_s)


def _balance_placements(
    placements: list[SolvedPlacement | None], root: int, edges: Sequence[Edge]
) -> list[SolvedPlacement | None]:
    """Weighted least squares around the tree; the root stays where it is."""
    free = [node for node, place in enumerate(placements) if place is not None and node != root]
    if len(edges) <= len(free):
        return placements
    column = {node: 2 * at for at, node in enumerate(free)}
    rows, right = [], []
    for edge in edges:
        for row, value in _build_equations(placements, edge, column):
            rows.append(row)
            right.append(value)
    change = np.linalg.lstsq(np.array(rows), np.array(right), rcond=None)[0]
    settled = list(placements)
    for node, at in column.items():
        place = placements[node]
        assert place is not None
        settled[node] = SolvedPlacement(
            place.offset_s + float(change[at]), place.slope + float(change[at + 1])
        )
    return settled


def _build_equations(
    placements: Sequence[SolvedPlacement | None], edge: Edge, column: dict[int, int]
) -> list[tuple[list[float], float]]:
    """Two rows an edge: its middle must meet, and its slope must."""
    x, y = placements[edge.x], placements[edge.y]
    assert x is not None
    assert y is not None
    width = 2 * len(column)
    middle, slope = [0.0] * width, [0.0] * width
    for node, sign, time in (
        (edge.x, 1.0, edge.offset_s + edge.middle_s * (1.0 + edge.slope)),
        (edge.y, -1.0, edge.middle_s),
    ):
        if node in column:
            middle[column[node]], middle[column[node] + 1] = sign, sign * time
            slope[column[node] + 1] = sign
    sigma_s = max(edge.sigma_s, _MIN_SIGMA_S)
    # A slope that is not known is held at what it was set to, loosely.
    sigma_slope = max(edge.sigma_slope if np.isfinite(edge.sigma_slope) else 1e-4, _MIN_SIGMA_SLOPE)
    miss_slope = (1.0 + edge.slope) * (1.0 + x.slope) - (1.0 + y.slope)
    return [
        ([value / sigma_s for value in middle], -compute_miss_s(placements, edge) / sigma_s),
        ([value / sigma_slope for value in slope], -miss_slope / sigma_slope),
    ]
