"""Coarse search: every lag there is, no cap, and no drift that can smear it away.

Segments of the shorter recording vote for lags, each with its own significance (`votes.py`); the
votes are added along lines lag = offset + slope * time. Long recordings, where a grid of slopes is
dear, get lines through the best peaks of each segment instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync.votes import LONGEST, POOL_S, Columns, Row, Votes, length, vote
from mcsyncd.sync.whiten import Ear

MAX_SLOPE = 320e-6
SEGMENTS = 24
FEW = 8
"""Segments that a long recording is tried with first: mostly they settle it at a third of the cost."""
_LEAD = 5.0
_SETTLED = 1000.0
_ECHOES_S = 0.15
_APART = 8
_PEAKS = 10
_GRID_WORK = 1.5e8
_STRONG = 200.0
_FAR_BEHIND = 0.04


@dataclass(frozen=True, slots=True)
class Line:
    """A hypothesis: time in x = offset_s + time in y * (1 + slope), in seconds of analysis audio."""

    offset_s: float
    slope: float
    score: float = 0.0

    def at(self, time_s: float) -> float:
        """Time in x of a time in y."""
        return self.offset_s + time_s * (1.0 + self.slope)

    def turned(self) -> Line:
        """The same hypothesis with x and y exchanged."""
        return Line(-self.offset_s / (1.0 + self.slope), 1.0 / (1.0 + self.slope) - 1.0, self.score)


def search(x: Sequence[Ear], y: Sequence[Ear], most: int = 8) -> list[Line]:
    """Return up to `most` hypotheses, the best first, at least 40 ms apart."""
    long_first = length(x) >= length(y)
    longer, shorter = (x, y) if long_first else (y, x)
    lines = few_settle(vote(longer, shorter, FEW), most) if length(shorter) > SEGMENTS * LONGEST else []
    lines = lines or _lines(vote(longer, shorter, SEGMENTS), most)
    return lines if long_first else [line.turned() for line in lines]


def _lines(votes: Votes, most: int) -> list[Line]:
    columns, total, slope_of = _best_over_slopes(votes, _slopes(votes))
    found = _worth(_picked(columns, total, slope_of, votes, most))
    mean = np.divide(total, np.maximum(votes.met[columns], 1), dtype=np.float32)
    found += _worth(_picked(columns, mean, slope_of, votes, most // 2))
    found += _worth(_through_peaks(votes, most // 2))
    return _distinct(sorted(found, key=lambda line: -line.score), votes, most + most // 2)


def _worth(lines: list[Line]) -> list[Line]:
    """Drop what is far behind a strong leader; two always stay, so that there is a runner-up."""
    least = _FAR_BEHIND * lines[0].score if lines and lines[0].score > _STRONG else 0.0
    return [line for place, line in enumerate(lines) if place < 2 or line.score > least]


def _slopes(votes: Votes) -> NDArray[np.float64]:
    span = float(np.ptp(votes.times))
    reach = int(np.ceil(MAX_SLOPE * span / 2 / POOL_S))
    if votes.times.size * votes.met.size * (2 * reach + 1) > _GRID_WORK or reach == 0:
        return np.zeros(1)
    return np.linspace(-MAX_SLOPE, MAX_SLOPE, 2 * reach + 1)


def _best_over_slopes(votes: Votes, slopes: NDArray[np.float64]) -> tuple[Columns, Row, Row]:
    """Return the columns with evidence, the most that lines through each have, and their slopes."""
    steepest_last = slopes[np.argsort(np.abs(slopes), kind="stable")]
    best = _summed(votes, float(steepest_last[0]))
    which = np.zeros(best.size, np.int16)
    for number, slope in enumerate(steepest_last[1:], 1):
        total = _summed(votes, float(slope))
        # A peak between two columns is shared by them; a line is never hurt by that.
        better = total > best * np.float32(1.02)
        best[better], which[better] = total[better], number
    columns = np.flatnonzero(best).astype(np.int32)
    return columns, best[columns], steepest_last[which[columns]].astype(np.float32)


def _summed(votes: Votes, slope: float) -> Row:
    """Add up all segments along lines of one slope, column by column at the middle of them all."""
    shifts = np.rint(slope * (votes.times - votes.times.mean()) / POOL_S).astype(np.int32)
    total = np.zeros(votes.met.size, np.float32)
    for columns, evidence, shift in zip(votes.columns, votes.evidence, shifts, strict=True):
        begin, end = np.searchsorted(columns, (shift, total.size + shift))
        total[columns[begin:end] - shift] += evidence[begin:end]
    return total


def _picked(columns: Columns, values: Row, slope_of: Row, votes: Votes, most: int) -> list[Line]:
    middle = float(votes.times.mean())
    lines = []
    for peak in _highest(columns, values, most, _APART):
        slope = float(slope_of[peak])
        lag = (int(columns[peak]) + votes.first + 0.5) * POOL_S
        lines.append(Line(lag - slope * middle, slope, float(values[peak])))
    return lines


def _highest(columns: Columns, values: Row, most: int, apart: int) -> list[int]:
    """Indices of up to `most` highest values, the highest first, more than `apart` columns apart."""
    left = values.copy()
    found: list[int] = []
    while len(found) < most and left.size:
        peak = int(np.argmax(left))
        if left[peak] <= 0.0:
            break
        found.append(peak)
        begin, end = np.searchsorted(columns, (columns[peak] - apart, columns[peak] + apart + 1))
        left[begin:end] = 0.0
    return found


def _through_peaks(votes: Votes, most: int) -> list[Line]:
    """Lines through pairs of the segments' strongest peaks, scored by all peaks near them."""
    times, lags, values = _peaks(votes)
    if np.unique(times).size < 2:
        return []
    one, other = np.triu_indices(times.size, 1)
    apart = times[other] - times[one]
    slope = np.divide(lags[other] - lags[one], apart, out=np.full(apart.size, np.inf), where=apart > 0)
    good = np.abs(slope) <= MAX_SLOPE + 2 * POOL_S / np.maximum(apart, 1.0)
    one, other, slope = one[good], other[good], slope[good]
    strongest = np.argsort(-(values[one] + values[other]), kind="stable")[:1500]
    one, slope = one[strongest], np.clip(slope[strongest], -MAX_SLOPE, MAX_SLOPE)
    offset = lags[one] - slope * times[one]
    near = np.abs(lags[None] - offset[:, None] - slope[:, None] * times[None]) < 1.5 * POOL_S
    score = (near * values[None]).sum(axis=1)
    best = np.argsort(-score, kind="stable")[: 20 * most]
    lines = [Line(float(offset[k]), float(slope[k]), float(score[k])) for k in best]
    return _distinct(lines, votes, most)


def _peaks(votes: Votes) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    times, lags, values = [], [], []
    for time, columns, row in zip(votes.times, votes.columns, votes.evidence, strict=True):
        for peak in _highest(columns, row, _PEAKS, 2):
            times.append(float(time))
            lags.append((int(columns[peak]) + votes.first + 0.5) * POOL_S)
            values.append(float(row[peak]))
    return np.array(times), np.array(lags), np.array(values)


def _distinct(lines: list[Line], votes: Votes, most: int) -> list[Line]:
    middle = float(votes.times.mean())
    kept: list[Line] = []
    for line in lines:
        if all(abs(line.at(middle) - other.at(middle)) > _APART * POOL_S for other in kept):
            kept.append(line)
    return kept[:most]


def few_settle(votes: Votes, most: int) -> list[Line]:
    """Return the lines of few segments, if the best is beyond doubt and far from all others; else none.

    What crosses it at a segment has that segment's evidence from it: over hours of drift the two ends
    alone look like a line each.
    """
    lines = _lines(votes, most)
    if not lines or lines[0].score < _SETTLED:
        return []
    best, times = lines[0], votes.times.tolist()
    rivals = [
        line.score
        for line in lines[1:]
        if all(abs(line.at(time) - best.at(time)) > _ECHOES_S for time in times)
    ]
    return lines if all(best.score > _LEAD * rival for rival in rivals) else []
