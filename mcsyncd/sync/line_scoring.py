"""Score a line with a few windows, before many are spent on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync.coarse_search import Line
from mcsyncd.sync.line_fit import find_ridge
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ
from mcsyncd.sync.whitening import WhitenedChannel
from mcsyncd.sync.window_correlation import (
    MAX_LAG_SAMPLES,
    WindowCorrelations,
    correlate_windows,
    slice_lags,
    spread_windows,
    transform_windows,
)

MIN_ACTIVE_SHARE = 0.2
"""Share of a window in which both recordings are active. Judgement: with less, a window is mostly silence,
and its z is noise."""
PEAK_REACH_SAMPLES = 3
"""Samples, 0.4 ms: how far a peak may be from a fitted line. Judgement: a line is exact to a sample or two;
wider lets noise raise strength."""
_SCORING_WINDOWS = 6
"""Windows. Judgement: enough to rank lines; with fewer a finalist may be missed, more cost time for each
line."""
_SCORING_REACH_SAMPLES = 4
"""Samples, 0.5 ms: how far a peak may be from the ridge, which is exact to a millisecond."""


@dataclass(frozen=True, slots=True)
class ScoredLine:
    """A line, moved to the ridge near it, and its mean |z| over a few windows."""

    line: Line
    strength: float


def score_line(x: WhitenedChannel, y: WhitenedChannel, line: Line) -> ScoredLine | None:
    """Score a line between two channels; None where they are never active together."""
    windows = spread_windows(line, x.samples, y.samples, _SCORING_WINDOWS)
    correlations = select_active(correlate_windows(x, line, transform_windows(y, windows)))
    times = correlations.times
    if times.size == 0:
        return None
    ridge = find_ridge(correlations)
    offsets_s = ridge.offset_s - line.offset_s + (ridge.slope - line.slope) * times
    lags = np.rint(MAX_LAG_SAMPLES + offsets_s * ANALYSIS_RATE_HZ).astype(int)
    reach = np.arange(-_SCORING_REACH_SAMPLES, _SCORING_REACH_SAMPLES + 1)
    near = np.clip(lags[:, None] + reach, 0, 2 * MAX_LAG_SAMPLES)
    heights = np.abs(np.take_along_axis(correlations.z, near, axis=1)).max(axis=1)
    return ScoredLine(ridge, float(heights.mean()))


def select_active(correlations: WindowCorrelations) -> WindowCorrelations:
    """Return the windows in which both recordings are active."""
    return correlations.select(correlations.active_share > MIN_ACTIVE_SHARE)


def read_z_on_line(correlations: WindowCorrelations, polarity: int) -> NDArray[np.float64]:
    """Return each window's highest z within 0.4 ms of the line, for audio of `polarity` (1 or -1)."""
    near = correlations.z[:, slice_lags(PEAK_REACH_SAMPLES)] * polarity
    return np.asarray(near.max(axis=1), np.float64)
