"""The 0.1 % speed error: audio made for 29.97 frames per second played against 30, or the reverse.

1000 ppm is far beyond the drift of any clock, so the search does not cover it. A recording that
finds no placement is tried again at both speeds instead.
"""

from __future__ import annotations

from dataclasses import replace

from mcsyncd.sync.graph import SolvedPlacement
from mcsyncd.sync.recording import Recording

SPEED_CHANGES = (1e-3, 1 / 1.001 - 1)
"""Relative changes, from SMPTE's 1000/1001 (29.97 for 30, 23.976 for 24) in both directions. Anything else
would leave a drift that the search, which ends at ±320 ppm, smears."""


def change_speed(recording: Recording, speed_change: float) -> Recording:
    """Return `recording` played `1 + speed_change` times as fast: t becomes t / (1 + speed_change).

    A bend that was taken out was measured at the other speed: it does not hold.
    """
    return replace(
        recording,
        speed=recording.speed * (1.0 + speed_change),
        start_us=round(recording.start_us / (1.0 + speed_change)),
        duration_us=round(recording.duration_us / (1.0 + speed_change)),
        curve=(),
    )


def undo_speed_change(placement: SolvedPlacement, speed_change: float) -> SolvedPlacement:
    """Return the placement of a recording, given that of `change_speed(recording, speed_change)`."""
    return SolvedPlacement(placement.offset_s, (1.0 + placement.slope) / (1.0 + speed_change) - 1.0)
