"""Rooms: which of several peaks is the direct path, chosen for all pairs together.

In a room with cameras spread in it a pair of them correlates at every difference of an echo here
and an echo there, and the direct paths are often not the highest peak of a pair. Two things tell
them: they come first, so what is correlated here is only what rises above the ringing (`Ear.front`);
and they close: the three lags of three cameras add up to nothing, which chance peaks of three pairs
do not. So the places of all clips are moved, within 40 ms, to where all pairs together have most;
as the steered response of a microphone array is searched (DiBiase 2000), with clocks for directions.
The choice has a runner-up for each clip, compared window by window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync import fine
from mcsyncd.sync.coarse import Line
from mcsyncd.sync.fine import REACH
from mcsyncd.sync.graph import Place, Solution
from mcsyncd.sync.match import Echo, Lead
from mcsyncd.sync.pair import Pair, along, side_by_side
from mcsyncd.sync.recording import RATE, Recording
from mcsyncd.sync.whiten import Ear

_WINDOWS = 24
_BLUR = 3
"""Samples that a peak may be off and still count: lags add up to a sample here and there."""
APART = 24
"""3 ms: nearer peaks are one, or right in either case."""
_FALL = 0.05
_ECHOING = 0.3
"""Below it the highest peak of a pair is the only one worth a name: dry recordings have 0.05 to 0.2."""
_BY_CHANCE = 6.0
_MOVES = 2.0
"""How clearly another choice must be ahead before clips are moved: paired t over all windows."""
_PEAKS = 12
_WIDTH = 48

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class View:
    """What arrives first in the clips x and y, along a line between them.

    `table[w, j]` is the share of window w's energy that is common at lag (j - REACH) / RATE; `total[j]`
    the mean over windows, of either polarity, each peak spread over `_BLUR` samples either way.
    """

    x: int
    y: int
    table: Values
    total: Values

    def each(self, lag: int) -> Values:
        """What every window has at `lag` samples, signed so that their mean is positive."""
        begin = min(max(0, lag + REACH - _BLUR), 2 * REACH)
        near = self.table[:, begin : max(begin, lag + REACH + _BLUR) + 1]
        mean = near.mean(axis=0)
        at = int(np.argmax(np.abs(mean)))
        return near[:, at] * (1.0 if mean[at] >= 0.0 else -1.0)


@dataclass(frozen=True, slots=True)
class Choice:
    """How far a clip is moved on the reference clock, in samples, and how clearly.

    `lead` is that of the best joint choice on the best one that has this clip at least 3 ms
    elsewhere, with its scatter among the windows; `rival` is how much later than chosen that other
    choice has it.
    """

    shift: int
    lead: Lead
    rival: int


def view(nodes: tuple[int, int], ears: tuple[Ear, Ear], line: Line) -> View | None:
    """Look along `line` at what arrives first; None where the two hardly meet."""
    where = fine.windows(line, ears[0].samples, ears[1].samples, _WINDOWS)
    if where.starts.size == 0:
        return None
    table = fine.look(ears[0], line, fine.taken(ears[1], where, Ear.front)).strength.astype(np.float64)
    mean = np.pad(np.abs(table.mean(axis=0)), _BLUR)
    slopes = 1.0 - _FALL * np.abs(np.arange(-_BLUR, _BLUR + 1))
    total = (np.lib.stride_tricks.sliding_window_view(mean, slopes.size) * slopes).max(axis=1)
    return View(*nodes, table, total)


def heard_out(
    recordings: Sequence[Recording], root: int, pairs: Sequence[Pair], solution: Solution
) -> tuple[list[Pair], dict[int, Choice]]:
    """Measure all pairs again along the choice of all; return them and the choice by clip."""
    placed = [pair for pair in pairs if _line(pair, recordings, solution.places) is not None]
    if not any(_echoes(pair.match.echo) for pair in placed if pair.shared):
        return list(pairs), {}
    seen = side_by_side(lambda pair: _view(pair, recordings, solution.places), placed)
    choices = choose(root, [one for one in seen if one])
    places = [_moved_place(place, choices.get(node)) for node, place in enumerate(solution.places)]
    heard = side_by_side(lambda pair: along(pair, recordings, _line(pair, recordings, places)), pairs)
    return list(heard), choices


def _view(pair: Pair, recordings: Sequence[Recording], places: Sequence[Place | None]) -> View | None:
    line = _line(pair, recordings, places)
    return view((pair.x, pair.y), pair.match.ears, line) if line else None


def _echoes(echo: Echo) -> bool:
    return echo.ratio > _ECHOING and echo.significance > _BY_CHANCE


def _moved_place(place: Place | None, choice: Choice | None) -> Place | None:
    if place is None or choice is None:
        return place
    return Place(place.offset_s + choice.shift / RATE, place.slope)


def _line(pair: Pair, recordings: Sequence[Recording], places: Sequence[Place | None]) -> Line | None:
    """Where the places of two clips put one against the other, in time of their analysis audio."""
    x, y = places[pair.x], places[pair.y]
    if x is None or y is None:
        return None
    start_x, start_y = recordings[pair.x].start_us / 1e6, recordings[pair.y].start_us / 1e6
    return Line(
        (y.at(start_y) - x.offset_s) / (1.0 + x.slope) - start_x, (1.0 + y.slope) / (1.0 + x.slope) - 1.0
    )


def choose(root: int, views: Sequence[View]) -> dict[int, Choice]:
    """Choose for every clip that views connect to `root` where it lies, all views together."""
    order = _order(root, views)
    best, stay = _searched(root, order, views, None), dict.fromkeys([root, *order], 0)
    if _lead(best, stay, views).t < _MOVES:
        best = stay
    return {
        node: _choice(node, best, _searched(root, order, views, (node, best[node])), views) for node in order
    }


def _choice(node: int, best: dict[int, int], other: dict[int, int], views: Sequence[View]) -> Choice:
    return Choice(best[node], _lead(best, other, views), other[node] - best[node])


def _lead(best: dict[int, int], other: dict[int, int], views: Sequence[View]) -> Lead:
    """How far one joint choice is ahead of another: all views' windows, paired."""
    ahead = [one.each(_lag(one, best)) - one.each(_lag(one, other)) for one in views if _settled(one, best)]
    lead = sum(float(values.mean()) for values in ahead)
    error = sum(float(values.var(ddof=1)) / values.size for values in ahead if values.size > 1) ** 0.5
    return Lead(lead / max(_score(best, views), 1e-9), lead / max(error, 1e-9))


def _order(root: int, views: Sequence[View]) -> list[int]:
    """The clips in the order in which views reach them, the strongest view first."""
    reached, order = {root}, list[int]()
    while True:
        ways = [one for one in views if (one.x in reached) != (one.y in reached)]
        if not ways:
            return order
        way = max(ways, key=lambda one: (float(one.total.max()), -one.x, -one.y))
        order.append(way.y if way.x in reached else way.x)
        reached.add(order[-1])


def _searched(
    root: int, order: Sequence[int], views: Sequence[View], barred: tuple[int, int] | None
) -> dict[int, int]:
    """Beam search: clip after clip, the best peaks of what its views to those before add up to.

    `barred` is a clip and a shift that it must not be near to.
    """
    beam: list[tuple[float, dict[int, int]]] = [(0.0, {root: 0})]
    for node in order:
        longer = []
        for score, shifts in beam:
            sums = _sums(node, shifts, views)
            if barred is not None and barred[0] == node:
                sums[_around(barred[1], APART)] = -np.inf
            longer += [(score + height, {**shifts, node: shift}) for height, shift in _highest(sums)]
        beam = sorted(longer, key=lambda one: (-one[0], tuple(one[1].values())))[:_WIDTH]
    return beam[0][1]


def _sums(node: int, shifts: dict[int, int], views: Sequence[View]) -> Values:
    """For shifts of `node` from -REACH to REACH: what its views to placed clips have together."""
    sums = np.zeros(2 * REACH + 1)
    for one in views:
        if one.y == node and one.x in shifts:
            sums += _moved(one.total, shifts[one.x])
        elif one.x == node and one.y in shifts:
            sums += _moved(one.total[::-1], shifts[one.y])
    return sums


def _moved(values: Values, by: int) -> Values:
    moved = np.zeros(values.size)
    if by >= 0:
        moved[by:] = values[: values.size - by]
    else:
        moved[:by] = values[-by:]
    return moved


def _highest(sums: Values) -> list[tuple[float, int]]:
    left = sums.copy()
    found = []
    for _ in range(_PEAKS):
        at = int(np.argmax(left))
        if not np.isfinite(left[at]):
            break
        found.append((float(sums[at]), at - REACH))
        left[_around(at - REACH, 2 * _BLUR)] = -np.inf
    return found


def _around(shift: int, width: int) -> slice:
    return slice(max(0, shift + REACH - width), max(0, shift + REACH + width + 1))


def _settled(one: View, shifts: dict[int, int]) -> bool:
    return one.x in shifts and one.y in shifts


def _lag(one: View, shifts: dict[int, int]) -> int:
    return shifts[one.y] - shifts[one.x]


def _score(shifts: dict[int, int], views: Sequence[View]) -> float:
    lags = [(one, _lag(one, shifts) + REACH) for one in views if _settled(one, shifts)]
    return sum(float(one.total[at]) for one, at in lags if 0 <= at < one.total.size)
