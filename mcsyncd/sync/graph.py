"""Put all recordings on one clock: clips are nodes, pairs are edges.

The most confident edges make a tree from the reference; a clip that shares nothing with the
reference is reached through a third one. Edges that close a loop are a check. Where they agree,
they are more data too: weighted least squares over offset and drift of all clips at once. Global
consistency is what raises precision (Su, Naaman & Ellis 2012).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

MAX_AGREEING_MISS_S = 0.002
"""Seconds by which a loop may fail to close and still confirm its edges. From the prototypes; wider lets
echoes confirm each other."""
MIN_CONTRADICTING_MISS_S = 0.004
"""Seconds from which a loop that does not close contradicts its edges, and leaves the least squares. From the
prototypes; narrower punishes loops for the errors of their lines."""
_MIN_SIGMA_S = 5e-5
"""Seconds. Judgement: least standard error of an offset in the least squares, so that no edge dominates."""
_MIN_SIGMA_SLOPE = 2e-7
"""Relative, 0.2 ppm. Judgement: the same for slopes."""
_UNKNOWN_SIGMA_SLOPE = 1e-4
"""Relative, 100 ppm. Judgement: a slope without an error of its own is held loosely at its value."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A pair in clip times: `t_x = offset_s + t_y * (1 + slope)`.

    `middle_s` is the middle of the overlap in time of y, `sigma_s` the standard error there,
    `sigma_slope` that of the slope. `ceiling` is the most that agreeing loops can raise the
    confidence to, since loops through repeats close as well as true ones. An edge that rests on a few
    seconds confirms others, but without `may_contradict` it casts no doubt on them.
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
    may_contradict: bool = True

    def reverse(self) -> Edge:
        """Return the same edge with x and y exchanged."""
        scale = 1.0 + self.slope
        return replace(
            self,
            x=self.y,
            y=self.x,
            offset_s=-self.offset_s / scale,
            slope=1.0 / scale - 1.0,
            middle_s=self.offset_s + self.middle_s * scale,
        )


@dataclass(frozen=True, slots=True)
class SolvedPlacement:
    """A clip on the reference clock: `t_ref = offset_s + t * (1 + slope)`."""

    offset_s: float
    slope: float

    def map_time(self, time_s: float) -> float:
        """Return the reference time of a clip time."""
        return self.offset_s + time_s * (1.0 + self.slope)


@dataclass(frozen=True, slots=True)
class Solution:
    """The placement of each node (None where no edge leads to it), and the path of edges to each."""

    placements: tuple[SolvedPlacement | None, ...]
    paths: tuple[tuple[Edge, ...], ...]


def solve_graph(nodes: int, root: int, edges: Sequence[Edge]) -> Solution:
    """Place every node that the edges reach from `root`; nodes are 0 to `nodes` - 1."""
    placements, paths = _grow_tree(nodes, root, edges)
    agreeing = [edge for edge in edges if abs(compute_miss_s(placements, edge)) < MIN_CONTRADICTING_MISS_S]
    return Solution(tuple(_balance_placements(placements, root, agreeing)), tuple(paths))


def _grow_tree(
    nodes: int, root: int, edges: Sequence[Edge]
) -> tuple[list[SolvedPlacement | None], list[tuple[Edge, ...]]]:
    """Grow a tree from `root`, always by the node whose whole path is most confident (Prim, Dijkstra)."""
    placements: list[SolvedPlacement | None] = [None] * nodes
    paths: list[tuple[Edge, ...]] = [()] * nodes
    placements[root] = SolvedPlacement(0.0, 0.0)
    directed = [*edges, *(edge.reverse() for edge in edges)]

    def rank(edge: Edge) -> tuple[float, int, int]:
        return edge.confidence * compute_path_chance(paths[edge.x]), -edge.x, -edge.y

    while True:
        leaving = [e for e in directed if placements[e.x] is not None and placements[e.y] is None]
        if not leaving:
            return placements, paths
        edge = max(leaving, key=rank)
        x = placements[edge.x]
        assert x is not None
        slope = (1.0 + edge.slope) * (1.0 + x.slope) - 1.0
        placements[edge.y] = SolvedPlacement(x.map_time(edge.offset_s), slope)
        paths[edge.y] = (*paths[edge.x], edge)


def compute_path_chance(path: Sequence[Edge]) -> float:
    """Return the chance that every edge of a path is right."""
    return float(np.prod([edge.confidence for edge in path]))


def check_loops(
    solution: Solution, edges: Sequence[Edge], node: int, loop_trust: float
) -> tuple[float, list[tuple[Edge, float]]]:
    """Return the confidence of a node's path after checking all loops, and the failing edges.

    An edge outside of the tree closes one loop of tree edges. If it agrees, it confirms each of them
    as far as the rest of the loop is believed; if not, one edge of the loop is wrong. A failing edge
    comes with its miss in seconds. `loop_trust` is how much a loop counts as a witness, 0..1: less
    than 1, because the cameras of a loop share one room and its echoes.
    """
    tree = {frozenset((edge.x, edge.y)) for path in solution.paths for edge in path}
    chords = [edge for edge in edges if frozenset((edge.x, edge.y)) not in tree]
    failing: list[tuple[Edge, float]] = []
    total = 1.0
    for link in solution.paths[node]:
        confidence = link.confidence
        for chord in chords:
            loop = _find_loop(solution, chord)
            if not any({edge.x, edge.y} == {link.x, link.y} for edge in loop):
                continue
            rest = chord.confidence * compute_path_chance([e for e in loop if {e.x, e.y} != {link.x, link.y}])
            miss_s = abs(compute_miss_s(solution.placements, chord))
            if miss_s <= MAX_AGREEING_MISS_S:
                raised = 1.0 - (1.0 - confidence) * (1.0 - loop_trust * rest)
                confidence = max(confidence, min(raised, link.ceiling))
            elif miss_s > MIN_CONTRADICTING_MISS_S and chord.may_contradict:
                confidence *= 1.0 - loop_trust * min(1.0, rest / max(confidence, 1e-6))
                failing.append((chord, miss_s))
        total *= confidence
    return total, failing


def _find_loop(solution: Solution, chord: Edge) -> list[Edge]:
    """Return the tree edges of the loop that `chord` closes."""
    one, other = solution.paths[chord.x], solution.paths[chord.y]
    return [edge for edge in one if edge not in other] + [edge for edge in other if edge not in one]


def compute_miss_s(placements: Sequence[SolvedPlacement | None], edge: Edge) -> float:
    """Return how far an edge's own line is off the placements, in seconds, at the middle of its overlap.

    Infinite where either clip has no placement.
    """
    x, y = placements[edge.x], placements[edge.y]
    if x is None or y is None:
        return float("inf")
    return x.map_time(edge.offset_s + edge.middle_s * (1.0 + edge.slope)) - y.map_time(edge.middle_s)


def _balance_placements(
    placements: list[SolvedPlacement | None], root: int, edges: Sequence[Edge]
) -> list[SolvedPlacement | None]:
    """Move the placements to the weighted least-squares solution of all edges; the root stays."""
    free = [node for node, placement in enumerate(placements) if placement is not None and node != root]
    if len(edges) <= len(free):
        return placements
    column = {node: 2 * number for number, node in enumerate(free)}
    rows, right = [], []
    for edge in edges:
        for row, value in _build_equations(placements, edge, column):
            rows.append(row)
            right.append(value)
    change = np.linalg.lstsq(np.array(rows), np.array(right), rcond=None)[0]
    balanced = list(placements)
    for node, at in column.items():
        before = placements[node]
        assert before is not None
        offset_s, slope = before.offset_s + float(change[at]), before.slope + float(change[at + 1])
        balanced[node] = SolvedPlacement(offset_s, slope)
    return balanced


def _build_equations(
    placements: Sequence[SolvedPlacement | None], edge: Edge, column: dict[int, int]
) -> list[tuple[list[float], float]]:
    """Return two rows for an edge, each with its right side: its middle must meet, and its slope must."""
    x, y = placements[edge.x], placements[edge.y]
    assert x is not None
    assert y is not None
    width = 2 * len(column)
    middle, slope = [0.0] * width, [0.0] * width
    for node, sign, time_s in (
        (edge.x, 1.0, edge.offset_s + edge.middle_s * (1.0 + edge.slope)),
        (edge.y, -1.0, edge.middle_s),
    ):
        if node in column:
            middle[column[node]], middle[column[node] + 1] = sign, sign * time_s
            slope[column[node] + 1] = sign
    sigma_s = max(edge.sigma_s, _MIN_SIGMA_S)
    known_sigma = edge.sigma_slope if np.isfinite(edge.sigma_slope) else _UNKNOWN_SIGMA_SLOPE
    sigma_slope = max(known_sigma, _MIN_SIGMA_SLOPE)
    miss_slope = (1.0 + edge.slope) * (1.0 + x.slope) - (1.0 + y.slope)
    return [
        ([value / sigma_s for value in middle], -compute_miss_s(placements, edge) / sigma_s),
        ([value / sigma_slope for value in slope], -miss_slope / sigma_slope),
    ]
