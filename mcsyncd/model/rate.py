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


_SIMPLE_RATES = (
    *STANDARD_RATES,
    *(Rate(number) for number in (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 16, 18, 20, 36, 40, 72, 75, 80, 90, 96)),
    *(
        Rate(number)
        for number in (125, 144, 150, 180, 192, 200, 240, 250, 300, 400, 480, 500, 600, 960, 1000)
    ),
    *(Rate(1000 * number, 1001) for number in (12, 15, 72, 90, 96, 180, 240, 300, 480, 600, 960)),
    Rate(15, 2),
    Rate(25, 2),
    Rate(75, 2),
)
"""Rates that devices are built for: editing, phones, action cameras, high-speed cameras. One too many may
hide a rate near it; without one, a device whose clock is off has a fraction of its own."""

RECOGNITION_TOLERANCE = Fraction(1, 500)
"""Relative distance within which a measured rate is taken for a simple one. Judgement: twice that between
30 and 29.97, so that a phone whose clock is off by 0.05 % has one of the two. Higher, a true rate that is
not simple is bent; lower, phones have rates of their own."""

_MAX_DENOMINATOR = 1001
"""Of a rate that is not simple, as the rates of NTSC have it. A larger one describes noise."""


_CLOCK_ERROR = Fraction(1, 5000)
"""Relative error of a device's clock. Judgement: 0.01 % at most, twice that to be sure. A simple rate that is
farther than the nearest by no more than this is believed if it is declared. Higher, a header that rounds
29.97 to 30 is believed; lower, a phone that is in between is not asked what it meant."""


def recognise_rate(
    measured: Fraction, declared: Fraction | None = None, uncertainty: Fraction = Fraction(0)
) -> Rate:
    """Return the true rate of a recording by a measured one and, if there is one, the one that it declares.

    `uncertainty` is that of the measured rate, relative. The nearest simple rate within the tolerance is
    taken, or the declared one if that is simple too and as good as equally near. Without a simple
    rate it is the measured one as a fraction: 240 stays 240, and 12.5 is 25/2. `measured` must be positive.
    """
    tolerance = max(RECOGNITION_TOLERANCE, uncertainty)
    near = sorted(
        (rate for rate in _SIMPLE_RATES if _differ_by(measured, rate) <= tolerance),
        key=lambda rate: _differ_by(measured, rate),
    )
    if not near:
        return _build_rate(measured)
    farthest = _differ_by(measured, near[0]) + max(_CLOCK_ERROR, uncertainty)
    believable = [rate for rate in near if _differ_by(measured, rate) <= farthest]
    return next((rate for rate in believable if rate.fraction == declared), near[0])


def choose_standard_rate(rate: Rate) -> Rate:
    """Return the standard rate for a grid on which a recording of that rate is shown.

    Its own if that is standard. Otherwise one that shows every frame equally often, up to three times,
    or at least every third; otherwise the nearest one. Only standard rates are known to editors, so a grid
    never has another. Distance is relative, so that 119.9 and 23.99 are judged alike.
    """
    if rate in STANDARD_RATES:
        return rate
    even = [one for one in STANDARD_RATES if _shows_evenly(rate.fraction / one.fraction, one)]
    return min(even or STANDARD_RATES, key=lambda one: _differ_by(rate.fraction, one))


def _shows_evenly(ratio: Fraction, grid: Rate) -> bool:
    if ratio.denominator == 1:
        return ratio <= _MOST_UNEQUAL
    few = ratio.denominator <= _MOST_UNEQUAL or ratio * grid.fraction < _SLIDE_SHOW
    return ratio.numerator == 1 and few and grid.fraction <= 60


_SLIDE_SHOW = 8
"""Frames per second below which each frame may be shown any number of times: no standard rate is near.
Judgement. Higher, a grid has twice the frames that are needed."""

_MOST_UNEQUAL = 3
"""How many times a frame may be shown, or how many frames one stands for, before the nearest rate is better.
Judgement: more frames than that are encoded for nothing, or fewer shown than there are."""


def _differ_by(measured: Fraction, rate: Rate) -> Fraction:
    return abs(1 - measured / rate.fraction)


def _build_rate(fraction: Fraction) -> Rate:
    near = fraction.limit_denominator(_MAX_DENOMINATOR) or Fraction(1, _MAX_DENOMINATOR)
    return Rate(near.numerator, near.denominator)


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
    # Both in microseconds times `rate.num`: whole numbers are exact, and quick.
    tick = 1_000_000 * rate.den
    offset = offset_us * rate.num
    start = _divide_to_nearest(offset, tick)
    return start, PHASE_STEP_US * _divide_to_nearest(offset - start * tick, PHASE_STEP_US * rate.num)


def _divide_to_nearest(numerator: int, denominator: int) -> int:
    """Return the whole number nearest to the quotient; of two, the even one, as `round` does."""
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1))
