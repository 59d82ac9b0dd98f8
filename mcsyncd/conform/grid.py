"""The session's grid, and which source picture each tick shows. Pure, in exact fractions.

Tick n of a clip shows clip time `(n * tick - phase) / (1 + drift * 1e-6)`, as `model.rate.on_grid`
has it; clip time 0 is the presentation time of the clip's first picture. The same step thus
makes a constant rate of a variable one, converts 25 to 30, and takes out the drift of the
camera's clock: as a picture repeated or left out now and then, without a second encode.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from mcsyncd.model.rate import Rate

SAMPLE_RATE = 48_000
"""Every rendition's sound has this many samples a second."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Where a clip's ticks lie: the session's rate, the clip's phase on it, and its drift.

    `stretch` is session time over clip time, `1 + drift * 1e-6`, exactly.
    """

    rate: Rate
    phase: Fraction = Fraction(0)
    clock_ratio: Fraction = Fraction(1)

    @classmethod
    def from_drift(cls, rate: Rate, phase_us: int, drift_ppm: float) -> Grid:
        """Make a grid from what a job carries. A millionth of a ppm is 4 ns in an hour: finer is noise."""
        drift = Fraction(round(drift_ppm * 1_000_000), 1_000_000_000_000)
        return cls(rate, Fraction(phase_us, 1_000_000), 1 + drift)

    def compute_session_time(self, time: Fraction) -> Fraction:
        """Return where clip time `time` lies from tick 0 on, in seconds of session time."""
        return self.phase + time * self.clock_ratio

    def compute_clip_time(self, tick: int) -> Fraction:
        """Return the clip time that a tick shows, in seconds."""
        return (tick / self.rate.fraction - self.phase) / self.clock_ratio

    def count_ticks_through(self, time: Fraction) -> int:
        """Return how many ticks (from 0 on) show clip time `time` or earlier."""
        return max(0, floor(self.compute_session_time(time) * self.rate.fraction) + 1)

    def count_ticks(self, duration: Fraction) -> int:
        """Return how many ticks a clip of that many seconds fills: the nearest number, at least one.

        A half counts as a tick, so that the last picture of a whole clip is never lost.
        """
        return max(1, floor(self.compute_session_time(duration) * self.rate.fraction + Fraction(1, 2)))

    def compute_sample(self, time: Fraction) -> int:
        """Return the sample at clip time `time`, from tick 0 on; negative before it."""
        return round(self.compute_session_time(time) * SAMPLE_RATE)

    def count_samples(self, ticks: int) -> int:
        """Return how many samples that many ticks last."""
        return round(ticks / self.rate.fraction * SAMPLE_RATE)


class TickMap:
    """Gives each tick the source picture nearest in time; of two equally near, the earlier.

    Fed with the times of the pictures as they come, it needs to know one picture ahead and
    nothing more, so its memory does not grow with the clip.
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
        """The sha256 of the whole map: a line for each picture, its clip time and its number of ticks."""
        return self._hash.hexdigest()

    def add_frame(self, time: Fraction) -> int:
        """Take the next picture's time (seconds of clip time, rising).

        Returns how many ticks show the picture *before* it, which is done with then. A picture
        that shows on no tick counts as dropped, each tick beyond a picture's first as duplicated.
        """
        if self._held_time is None:
            self._held_time = time
            return 0
        given = self._assign_ticks(self._grid.count_ticks_through((self._held_time + time) / 2))
        self._hold_next(time)
        return given

    def finish(self, ticks: int) -> int:
        """Return how many ticks the last picture shows, so that there are `ticks` in all."""
        if self._held_time is None:
            return 0
        given = self._assign_ticks(ticks)
        self._hold_next(None)
        return given

    def _assign_ticks(self, through: int) -> int:
        given = max(0, through - self.ticks)
        self.ticks += given
        self._uses += given
        return given

    def _hold_next(self, time: Fraction | None) -> None:
        self.duplicated += max(0, self._uses - 1)
        self.dropped += self._uses == 0
        self._hash.update(f"{self._held_time} {self._uses}\n".encode())
        self._held_time, self._uses = time, 0
