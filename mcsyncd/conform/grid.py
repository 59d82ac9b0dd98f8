"""The session's grid, and which source frame each tick shows. Pure, in exact fractions.

Tick n of a clip shows clip time `(n * tick - phase) / (1 + drift * 1e-6)`, as in
`model.rate.split_offset`; with a drift curve, the clip time t at which `phase + t * (1 + drift * 1e-6) +
shift(t)` is `n * tick`. Clip time 0 is the presentation time of the clip's first frame. This one step
converts a variable frame rate to a constant one, converts 25 to 30, and removes the drift of the
camera's clock, all by occasionally repeating or dropping a frame, without a second encode.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import floor

from mcsyncd.model.clip_clock import ClipClock, compute_clock_ratio
from mcsyncd.model.drift_curve import DriftCurve, check_curve
from mcsyncd.model.rate import Rate

SAMPLE_RATE = 48_000
"""Samples per second of every rendition's audio: the rate that cameras record and editing systems expect.

Players, manifests and sample counts in proofs depend on it."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Where a clip's ticks are: the session's rate, the clip's phase in seconds, and its clock.

    `clock_ratio` is session time over clip time along the clip's line, exactly `1 + drift * 1e-6`, and
    `curve` is what the clock is off that line. `clock` is all of it: the clip's clock on that of its
    renditions, which is 0 at tick 0. Raises ValueError for a curve that `check_curve` refuses.
    """

    rate: Rate
    phase: Fraction = Fraction(0)
    clock_ratio: Fraction = Fraction(1)
    curve: DriftCurve = ()
    clock: ClipClock = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_curve(self.curve)
        # Built once: it is asked for every frame.
        object.__setattr__(self, "clock", ClipClock(self.phase, self.clock_ratio, self.curve))

    @classmethod
    def from_drift(cls, rate: Rate, phase_us: int, drift_ppm: float, curve: DriftCurve = ()) -> Grid:
        """Build a grid from the values in a job."""
        return cls(rate, Fraction(phase_us, 1_000_000), compute_clock_ratio(drift_ppm), curve)

    @property
    def line(self) -> Grid:
        """The grid of the clip's straight line, without its curve."""
        return replace(self, curve=()) if self.curve else self

    def compute_session_time(self, time: Fraction) -> Fraction:
        """Convert clip time to seconds of session time since tick 0."""
        return self.clock.convert_from_clip(time)

    def compute_clip_time(self, tick: int) -> Fraction:
        """Return the clip time that a tick shows, in seconds."""
        return self.clock.convert_to_clip(tick / self.rate.fraction)

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


@dataclass(frozen=True, slots=True)
class MappedFrame:
    """A source frame: its clip time in seconds, and the number of ticks that show it.

    `after_damage` is set if frames between the previous one and this one were damaged or lost.
    """

    time: Fraction
    ticks: int
    after_damage: bool = False


class TickMap:
    """Maps each tick to the source frame nearest in time; of two equally near, to the earlier.

    It is fed with the times of the frames as they are decoded and looks only one frame ahead. It covers
    the ticks from `first` up to but without `end` (None: to the end of the clip). A frame belongs to the
    map that covers the first tick which it is nearer to than the frame before it, even if no tick shows
    it, so that the `frames` of adjoining maps are together those of one map of the whole clip.

    `frames` are those that belong to the map, and are final. `ticks` counts the ticks assigned so far.
    """

    def __init__(self, grid: Grid, first: int = 0, end: int | None = None) -> None:
        self._grid, self._first, self._end = grid, first, end
        self._held: MappedFrame | None = None
        # None: where the first frame's ticks begin is only known at the beginning of the clip.
        self._begin: int | None = 0 if first == 0 else None
        self._through = 0
        self.frames: list[MappedFrame] = []
        self.ticks = 0

    @property
    def is_full(self) -> bool:
        """Whether every further frame belongs to a later map."""
        return self._end is not None and self._through >= self._end

    def add_frame(self, time: Fraction, *, after_damage: bool = False) -> int:
        """Add the next frame by its clip time in seconds, which must rise.

        Returns the number of ticks of this map that show the *previous* frame, which is final then.
        """
        assigned = 0
        if self._held is not None:
            assigned = self._end_frame(self._grid.count_ticks_through((self._held.time + time) / 2))
        self._held = MappedFrame(time, 0, after_damage)
        return assigned

    def finish(self, ticks: int) -> int:
        """Return the number of ticks that show the last frame, so that the clip has `ticks` in total."""
        return 0 if self._held is None else self._end_frame(ticks)

    def _end_frame(self, through: int) -> int:
        """End the held frame before tick `through`; return how many ticks of this map show it."""
        assert self._held is not None
        begin, self._through = self._begin, max(self._through, through)
        last = self._through if self._end is None else min(self._through, self._end)
        assigned = max(0, last - max(self._first, begin or 0))
        if begin is not None and begin >= self._first and (self._end is None or begin < self._end):
            self.frames.append(replace(self._held, ticks=self._through - begin))
        self._begin, self._held = self._through, None
        self.ticks += assigned
        return assigned


class TickMapSummary:
    """What became of the frames of a clip, added in order.

    `duplicated` counts the ticks beyond the first of a frame, `dropped` the frames that no tick shows.
    `digest` is the SHA-256 of one line for each frame, with its clip time and its number of ticks.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.duplicated = self.dropped = 0

    @property
    def digest(self) -> str:
        """The digest of the frames so far."""
        return self._hash.hexdigest()

    def add_frame(self, frame: MappedFrame) -> None:
        """Add the next frame."""
        self.duplicated += max(0, frame.ticks - 1)
        self.dropped += frame.ticks == 0
        self._hash.update(f"{frame.time} {frame.ticks}\n".encode())
