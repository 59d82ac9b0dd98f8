"""The correlation around an offset, for display on the review screen."""

from __future__ import annotations

import numpy as np

from mcsyncd.sync.match import Match
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ
from mcsyncd.sync.window_correlation import MAX_LAG_SAMPLES

_LAGS_PER_VALUE = 5
"""Samples. Judgement: 127 values of 0.625 ms fit a terminal's width; clients read the step from the strip, so
another value changes only the detail shown."""
STRIP_STEP_US = _LAGS_PER_VALUE * 1_000_000 // ANALYSIS_RATE_HZ
"""Microseconds between two values, as `AngleMatch.strip_step_us` reports it."""


def build_correlation_strip(match: Match, *, invert: bool) -> tuple[float, ...]:
    """Return mean |z| around the line, scaled to 0..1, `STRIP_STEP_US` apart, the line in the middle.

    `invert` reverses the lag axis: for a clip that is the x of the match.
    """
    profile = np.abs(match.correlations.z.mean(axis=0))
    half = (MAX_LAG_SAMPLES - _LAGS_PER_VALUE // 2) // _LAGS_PER_VALUE
    edge = MAX_LAG_SAMPLES - half * _LAGS_PER_VALUE - _LAGS_PER_VALUE // 2
    pooled = profile[edge : edge + (2 * half + 1) * _LAGS_PER_VALUE].reshape(-1, _LAGS_PER_VALUE).max(axis=1)
    pooled = pooled / max(float(pooled.max()), 1e-9)
    return tuple(round(float(value), 3) for value in (pooled[::-1] if invert else pooled))
