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

from mcsyncd.sync import window_correlation as fine
from mcsyncd.sync.coarse_search import Line
from mcsyncd.sync.line_fit import fit_line, shift_line
from mcsyncd.sync.match import Match
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ
from mcsyncd.sync.window_correlation import MAX_LAG_SAMPLES, WindowSpectra

_PEAK_REACH_SAMPLES = 8
_MAX_HEIGHT = 20.0
"""A window's say: two clear ones must not outweigh a dozen."""
_CHANGE_PRICE = 30.0
"""What a change of lines costs: two windows that are clear on one line and not on the other."""
_MIN_WINDOWS_OFF = 2
_MIN_PIECE_HEIGHT = 10.0

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PairPiece:
    """From `begin_s` to `end_s` (seconds of y) it is `line` that takes y to x."""

    begin_s: float
    end_s: float
    line: Line


def invert_pieces(pieces: Sequence[PairPiece]) -> tuple[PairPiece, ...]:
    """The same with x and y exchanged."""
    return tuple(
        PairPiece(part.line.map_time(part.begin_s), part.line.map_time(part.end_s), part.line.invert())
        for part in pieces
    )


def find_pieces(match: Match) -> tuple[PairPiece, ...]:
    """Return the stretches of y that lie on different lines, in order; none where one line holds."""
    off = ~match.fit.inlier
    if off.sum() < _MIN_WINDOWS_OFF:
        return ()
    lines = [match.line, *(rival.line for rival in match.rivals), *_find_near_line(match, off)]
    said = fine.transform_windows(match.channels[1], match.windows, match.reader)
    heights = np.stack([_measure_heights(match, line, said) for line in lines])
    chosen = _choose_lines(np.minimum(heights, _MAX_HEIGHT))
    runs = _find_runs(chosen, np.asarray(match.correlations.times))
    clear = [
        run for run in runs if float(np.median(heights[chosen[run[0]], run[0] : run[1]])) > _MIN_PIECE_HEIGHT
    ]
    if len({int(chosen[begin]) for begin, _ in clear}) < 2:
        return ()
    return tuple(_build_piece(match, lines[chosen[begin]], begin, end) for begin, end in clear)


def _find_near_line(match: Match, off: NDArray[np.bool_]) -> list[Line]:
    """The lag that windows off the line agree on within the reach of a look: a step of some frames."""
    profile = np.abs(match.correlations.z[off]).mean(axis=0)
    profile[MAX_LAG_SAMPLES - _PEAK_REACH_SAMPLES : MAX_LAG_SAMPLES + _PEAK_REACH_SAMPLES + 1] = 0.0
    return [shift_line(match.line, (int(np.argmax(profile)) - MAX_LAG_SAMPLES) / ANALYSIS_RATE_HZ, 0.0)]


def _measure_heights(match: Match, line: Line, y_windows: WindowSpectra) -> Values:
    seen = fine.correlate_windows(match.channels[0], line, y_windows)
    near = np.abs(
        seen.z[:, MAX_LAG_SAMPLES - _PEAK_REACH_SAMPLES : MAX_LAG_SAMPLES + _PEAK_REACH_SAMPLES + 1]
    ).max(axis=1)
    inside = [
        0.0 <= line.map_time(float(time)) <= match.channels[0].samples / ANALYSIS_RATE_HZ
        for time in seen.times
    ]
    return np.where(inside, near, 0.0).astype(np.float64)


def _choose_lines(heights: Values) -> NDArray[np.intp]:
    """The line of every window: most height in all, less the price of each change."""
    count = heights.shape[1]
    best, came = heights[:, 0].copy(), np.zeros((count, len(heights)), np.intp)
    for at in range(1, count):
        other = int(np.argmax(best))
        stay = best >= best[other] - _CHANGE_PRICE
        came[at] = np.where(stay, np.arange(len(heights)), other)
        best = np.where(stay, best, best[other] - _CHANGE_PRICE) + heights[:, at]
    chosen = np.zeros(count, np.intp)
    chosen[-1] = int(np.argmax(best))
    for at in range(count - 1, 0, -1):
        chosen[at - 1] = came[at, chosen[at]]
    return chosen


def _find_runs(chosen: NDArray[np.intp], times: Values) -> list[tuple[int, int]]:
    changes = [0, *(np.flatnonzero(np.diff(chosen)) + 1).tolist(), times.size]
    return [(begin, end) for begin, end in pairwise(changes) if end > begin]


def _build_piece(match: Match, line: Line, begin: int, end: int) -> PairPiece:
    where = match.windows.select(np.arange(begin, end))
    x, y = match.channels
    exact = fit_line(fine.correlate_windows(x, line, fine.transform_windows(y, where, match.reader))).line
    half_s = match.windows.samples / ANALYSIS_RATE_HZ / 2
    times = match.correlations.times
    return PairPiece(float(times[begin]) - half_s, float(times[end - 1]) + half_s, exact)
