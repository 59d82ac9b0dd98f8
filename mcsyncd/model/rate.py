"""Picture rates as exact fractions.

29.97 is 30000/1001 and never a float: over an hour the two differ by 3.6 ms, and a session
that mixes them puts the last cut on the wrong frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd

_NTSC = {
    "23.976": (24000, 1001),
    "23.98": (24000, 1001),
    "29.97": (30000, 1001),
    "47.95": (48000, 1001),
    "59.94": (60000, 1001),
    "119.88": (120000, 1001),
}


@dataclass(frozen=True, slots=True)
class Rate:
    """Pictures a second, as a reduced fraction `num/den`; always positive."""

    num: int
    den: int = 1

    def __post_init__(self) -> None:
        if self.num <= 0 or self.den <= 0:
            raise ValueError(f"a rate is positive, got {self.num}/{self.den}")
        common = gcd(self.num, self.den)
        object.__setattr__(self, "num", self.num // common)
        object.__setattr__(self, "den", self.den // common)

    @classmethod
    def parse(cls, text: str) -> Rate:
        """Read `25`, `29.97`, `30000/1001`. Raises ValueError."""
        text = text.strip()
        if text in _NTSC:
            return cls(*_NTSC[text])
        exact = Fraction(text)
        return cls(exact.numerator, exact.denominator)

    @property
    def fraction(self) -> Fraction:
        """Pictures a second."""
        return Fraction(self.num, self.den)

    @property
    def tick_us(self) -> Fraction:
        """The duration of one frame in microseconds, exact."""
        return Fraction(1_000_000 * self.den, self.num)

    def __str__(self) -> str:
        return str(self.fraction)


FALLBACK_RATE = Rate(25)
"""Frames a second of the session grid where no clip has video: sound still needs ticks to be counted in."""

STANDARD_RATES = (
    Rate(24000, 1001),
    Rate(24),
    Rate(25),
    Rate(30000, 1001),
    Rate(30),
    Rate(48),
    Rate(50),
    Rate(60000, 1001),
    Rate(60),
    Rate(100),
    Rate(120000, 1001),
    Rate(120),
)


def snap_rate(measured: Fraction) -> Rate:
    """Return the standard rate nearest to a measured one.

    A phone's average is never exact (29.986 and 29.988 were measured), so the nearest standard
    rate is taken whatever the distance: the grid of a session is always a rate that editors
    know. Distance is relative, so that 119.9 and 23.99 are judged alike.
    """
    return min(STANDARD_RATES, key=lambda rate: abs(1 - measured / rate.fraction))


PHASE_STEP_US = 20
"""Phases are rounded to steps of 20 µs, just under one sample at 48 kHz.

A nudge by whole frames must not ask for a new encode, and a frame of 30000/1001 is not a whole
number of microseconds.
"""


def split_offset(offset_us: int, rate: Rate) -> tuple[int, int]:
    """Split an offset into whole ticks of the session grid and the rest.

    Returns `(start_tick, phase_us)` with `offset ~ start_tick * tick + phase`, the phase within
    half a tick either way and a multiple of `PHASE_STEP_US`. The ticks stay metadata (moving a
    clip by a frame re-encodes nothing); the phase is baked in by conform, or three angles could
    never be closer than half a frame. Tick n of the clip shows clip time
    `(n * tick - phase) / (1 + drift * 1e-6)`.
    """
    tick = rate.tick_us
    start = round(offset_us / tick)
    phase = offset_us - start * tick
    return start, PHASE_STEP_US * round(phase / PHASE_STEP_US)
