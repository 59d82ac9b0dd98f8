"""A recording that lost a stretch, or was cut: not one line but several, one after the other.

Windows that lie on one line before a moment and on another after it are no outliers: averaging them
is wrong everywhere. Which line explains a window is chosen for all windows together, with a price
for every change (Viterbi 1967 on the windows' significance), so that a moment of noise changes
nothing and a few seconds on another line do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync import fine
from mcsyncd.sync.coarse import Line
from mcsyncd.sync.fine import REACH, Taken
from mcsyncd.sync.line import fit, moved
from mcsyncd.sync.match import Match
from mcsyncd.sync.recording import RATE

_NEAR = 8
_MOST = 20.0
"""A window's say: two clear ones must not outweigh a dozen."""
_PRICE = 30.0
"""What a change of lines costs: two windows that are clear on one line and not on the other."""
_FEWEST_OFF = 2
_CLEAR = 10.0

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `begin_s` to `end_s` (seconds of y) it is `line` that takes y to x."""

    begin_s: float
    end_s: float
    line: Line


def turned(parts: Sequence[Stretch]) -> tuple[Stretch, ...]:
    """The same with x and y exchanged."""
    return tuple(
        Stretch(part.line.at(part.begin_s), part.line.at(part.end_s), part.line.turned()) for part in parts
    )


def stretches(found: Match) -> tuple[Stretch, ...]:
    """Return the stretches of y that lie on different lines, in order; none where one line holds."""
    off = ~found.fit.inlier
    if off.sum() < _FEWEST_OFF:
        return ()
    lines = [found.line, *(rival.line for rival in found.rivals), *_within(found, off)]
    said = fine.taken(found.ears[1], found.where, found.heard)
    heights = np.stack([_heights(found, line, said) for line in lines])
    chosen = _cheapest(np.minimum(heights, _MOST))
    runs = _runs(chosen, np.asarray(found.look.times))
    clear = [run for run in runs if float(np.median(heights[chosen[run[0]], run[0] : run[1]])) > _CLEAR]
    if len({int(chosen[begin]) for begin, _ in clear}) < 2:
        return ()
    return tuple(_stretch(found, lines[chosen[begin]], begin, end) for begin, end in clear)


def _within(found: Match, off: NDArray[np.bool_]) -> list[Line]:
    """The lag that windows off the line agree on within the reach of a look: a step of some frames."""
    profile = np.abs(found.look.z[off]).mean(axis=0)
    profile[REACH - _NEAR : REACH + _NEAR + 1] = 0.0
    return [moved(found.line, (int(np.argmax(profile)) - REACH) / RATE, 0.0)]


def _heights(found: Match, line: Line, said: Taken) -> Values:
    seen = fine.look(found.ears[0], line, said)
    near = np.abs(seen.z[:, REACH - _NEAR : REACH + _NEAR + 1]).max(axis=1)
    inside = [0.0 <= line.at(float(time)) <= found.ears[0].samples / RATE for time in seen.times]
    return np.where(inside, near, 0.0).astype(np.float64)


def _cheapest(heights: Values) -> NDArray[np.intp]:
    """The line of every window: most height in all, less the price of each change."""
    count = heights.shape[1]
    best, came = heights[:, 0].copy(), np.zeros((count, len(heights)), np.intp)
    for at in range(1, count):
        other = int(np.argmax(best))
        stay = best >= best[other] - _PRICE
        came[at] = np.where(stay, np.arange(len(heights)), other)
        best = np.where(stay, best, best[other] - _PRICE) + heights[:, at]
    chosen = np.zeros(count, np.intp)
    chosen[-1] = int(np.argmax(best))
    for at in range(count - 1, 0, -1):
        chosen[at - 1] = came[at, chosen[at]]
    return chosen


def _runs(chosen: NDArray[np.intp], times: Values) -> list[tuple[int, int]]:
    changes = [0, *(np.flatnonzero(np.diff(chosen)) + 1).tolist(), times.size]
    return [(begin, end) for begin, end in pairwise(changes) if end > begin]


def _stretch(found: Match, line: Line, begin: int, end: int) -> Stretch:
    where = found.where.part(np.arange(begin, end))
    x, y = found.ears
    exact = fit(fine.look(x, line, fine.taken(y, where, found.heard))).line
    half_s = found.where.samples / RATE / 2
    times = found.look.times
    return Stretch(float(times[begin]) - half_s, float(times[end - 1]) + half_s, exact)
