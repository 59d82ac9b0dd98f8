"""The correlation around an offset, for the eye of a reviewer."""

from __future__ import annotations

import numpy as np

from mcsyncd.sync.fine import REACH
from mcsyncd.sync.match import Match
from mcsyncd.sync.recording import RATE

_POOL = 5
STEP_US = _POOL * 1_000_000 // RATE


def strip(match: Match, *, turned: bool) -> tuple[float, ...]:
    """Return mean |z| along the line as values 0..1, `STEP_US` apart, the middle one on the line.

    `turned` when the eye stands on the other clip: the lag axis runs the other way then.
    """
    profile = np.abs(match.look.z.mean(axis=0))
    half = (REACH - _POOL // 2) // _POOL
    edge = REACH - half * _POOL - _POOL // 2
    pooled = profile[edge : edge + (2 * half + 1) * _POOL].reshape(-1, _POOL).max(axis=1)
    pooled = pooled / max(float(pooled.max()), 1e-9)
    return tuple(round(float(value), 3) for value in (pooled[::-1] if turned else pooled))
