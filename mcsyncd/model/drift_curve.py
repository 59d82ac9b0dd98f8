"""A clock that changes its rate: how far a clip's times are off its straight line. Pure.

    t_reference = offset + t_clip * (1 + drift * 1e-6) + shift(t_clip)

A crystal warms up in the first half hour and changes its rate by some parts per million. One straight line is
then milliseconds off in a take of hours. The shift is linear from knot to knot, and stays as it is before the
first and after the last. A clip without knots has a straight line.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

MAX_BEND_PPM = 200
"""Parts per million by which the rate may differ from the drift between two knots. A bound against nonsense:
crystals change by 20 at most, and the sound of a camera that is carried about by 100 for some seconds.
More, and the order of frames is at stake from 1,000,000 on."""


@dataclass(frozen=True, slots=True)
class DriftKnot:
    """At clip time `clip_us` the clip is `shift_us` later on the session clock than its line says."""

    clip_us: int
    shift_us: int


DriftCurve = tuple[DriftKnot, ...]
"""Knots in the order of their times; none for a straight line."""


def check_curve(curve: Sequence[DriftKnot]) -> None:
    """Raise ValueError for knots that are out of order or steeper than `MAX_BEND_PPM`."""
    for before, after in pairwise(curve):
        span_us, rise_us = after.clip_us - before.clip_us, after.shift_us - before.shift_us
        if span_us <= 0:
            raise ValueError(f"the knots of a drift curve are out of order at {after.clip_us} µs")
        if abs(rise_us) * 1_000_000 > span_us * MAX_BEND_PPM:
            raise ValueError(f"a drift curve is too steep before {after.clip_us} µs")


def compute_shift_us(curve: Sequence[DriftKnot], clip_us: Fraction) -> Fraction:
    """Return the shift at a clip time, both in microseconds; 0 without knots."""
    if not curve:
        return Fraction(0)
    at = bisect_left(curve, clip_us, key=lambda knot: Fraction(knot.clip_us))
    if at in {0, len(curve)}:
        return Fraction(curve[min(at, len(curve) - 1)].shift_us)
    before, after = curve[at - 1], curve[at]
    share = (clip_us - before.clip_us) / (after.clip_us - before.clip_us)
    return before.shift_us + share * (after.shift_us - before.shift_us)


def measure_bend_us(curve: Iterable[DriftKnot]) -> int:
    """Return how far the line alone is off at the worst moment, in microseconds."""
    return max((abs(knot.shift_us) for knot in curve), default=0)


def build_curve_document(curve: Iterable[DriftKnot]) -> list[list[int]]:
    """Return a curve as JSON: `[clip_us, shift_us]` for each knot."""
    return [[knot.clip_us, knot.shift_us] for knot in curve]


def read_curve_document(document: Iterable[Sequence[int]]) -> DriftCurve:
    """Return the curve that `build_curve_document` wrote."""
    return tuple(DriftKnot(clip_us, shift_us) for clip_us, shift_us in document)
