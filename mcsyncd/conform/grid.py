"""The session's grid, and which source frame each tick shows. Pure, in exact fractions.

Tick n of a clip shows clip time `(n * tick - phase) / (1 + drift * 1e-6)`, as in
`model.rate.split_offset`. Clip time 0 is the presentation time of the clip's first frame. This one step
converts a variable frame rate to a constant one, converts 25 to 30, and removes the drift of the
camera's clock, all by occasionally repeating or dropping a frame, without a second encode.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from mcsyncd.model.rate import Rate

SAMPLE_RATE = 48_000
"""Samples per second of every rendition's audio: the rate that cameras record and editing systems expect.

Players, manifests and sample counts in proofs depend on it."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Where a clip's ticks are: the session's rate, the clip's phase in seconds, and its clock.

    `clock_ratio` is session time over clip time, exactly `1 + drift * 1e-6`.
    """

    rate: Rate
    phase: Fraction = Fraction(0)
    clock_ratio: Fraction = Fraction(1)

    @classmethod
    def from_drift(cls, rate: Rate, phase_us: int, drift_ppm: float) -> Grid:
        """Build a grid from the values in a job.

        The drift is rounded to a millionth of a ppm (4 ns per hour). Anything finer is noise, and
        would make the fractions long.
        """
        drift = Fraction(round(drift_ppm * 1_000_000), 1_000_000_000_000)
        return cls(rate, Fraction(phase_us, 1_000_000), 1 + drift)

    def compute_session_time(self, time: Fraction) -> Fraction:
        """Convert clip time to seconds of session time since tick 0."""
        return self.phase + time * self.clock_ratio

    def compute_clip_time(self, tick: int) -> Fraction:
        """Return the clip time that a tick shows, in seconds."""
        return (tick / self.rate.fraction - self.phase) / self.clock_ratio

    def count_ticks_through(self, time: Fraction) -> int:
        """Return the number of ticks (from 0 on) that show clip time `time` or earlier."""
        return max(0, floor(self.compute_session_time(time) * self.rate.fraction) + 1)

    def count_ticks(self, duration: Fraction) -> int:
        """Return the number of ticks that a clip of `duration` seconds fills, rounded, at least one.

        Halves are rounded up, so that the last frame of a complete clip is never lost.
        """
        return max(1, floor(self.compute_session_time(duration) * self.rate.fraction + Fraction(1, 2)))

    def compute_sample(self, time: Fraction) -> int:
        """Return the number of the sample at clip time `time`, counted from tick 0; negative before it."""
        return round(self.compute_session_time(time) * SAMPLE_RATE)

    def count_samples(self, ticks: int) -> int:
        """Return the number of samples that `ticks` ticks last."""
        return round(ticks / self.rate.fraction * SAMPLE_RATE)


class TickMap:
    """Maps each tick to the source frame nearest in time; of two equally near, to the earlier.

    It is fed with the times of the frames as they are decoded and looks only one frame ahead, so its
    memory does not grow with the clip. `duplicated` and `dropped` count frames so far.
    """

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._held_time: Fraction | None = None
        self._uses = 0
        self._hash = hashlib.sha256()
        self.ticks = 0
        self.duplicated = 0
        self.dropped = 0

    @property
    def digest(self) -> str:
        """The SHA-256 of the map: one line for each frame, with its clip time and its number of ticks."""
        return self._hash.hexdigest()

    def add_frame(self, time: Fraction) -> int:
        """Add the next frame by its clip time in seconds, which must rise.

        Returns the number of ticks that show the *previous* frame, which is final then. A frame
        that no tick shows counts as dropped; each tick beyond a frame's first counts as duplicated.
        """
        if self._held_time is None:
            self._held_time = time
            return 0
        assigned = self._assign_ticks(self._grid.count_ticks_through((self._held_time + time) / 2))
        self._hold_next(time)
        return assigned

    def finish(self, ticks: int) -> int:
        """Return the number of ticks that show the last frame, so that there are `ticks` in total."""
        if self._held_time is None:
            return 0
        assigned = self._assign_ticks(ticks)
        self._hold_next(None)
        return assigned

    def _assign_ticks(self, through: int) -> int:
        assigned = max(0, through - self.ticks)
        self.ticks += assigned
        self._uses += assigned
        return assigned

    def _hold_next(self, time: Fraction | None) -> None:
        self.duplicated += max(0, self._uses - 1)
        self.dropped += self._uses == 0
        self._hash.update(f"{self._held_time} {self._uses}\n".encode())
        self._held_time, self._uses = time, 0
