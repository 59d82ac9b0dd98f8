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
_WINDOWS_PER_FITTED_PART = 5
"""Windows for each part of a curve once it is proven to be one. Judgement: a window is off by a third of a
sample at random, and the mean of five by 20 µs."""
_MAX_FITTED_PARTS = 12
"""Straight parts of a curve once it is proven. Measured: a clock that warms up is met within 0.2 ms; by six
parts, within 0.6. More follow noise."""
_MAX_STEP_SAMPLES = 32
"""Samples, 4 ms, that the ridge may move from one window to the next: 40 ppm over the 100 s between two
windows of two hours. Measured: with 8, it cannot follow a step of 1.5 ms, and the parts pass one for a bend;
from 16 to 48, they pass none. More follows noise."""
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
    """A clock that changes its rate: at `times` of y, y lies `lags` later in x than the line says.

    Both are in seconds and have shape (knots,); the lag is linear in between. In clear windows, the line is
    up to `off_s` seconds off.
    """

    times: Lags
    lags: Lags
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
        curve = np.interp(times, *_fit_parts(times, lags, parts))
        is_met = float(np.mean(np.abs(lags - curve) <= _MAX_MISS_S)) >= _MIN_MET_SHARE
        if is_met and min(one.mean() for one in np.array_split(is_clear, parts)) >= _MIN_CLEAR_PART:
            # One part is another straight line: what is wrong then is no bend.
            return None if parts == 1 else _measure_bend(times, lags)
    return None


def _measure_bend(times: Lags, lags: Lags) -> UnevenDrift:
    """Return the bend that is proven, by more and shorter parts than the proof may have."""
    parts = min(_MAX_FITTED_PARTS, times.size // _WINDOWS_PER_FITTED_PART)
    knots, at_knots = _fit_parts(times, lags, parts)
    return UnevenDrift(knots, at_knots, float(np.abs(np.interp(times, knots, at_knots)).max()))


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


def _fit_parts(times: Lags, lags: Lags, parts: int) -> tuple[Lags, Lags]:
    """Return the knots, and the lags there, of `parts` straight parts that hang together: least squares."""
    knots = np.linspace(times[0], times[-1], parts + 1)
    hats = np.stack([np.interp(times, knots, row) for row in np.eye(parts + 1)], axis=1)
    return knots, np.asarray(np.linalg.lstsq(hats, lags, rcond=None)[0], np.float64)
