"""Move audio by a drift curve: after `resampler.py`, which removes the straight line.

Sample m of a rendition is read from the line's samples at m - delay, where the delay is the curve's shift at
that moment. It is some milliseconds, and changes by ten samples a second at most. Each sample is interpolated
from its neighbours by a windowed sinc (Smith and Gossett 1984), whatever fraction of a sample its place has.
No parts are resampled on their own and joined, so that nothing can click.

The bytes are the same on any CPU: places are integers, and everything else is added, multiplied and divided
element by element in one order, which IEEE 754 defines to the bit. A matrix product would add in the order
that suits the machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from math import ceil

import numpy as np
from numpy.typing import NDArray

from mcsyncd.conform.grid import SAMPLE_RATE, Grid
from mcsyncd.conform.resampler import Samples

_TAPS = 64
"""Samples that a sample is made of. Measured, with this window: errors of -115 dB up to 21 kHz (20 ppm). With
48 taps they begin at 20 kHz. The time that it takes is in proportion."""
_HALF = _TAPS // 2

_KAISER_BETA = 12.0
"""Shape of the window: images of high tones are 117 dB down (Kaiser and Schafer 1980). Lower, they are
louder; higher, the filter falls off earlier."""

_PHASE_BITS = 10
"""Places between two samples for which the filter is computed, as a power of two; in between, it is
interpolated linearly. That is off by (pi * 20 / 24 / 1024)^2 / 8 at 20 kHz, -121 dB; with two bits less, by
-97 dB."""

_ROW = 16
"""Samples over which the filter changes linearly. At 20 kHz and the steepest slope that a curve may have
(200 ppm), that is off by -101 dB; at 20 ppm, by -141 dB. Shorter rows cost more filters."""

_BLOCK = 4096
"""Samples that are computed at once. It bounds memory, whatever the length of the clip. The delay is computed
at the ends of a block, and interpolated in between; where a knot lies in it, it is computed for each row."""

_PLACE_BITS = 32
"""Binary digits of a place behind the point. A curve may then shift by hours before a place is too large."""

_SPARE_PHASES = 8
"""Phases of the table before a sample and behind the next one. A row keeps to the samples it began with, and
ends up to 4 phases beyond them."""

GridSamples = tuple[int, Samples]
"""Samples, and the number of the first one on the session's grid."""

_Places = NDArray[np.int64]
"""Places on the line in 2^-32 samples."""
_Coefficients = NDArray[np.float64]
"""Shape (taps, filters)."""


class CurveResampler:
    """Moves the samples of one run by the curve of a grid.

    The run lies on the grid's line, with its first sample at number `start`. Its samples are passed in blocks
    of any length, of shape (samples, channels). The run is mirrored at both ends, so that it begins and ends
    without ringing, and the next run may follow at once.
    """

    def __init__(self, grid: Grid, start: int) -> None:
        self._clock, self._line = grid.clock, grid.line.clock
        self._begin = self._find_output(start)
        self._next = self._begin // _BLOCK * _BLOCK
        self._knots = [grid.compute_sample(Fraction(knot.clip_us, 1_000_000)) for knot in grid.curve]
        self._delays = self._compute_delay(self._next), self._compute_delay(self._next + _BLOCK)
        # Samples of the line that are still needed, and the number of the first of them.
        self._held: Samples | None = None
        self._first = start
        self._is_begun = False

    def resample_block(self, samples: Samples) -> Iterator[GridSamples]:
        """Add samples, and yield those that are ready."""
        self._held = samples if self._held is None else np.concatenate([self._held, samples])
        if not self._is_begun and len(self._held) >= _HALF:
            self._pad_beginning()
        while self._is_begun and self._can_compute_block():
            yield self._compute_block()

    def flush(self) -> Iterator[GridSamples]:
        """Yield the rest: the run ends here."""
        if self._held is None or not len(self._held):
            return
        end = self._find_output(self._first + len(self._held))
        if not self._is_begun:
            self._pad_beginning()
        mirrored = np.pad(self._held, ((0, _HALF), (0, 0)), "symmetric")
        self._held = np.pad(mirrored, ((0, _BLOCK), (0, 0)))  # what is made of the zeros is cut off
        while self._next < end:
            first, made = self._compute_block()
            yield first, made[: max(0, end - first)]

    def _find_output(self, number: int) -> int:
        """Return the first sample of the rendition that is read from sample `number` of the line or later."""
        clip_s = self._line.convert_to_clip(Fraction(number, SAMPLE_RATE))
        return ceil(self._clock.convert_from_clip(clip_s) * SAMPLE_RATE)

    def _pad_beginning(self) -> None:
        """Put the mirrored beginning before the run, and zeros of which only what is cut off is made."""
        assert self._held is not None
        self._is_begun = True
        mirrored = np.pad(self._held, ((_HALF, 0), (0, 0)), "symmetric")
        self._held = np.pad(mirrored, ((_BLOCK, 0), (0, 0)))
        self._first -= _BLOCK + _HALF

    def _can_compute_block(self) -> bool:
        """Tell whether all is there from which the next block is made."""
        assert self._held is not None
        last = self._next + _BLOCK - (self._delays[1] >> _PLACE_BITS) + _HALF
        return last < self._first + len(self._held)

    def _compute_block(self) -> GridSamples:
        """Return the next block, without what lies before the run, and forget what is not needed any more."""
        assert self._held is not None
        places = self._compute_places()
        first, last = (int(place >> _PLACE_BITS) for place in (places[0], places[-1]))
        begin, length = self._next + first - _HALF - self._first, last - first
        near = self._held[begin : begin + length + _TAPS + 1]
        made = _interpolate_rows(near, places - (first - _HALF << _PLACE_BITS))
        skipped = max(0, self._begin - self._next)
        number, self._next = self._next + skipped, self._next + _BLOCK
        self._held, self._first = self._held[begin + length :], self._first + begin + length
        self._delays = self._delays[1], self._compute_delay(self._next + _BLOCK)
        return number, made[skipped:]

    def _compute_places(self) -> _Places:
        """Return the place of each row's first sample, and of the one behind, counted from sample `_next`."""
        rows = np.arange(0, _BLOCK + 1, _ROW, dtype=np.int64)
        early, late = self._delays
        delays = early + (late - early) * rows // _BLOCK
        if any(self._next <= knot <= self._next + _BLOCK for knot in self._knots):
            delays = np.array([self._compute_delay(self._next + int(row)) for row in rows], np.int64)
        return (rows << _PLACE_BITS) - delays

    def _compute_delay(self, number: int) -> int:
        """Return how much later a sample of the rendition is than its place on the line, in 2^-32 samples."""
        session_s = Fraction(number, SAMPLE_RATE)
        on_line_s = self._line.convert_from_clip(self._clock.convert_to_clip(session_s))
        return round((session_s - on_line_s) * SAMPLE_RATE * (1 << _PLACE_BITS))


def _interpolate_rows(samples: Samples, places: _Places) -> Samples:
    """Interpolate rows of samples.

    `places` are those of the first sample of each row and of the one behind the last row, counted from the
    first of `samples`. Within a row, the filter goes from its first place to its end linearly.
    """
    bases = places[:-1] >> _PLACE_BITS
    begins = places[:-1] - (bases << _PLACE_BITS)
    ends = begins + np.diff(places) - (_ROW << _PLACE_BITS)
    at_begin = _compute_coefficients(begins)
    change = _compute_coefficients(ends) - at_begin
    index = bases + np.arange(_ROW + _TAPS - 1)[:, None] - (_HALF - 1)
    near = np.take(np.ascontiguousarray(samples.T, np.float64), index, axis=1)
    shares = (np.arange(_ROW) / _ROW)[:, None]
    weights = np.empty((_ROW, len(bases)))
    sums, product = (np.zeros((len(near), _ROW, len(bases))) for _ in range(2))
    for tap in range(_TAPS):
        np.multiply(shares, change[tap], out=weights)
        weights += at_begin[tap]
        sums += np.multiply(near[:, tap : tap + _ROW], weights, out=product)
    return sums.transpose(2, 1, 0).reshape(-1, len(near)).astype(np.float32)


def _compute_coefficients(fractions: _Places) -> _Coefficients:
    """Return the filters for places a little before a sample to a little behind the next one."""
    step_bits = _PLACE_BITS - _PHASE_BITS
    phases = (fractions >> step_bits) + _SPARE_PHASES
    shares = (fractions & ((1 << step_bits) - 1)) / float(1 << step_bits)
    table, steps = _build_table()
    return table[:, phases] + steps[:, phases] * shares


@cache
def _build_table() -> tuple[_Coefficients, _Coefficients]:
    """Return the filter of each phase, and what it differs from that of the next.

    A sine or a Bessel function of a library may differ in its last digit from one machine to another, so both
    are summed here, from their series.
    """
    phases = np.arange(-_SPARE_PHASES, (1 << _PHASE_BITS) + _SPARE_PHASES + 1) / (1 << _PHASE_BITS)
    taps = np.arange(_TAPS)[:, None]
    distances = phases + (_HALF - 1) - taps
    sines = _sum_sine(np.pi * np.where(phases > 0.5, 1 - phases, phases)) * np.where(taps % 2, 1.0, -1.0)
    angles = np.pi * distances
    sincs = np.divide(sines, angles, out=np.ones_like(angles), where=distances != 0)
    inside = np.maximum(0, 1 - distances / _HALF * (distances / _HALF))
    table = sincs * _sum_bessel(_KAISER_BETA * _KAISER_BETA / 4 * inside)
    table /= sum(table)  # by rows, in their order: silence and hum keep their level at every place
    return table[:, :-1], np.diff(table)


def _sum_sine(x: _Coefficients) -> _Coefficients:
    """Return the sine of angles up to a right one."""
    term = total = x
    for n in range(2, 26, 2):
        term = -term * x * x / (n * (n + 1))
        total = total + term
    return total


def _sum_bessel(quarter: _Coefficients) -> _Coefficients:
    """Return the modified Bessel function I0 of x, from x squared over 4."""
    term = total = np.ones_like(quarter)
    for n in range(1, 50):
        term = term * quarter / (n * n)
        total = total + term
    return total
