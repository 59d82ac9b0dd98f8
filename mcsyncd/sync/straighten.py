"""Take a bend out of a clock: which clips have one, and how it is composed along the way from the reference.

A bend is measured between two recordings. Which of the two clocks changed its rate does not show, and does
not matter: the reference's clock is the session's, and what bends against it is straightened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from mcsyncd.model.drift_curve import DriftCurve, DriftKnot, check_curve
from mcsyncd.sync.confidence import Doubt
from mcsyncd.sync.graph import Edge, Solution
from mcsyncd.sync.pair import Pair
from mcsyncd.sync.reasons import REPORT_BELOW
from mcsyncd.sync.recording import Recording
from mcsyncd.sync.uneven_drift import UnevenDrift, find_uneven_drift

Seconds = NDArray[np.float64]
Bend = tuple[Seconds, Seconds]
"""Seconds of a clip, and how many seconds later it lies there than its line says; linear between the two."""


def find_curves(
    recordings: Sequence[Recording], pairs: Sequence[Pair], solution: Solution
) -> dict[int, DriftCurve]:
    """Return the curve of each clip whose clock bends against the root's, by the clip's number.

    A clip's bend is the sum of those along its path from the root. Beyond what was compared, the rate of the
    outermost part holds for as long again.
    """
    found = dict(_list_bent_pairs(pairs))
    if not found:
        return {}
    curves: dict[int, DriftCurve] = {}
    for at, path in enumerate(solution.paths):
        bends = list(_list_bends(path, recordings, found))
        if bends:
            curve = _build_curve(reduce(_add_bends, bends), recordings[at])
            if curve:
                curves[at] = curve
    return curves


def apply_curves(recordings: Sequence[Recording], curves: Mapping[int, DriftCurve]) -> list[Recording]:
    """Return the recordings, each with its curve taken out."""
    return [replace(one, curve=curves[at]) if at in curves else one for at, one in enumerate(recordings)]


def _list_bent_pairs(pairs: Sequence[Pair]) -> Iterator[tuple[tuple[int, int], tuple[Pair, UnevenDrift]]]:
    for pair in pairs:
        is_doubted = bool(pair.pieces) or pair.belief.factors[Doubt.CONTRADICTION] < REPORT_BELOW
        bend = find_uneven_drift(pair.match) if pair.has_shared_sound and is_doubted else None
        if bend is not None:
            yield (pair.x, pair.y), (pair, bend)


def _list_bends(
    path: Sequence[Edge],
    recordings: Sequence[Recording],
    found: Mapping[tuple[int, int], tuple[Pair, UnevenDrift]],
) -> Iterator[Bend]:
    """Yield the bends along a path, each in time of the clip at the path's end."""
    for number, edge in enumerate(path):
        pair, bend = found.get((edge.x, edge.y)) or found.get((edge.y, edge.x)) or (None, None)
        if pair is None or bend is None:
            continue
        times = bend.times + recordings[pair.y].start_us / 1e6
        if pair.y == edge.y:
            yield _carry_times(times, path[number + 1 :]), bend.lags
        else:
            # The same bend as the other clip sees it.
            yield _carry_times(times, path[number:]), -bend.lags


def _carry_times(times: Seconds, path: Sequence[Edge]) -> Seconds:
    """Convert times of the clip where a path begins to those of the one where it ends."""
    for edge in path:
        times = (times - edge.offset_s) / (1.0 + edge.slope)
    return times


def _add_bends(one: Bend, other: Bend) -> Bend:
    times = np.union1d(one[0], other[0])
    return times, np.interp(times, *one) + np.interp(times, *other)


def _build_curve(bend: Bend, recording: Recording) -> DriftCurve:
    """Return a bend as a curve that covers the clip; empty where it would be too steep for a clock.

    Its shift is 0 at the clip's beginning, so that the offset is where the clip begins.
    """
    times, lags = bend
    end_s = recording.duration_us / 1e6
    before_s = min(times[1] - times[0], max(0.0, times[0]))
    after_s = min(times[-1] - times[-2], max(0.0, end_s - times[-1]))
    first = lags[0] - (lags[1] - lags[0]) / (times[1] - times[0]) * before_s
    last = lags[-1] + (lags[-1] - lags[-2]) / (times[-1] - times[-2]) * after_s
    times = np.array([times[0] - before_s, *times, times[-1] + after_s])
    lags = np.array([first, *lags, last])
    lags -= np.interp(0.0, times, lags)
    # A dictionary: where there is nothing before or after, a knot is there twice.
    knots = {round(float(time) * 1e6): round(float(lag) * 1e6) for time, lag in zip(times, lags, strict=True)}
    curve = tuple(DriftKnot(time_us, shift_us) for time_us, shift_us in sorted(knots.items()))
    try:
        check_curve(curve)
    except ValueError:
        return ()
    return curve
