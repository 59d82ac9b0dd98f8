"""Tell a clock that changes its rate from a recording that lost something: a curve, or steps.

A crystal warms up in the first half hour and changes its rate by some parts per million. No straight line
then fits a take of hours, and the windows on either side of the bend look like pieces (`pieces.py`). But
nothing was lost, and a person who is told so looks for a skip that is not there. Along a curve, every
window has its peak, and a line of few straight parts that hang together meets nearly all of them. Around a
step, it misses the windows on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync.match import Match
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ
from mcsyncd.sync.window_correlation import MAX_LAG_SAMPLES

_WINDOWS_PER_PART = 10
"""Windows for each straight part of a curve, of which it has two at least. Measured: with five, a part
follows a step of 2 ms. More misses bends in overlaps of minutes."""
_MAX_PARTS = 6
"""Straight parts of a curve. Judgement: a clock that warms up within two hours takes four. More fit steps."""
_MAX_STEP_SAMPLES = 8
"""Samples, 1 ms, that the ridge may move from one window to the next. Judgement: 10 ppm over the 100 s
between two windows of two hours. More follows noise, less loses fast bends."""
_MAX_HEIGHT = 20.0
"""No unit: most |z| of a window. As in `pieces.py`: a few perfect windows must not outweigh all others."""
_MIN_HEIGHT = 10.0
"""No unit: |z| from which a window's peak counts. As in `pieces.py`: the best of all lags reaches 4 or 5 by
chance."""
_MIN_CLEAR_SHARE = 0.8
"""Share of windows that must have a clear peak on the ridge. Judgement: a drift is there throughout; where a
fifth of the windows has none, something else is wrong as well."""
_MIN_CLEAR_PART = 0.5
"""The same for each straight part. Measured: without it, a part spans a step of 12 ms, on which the ridge has
no peaks. More wants sound without pauses."""
_MAX_MISS_S = 4e-4
"""Seconds, three samples, that a window may be off the curve. As `line_scoring.PEAK_REACH_SAMPLES`. More
takes small steps for curves."""
_MIN_MET_SHARE = 0.95
"""Share of the clear windows that the curve must meet. Judgement: around a step it misses a tenth."""

Lags = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class UnevenDrift:
    """A clock that changes its rate: the match's line is up to `off_s` off, in seconds, in clear windows."""

    off_s: float


def find_uneven_drift(match: Match) -> UnevenDrift | None:
    """Return how far a match's line is off a curve that its windows prove; None where they prove none."""
    correlations = match.correlations
    most = min(_MAX_PARTS, correlations.times.size // _WINDOWS_PER_PART)
    magnitudes = np.abs(correlations.z).astype(np.float64)
    ridge = _trace_ridge(np.minimum(magnitudes, _MAX_HEIGHT))
    is_clear = magnitudes[np.arange(ridge.size), ridge] > _MIN_HEIGHT
    if is_clear.mean() < _MIN_CLEAR_SHARE:
        return None
    times = correlations.times[is_clear]
    lags = (ridge[is_clear] - MAX_LAG_SAMPLES) / ANALYSIS_RATE_HZ
    for parts in range(1, most + 1):
        curve = _fit_parts(times, lags, parts)
        is_met = float(np.mean(np.abs(lags - curve) <= _MAX_MISS_S)) >= _MIN_MET_SHARE
        if is_met and min(one.mean() for one in np.array_split(is_clear, parts)) >= _MIN_CLEAR_PART:
            # One part is another straight line: what is wrong then is no bend.
            return None if parts == 1 else UnevenDrift(float(np.abs(curve).max()))
    return None


def _trace_ridge(heights: Lags) -> NDArray[np.intp]:
    """Return the lag of every window, as a column, on the path of greatest sum that never jumps (Viterbi)."""
    windows, lags = heights.shape
    reach = _MAX_STEP_SAMPLES
    came_from = np.zeros((windows, lags), np.intp)
    best = heights[0]
    for window in range(1, windows):
        padded = np.pad(best, reach, constant_values=-np.inf)
        views = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
        steps = np.argmax(views, axis=1)
        came_from[window] = np.arange(lags) + steps - reach
        best = views[np.arange(lags), steps] + heights[window]
    path = np.zeros(windows, np.intp)
    path[-1] = int(np.argmax(best))
    for window in range(windows - 1, 0, -1):
        path[window - 1] = came_from[window, path[window]]
    return path


def _fit_parts(times: Lags, lags: Lags, parts: int) -> Lags:
    """Return the line of `parts` straight parts of one length that hang together: least squares."""
    knots = np.linspace(times[0], times[-1], parts + 1)
    hats = np.stack([np.interp(times, knots, row) for row in np.eye(parts + 1)], axis=1)
    return np.asarray(hats @ np.linalg.lstsq(hats, lags, rcond=None)[0], np.float64)
