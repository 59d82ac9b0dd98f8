"""Detect a recording that lost a passage or was cut: several lines, one after the other.

Windows that lie on one line before some moment and on another after it are not outliers, and a line
fitted to all of them is wrong everywhere. The line of each window is chosen for all windows
together, with a price on every change (Viterbi 1967, on the windows' significance). So a moment of
noise changes nothing, and a few seconds on another line do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync.coarse_search import Line
from mcsyncd.sync.line_fit import fit_line, shift_line
from mcsyncd.sync.match import Match
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ
from mcsyncd.sync.window_correlation import (
    MAX_LAG_SAMPLES,
    WindowSpectra,
    correlate_windows,
    slice_lags,
    transform_windows,
)

_PEAK_REACH_SAMPLES = 8
"""Samples, 1 ms: how far a window's peak may be from a line, as in `line_fit`."""
_MAX_HEIGHT = 20.0
"""No unit: most |z| of a window. Judgement: two perfect windows must not outweigh a dozen."""
_CHANGE_PRICE = 30.0
"""No unit: |z| that a change of lines costs. Judgement: two windows that are clear on one line and not on the
other. Lower splits clips at noise, higher misses short pieces."""
_MIN_WINDOWS_OFF = 2
"""Windows off the line from which pieces are searched. One alone could not pay for a change."""
_MIN_PIECE_HEIGHT = 10.0
"""No unit: median |z| that a piece must have. Judgement: the best of all lags reaches 4 or 5 by chance."""
_MIN_CONTRAST = 1.4
"""Factor by which a window must be higher elsewhere than on the line to be off it, and a piece higher on its
own line than on that of its neighbour. As in `end_probe.py`; of a sound and its echo, both are there
throughout."""

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PairPiece:
    """From `begin_s` to `end_s`, in seconds of y, `line` maps y to x."""

    begin_s: float
    end_s: float
    line: Line


def invert_pieces(pieces: Sequence[PairPiece]) -> tuple[PairPiece, ...]:
    """Return the same pieces with x and y exchanged."""
    return tuple(
        PairPiece(piece.line.map_time(piece.begin_s), piece.line.map_time(piece.end_s), piece.line.invert())
        for piece in pieces
    )


def find_pieces(match: Match) -> tuple[PairPiece, ...]:
    """Return the pieces of y that lie on different lines, in order; empty where one line holds."""
    off = _find_windows_off(match)
    if off.sum() < _MIN_WINDOWS_OFF:
        return ()
    y_windows = transform_windows(match.channels[1], match.windows, match.reader)
    rivals = [rival.line for rival in match.rivals]
    refined = [_refine_line(match, line, off, y_windows) for line in rivals]
    lines = [match.line, *rivals, *refined, _find_near_line(match, off)]
    heights = np.stack([_measure_heights(match, line, y_windows) for line in lines])
    chosen = _choose_lines(np.minimum(heights, _MAX_HEIGHT))
    clear = [
        (begin, end)
        for begin, end in _find_runs(chosen)
        if float(np.median(heights[chosen[begin], begin:end])) > _MIN_PIECE_HEIGHT
    ]
    if len({int(chosen[begin]) for begin, _ in clear}) < 2:
        return ()
    if not all(_has_contrast(heights, chosen, one, other) for one, other in pairwise(clear)):
        return ()
    return tuple(_build_piece(match, lines[chosen[begin]], begin, end) for begin, end in clear)


def _find_windows_off(match: Match) -> NDArray[np.bool_]:
    """Return which windows are off the line, or clearly higher at another lag than on it.

    In a room and in music, the line keeps a peak behind a loss: what still rings there.
    """
    z = np.abs(match.correlations.z)
    on_line, highest = z[:, slice_lags(_PEAK_REACH_SAMPLES)].max(axis=1), z.max(axis=1)
    is_elsewhere = (highest > _MIN_CONTRAST * on_line) & (highest > _MIN_PIECE_HEIGHT)
    return np.asarray(~match.fit.inlier | is_elsewhere, np.bool_)


def _find_near_line(match: Match, off: NDArray[np.bool_]) -> Line:
    """Return the line within 40 ms that the windows off the line agree on: a step of a few frames."""
    profile = np.abs(match.correlations.z[off]).mean(axis=0)
    profile[slice_lags(_PEAK_REACH_SAMPLES)] = 0.0
    return shift_line(match.line, (int(np.argmax(profile)) - MAX_LAG_SAMPLES) / ANALYSIS_RATE_HZ, 0.0)


def _refine_line(match: Match, line: Line, off: NDArray[np.bool_], y_windows: WindowSpectra) -> Line:
    """Return the line within 40 ms of a rival that the windows off the best line agree on.

    A rival is refined by all windows together. Where it holds for some of them only, those alone tell
    where it is: in a hall it was 8 ms off, and a loss of a quarter of a second went unseen.
    """
    profile = np.abs(correlate_windows(match.channels[0], line, y_windows).z[off]).mean(axis=0)
    return shift_line(line, (int(np.argmax(profile)) - MAX_LAG_SAMPLES) / ANALYSIS_RATE_HZ, 0.0)


def _measure_heights(match: Match, line: Line, y_windows: WindowSpectra) -> Values:
    """Return each window's highest |z| within 1 ms of `line`; 0 where it is outside of x."""
    x = match.channels[0]
    correlations = correlate_windows(x, line, y_windows)
    near = np.abs(correlations.z[:, slice_lags(_PEAK_REACH_SAMPLES)]).max(axis=1)
    end_s = x.samples / ANALYSIS_RATE_HZ
    inside = [0.0 <= line.map_time(float(time)) <= end_s for time in correlations.times]
    return np.where(inside, near, 0.0).astype(np.float64)


def _choose_lines(heights: Values) -> NDArray[np.intp]:
    """Return the line of every window: the most total height less the price of each change."""
    count = heights.shape[1]
    best, previous = heights[:, 0].copy(), np.zeros((count, len(heights)), np.intp)
    for at in range(1, count):
        leader = int(np.argmax(best))
        stays = best >= best[leader] - _CHANGE_PRICE
        previous[at] = np.where(stays, np.arange(len(heights)), leader)
        best = np.where(stays, best, best[leader] - _CHANGE_PRICE) + heights[:, at]
    chosen = np.zeros(count, np.intp)
    chosen[-1] = int(np.argmax(best))
    for at in range(count - 1, 0, -1):
        chosen[at - 1] = previous[at, chosen[at]]
    return chosen


def _find_runs(chosen: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Return [begin, end) of each run of windows on one line."""
    changes = [0, *(np.flatnonzero(np.diff(chosen)) + 1).tolist(), chosen.size]
    return [(begin, end) for begin, end in pairwise(changes) if end > begin]


def _has_contrast(
    heights: Values, chosen: NDArray[np.intp], one: tuple[int, int], other: tuple[int, int]
) -> bool:
    """Whether two runs on different lines are each clearly higher on their own one."""
    lines = chosen[one[0]], chosen[other[0]]
    if lines[0] == lines[1]:
        return True
    means = [[float(heights[line, slice(*run)].mean()) for line in lines] for run in (one, other)]
    return means[0][0] > _MIN_CONTRAST * means[0][1] and means[1][1] > _MIN_CONTRAST * means[1][0]


def _build_piece(match: Match, line: Line, begin: int, end: int) -> PairPiece:
    """Fit the line of windows [begin, end) anew."""
    x, y = match.channels
    y_windows = transform_windows(y, match.windows.select(np.arange(begin, end)), match.reader)
    exact = fit_line(correlate_windows(x, line, y_windows)).line
    half_s = match.windows.samples / ANALYSIS_RATE_HZ / 2
    times = match.correlations.times
    return PairPiece(float(times[begin]) - half_s, float(times[end - 1]) + half_s, exact)
