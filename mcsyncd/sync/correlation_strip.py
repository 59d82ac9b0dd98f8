"""The correlation around an offset, for the eye of a reviewer."""

from __future__ import annotations

import numpy as np

from mcsyncd.sync.match import Match
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ
from mcsyncd.sync.window_correlation import MAX_LAG_SAMPLES

_LAGS_PER_VALUE = 5
STRIP_STEP_US = _LAGS_PER_VALUE * 1_000_000 // ANALYSIS_RATE_HZ


def build_correlation_strip(match: Match, *, invert: bool) -> tuple[float, ...]:
    """Return mean |z| along the line as values 0..1, `STEP_US` apart, the middle one on the line.

    `turned` when the eye stands on the other clip: the lag axis runs the other way then.
    """
    profile = np.abs(match.correlations.z.mean(axis=0))
    half = (MAX_LAG_SAMPLES - _LAGS_PER_VALUE // 2) // _LAGS_PER_VALUE
    edge = MAX_LAG_SAMPLES - half * _LAGS_PER_VALUE - _LAGS_PER_VALUE // 2
    pooled = profile[edge : edge + (2 * half + 1) * _LAGS_PER_VALUE].reshape(-1, _LAGS_PER_VALUE).max(axis=1)
    pooled = pooled / max(float(pooled.max()), 1e-9)
    return tuple(round(float(value), 3) for value in (pooled[::-1] if invert else pooled))
