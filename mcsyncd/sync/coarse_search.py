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

from mcsyncd.sync.votes import (
    COLUMN_S,
    MAX_SEGMENT_SAMPLES,
    Columns,
    Row,
    Votes,
    cast_votes,
    count_coarse_samples,
)
from mcsyncd.sync.whitening import WhitenedChannel

MAX_SLOPE = 320e-6
MAX_SEGMENTS = 24
FIRST_SEGMENTS = 8
"""Segments that a long recording is tried with first: mostly they settle it at a third of the cost."""
_SETTLING_LEAD = 5.0
_SETTLING_SCORE = 1000.0
_ECHO_REACH_S = 0.15
_MIN_DISTANCE_COLUMNS = 8
_PEAKS_PER_SEGMENT = 10
_MAX_GRID_WORK = 1.5e8
_STRONG_SCORE = 200.0
_MIN_RELATIVE_SCORE = 0.04


@dataclass(frozen=True, slots=True)
class Line:
    """A hypothesis: time in x = offset_s + time in y * (1 + slope), in seconds of analysis audio."""

    offset_s: float
    slope: float
    score: float = 0.0

    def map_time(self, time_s: float) -> float:
        """Time in x of a time in y."""
        return self.offset_s + time_s * (1.0 + self.slope)

    def invert(self) -> Line:
        """The same hypothesis with x and y exchanged."""
        return Line(-self.offset_s / (1.0 + self.slope), 1.0 / (1.0 + self.slope) - 1.0, self.score)


def find_lines(x: Sequence[WhitenedChannel], y: Sequence[WhitenedChannel], max_lines: int = 8) -> list[Line]:
    """Return up to `most` hypotheses, the best first, at least 40 ms apart."""
    long_first = count_coarse_samples(x) >= count_coarse_samples(y)
    longer, shorter = (x, y) if long_first else (y, x)
    lines = (
        find_settled_lines(cast_votes(longer, shorter, FIRST_SEGMENTS), max_lines)
        if count_coarse_samples(shorter) > MAX_SEGMENTS * MAX_SEGMENT_SAMPLES
        else []
    )
    lines = lines or _find_lines_in_votes(cast_votes(longer, shorter, MAX_SEGMENTS), max_lines)
    return lines if long_first else [line.invert() for line in lines]


def _find_lines_in_votes(votes: Votes, max_lines: int) -> list[Line]:
    columns, total, slope_of = _maximize_over_slopes(votes, _choose_slopes(votes))
    found = _drop_weak_lines(_pick_lines(columns, total, slope_of, votes, max_lines))
    mean = np.divide(total, np.maximum(votes.overlap_counts[columns], 1), dtype=np.float32)
    found += _drop_weak_lines(_pick_lines(columns, mean, slope_of, votes, max_lines // 2))
    found += _drop_weak_lines(_find_lines_through_peaks(votes, max_lines // 2))
    return _drop_duplicate_lines(
        sorted(found, key=lambda line: -line.score), votes, max_lines + max_lines // 2
    )


def _drop_weak_lines(lines: list[Line]) -> list[Line]:
    """Drop what is far behind a strong leader; two always stay, so that there is a runner-up."""
    least = _MIN_RELATIVE_SCORE * lines[0].score if lines and lines[0].score > _STRONG_SCORE else 0.0
    return [line for place, line in enumerate(lines) if place < 2 or line.score > least]


def _choose_slopes(votes: Votes) -> NDArray[np.float64]:
    span = float(np.ptp(votes.times))
    reach = int(np.ceil(MAX_SLOPE * span / 2 / COLUMN_S))
    if votes.times.size * votes.overlap_counts.size * (2 * reach + 1) > _MAX_GRID_WORK or reach == 0:
        return np.zeros(1)
    return np.linspace(-MAX_SLOPE, MAX_SLOPE, 2 * reach + 1)


def _maximize_over_slopes(votes: Votes, slopes: NDArray[np.float64]) -> tuple[Columns, Row, Row]:
    """Return the columns with evidence, the most that lines through each have, and their slopes."""
    steepest_last = slopes[np.argsort(np.abs(slopes), kind="stable")]
    best = _sum_along_slope(votes, float(steepest_last[0]))
    which = np.zeros(best.size, np.int16)
    for number, slope in enumerate(steepest_last[1:], 1):
        total = _sum_along_slope(votes, float(slope))
        # A peak between two columns is shared by them; a line is never hurt by that.
        better = total > best * np.float32(1.02)
        best[better], which[better] = total[better], number
    columns = np.flatnonzero(best).astype(np.int32)
    return columns, best[columns], steepest_last[which[columns]].astype(np.float32)


def _sum_along_slope(votes: Votes, slope: float) -> Row:
    """Add up all segments along lines of one slope, column by column at the middle of them all."""
    shifts = np.rint(slope * (votes.times - votes.times.mean()) / COLUMN_S).astype(np.int32)
    total = np.zeros(votes.overlap_counts.size, np.float32)
    for columns, evidence, shift in zip(votes.columns, votes.evidence, shifts, strict=True):
        begin, end = np.searchsorted(columns, (shift, total.size + shift))
        total[columns[begin:end] - shift] += evidence[begin:end]
    return total


def _pick_lines(columns: Columns, values: Row, slope_of: Row, votes: Votes, max_lines: int) -> list[Line]:
    middle = float(votes.times.mean())
    lines = []
    for peak in _find_peaks(columns, values, max_lines, _MIN_DISTANCE_COLUMNS):
        slope = float(slope_of[peak])
        lag = (int(columns[peak]) + votes.first_column + 0.5) * COLUMN_S
        lines.append(Line(lag - slope * middle, slope, float(values[peak])))
    return lines


def _find_peaks(columns: Columns, values: Row, max_peaks: int, min_distance: int) -> list[int]:
    """Indices of up to `most` highest values, the highest first, more than `apart` columns apart."""
    left = values.copy()
    found: list[int] = []
    while len(found) < max_peaks and left.size:
        peak = int(np.argmax(left))
        if left[peak] <= 0.0:
            break
        found.append(peak)
        begin, end = np.searchsorted(
            columns, (columns[peak] - min_distance, columns[peak] + min_distance + 1)
        )
        left[begin:end] = 0.0
    return found


def _find_lines_through_peaks(votes: Votes, max_lines: int) -> list[Line]:
    """Lines through pairs of the segments' strongest peaks, scored by all peaks near them."""
    times, lags, values = _collect_segment_peaks(votes)
    if np.unique(times).size < 2:
        return []
    one, other = np.triu_indices(times.size, 1)
    apart = times[other] - times[one]
    slope = np.divide(lags[other] - lags[one], apart, out=np.full(apart.size, np.inf), where=apart > 0)
    good = np.abs(slope) <= MAX_SLOPE + 2 * COLUMN_S / np.maximum(apart, 1.0)
    one, other, slope = one[good], other[good], slope[good]
    strongest = np.argsort(-(values[one] + values[other]), kind="stable")[:1500]
    one, slope = one[strongest], np.clip(slope[strongest], -MAX_SLOPE, MAX_SLOPE)
    offset = lags[one] - slope * times[one]
    near = np.abs(lags[None] - offset[:, None] - slope[:, None] * times[None]) < 1.5 * COLUMN_S
    score = (near * values[None]).sum(axis=1)
    best = np.argsort(-score, kind="stable")[: 20 * max_lines]
    lines = [Line(float(offset[k]), float(slope[k]), float(score[k])) for k in best]
    return _drop_duplicate_lines(lines, votes, max_lines)


def _collect_segment_peaks(
    votes: Votes,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    times, lags, values = [], [], []
    for time, columns, row in zip(votes.times, votes.columns, votes.evidence, strict=True):
        for peak in _find_peaks(columns, row, _PEAKS_PER_SEGMENT, 2):
            times.append(float(time))
            lags.append((int(columns[peak]) + votes.first_column + 0.5) * COLUMN_S)
            values.append(float(row[peak]))
    return np.array(times), np.array(lags), np.array(values)


def _drop_duplicate_lines(lines: list[Line], votes: Votes, max_lines: int) -> list[Line]:
    middle = float(votes.times.mean())
    kept: list[Line] = []
    for line in lines:
        if all(
            abs(line.map_time(middle) - other.map_time(middle)) > _MIN_DISTANCE_COLUMNS * COLUMN_S
            for other in kept
        ):
            kept.append(line)
    return kept[:max_lines]


def find_settled_lines(votes: Votes, max_lines: int) -> list[Line]:
    """Return the lines of few segments, if the best is beyond doubt and far from all others; else none.

    What crosses it at a segment has that segment's evidence from it: over hours of drift the two ends
    alone look like a line each.
    """
    lines = _find_lines_in_votes(votes, max_lines)
    if not lines or lines[0].score < _SETTLING_SCORE:
        return []
    best, times = lines[0], votes.times.tolist()
    rivals = [
        line.score
        for line in lines[1:]
        if all(abs(line.map_time(time) - best.map_time(time)) > _ECHO_REACH_S for time in times)
    ]
    return lines if all(best.score > _SETTLING_LEAD * rival for rival in rivals) else []
