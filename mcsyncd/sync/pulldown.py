"""The 0.1 % mistake: sound of 29.97 pictures a second laid against pictures of 30, or the other way.

A thousand parts per million are beyond any clock, so the search does not look for them: where a
recording finds no place, it is tried once more at either speed.
"""

from __future__ import annotations

from dataclasses import replace

from mcsyncd.sync.graph import SolvedPlacement
from mcsyncd.sync.recording import Recording

SPEED_CHANGES = (1e-3, 1 / 1.001 - 1)


def change_speed(recording: Recording, speed_change: float) -> Recording:
    """Return `recording` played 1 + `by` times as fast: what lay at time t lies at t / (1 + by)."""
    return replace(
        recording,
        speed=recording.speed * (1.0 + speed_change),
        start_us=round(recording.start_us / (1.0 + speed_change)),
        duration_us=round(recording.duration_us / (1.0 + speed_change)),
    )


def undo_speed_change(placement: SolvedPlacement, speed_change: float) -> SolvedPlacement:
    """The place of a recording, given that of itself played 1 + `by` times as fast."""
    return SolvedPlacement(placement.offset_s, (1.0 + placement.slope) / (1.0 + speed_change) - 1.0)
