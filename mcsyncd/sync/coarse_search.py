"""Coarse search: every possible lag, without a cap, and tolerant of drift.

Segments of the shorter recording vote for lags, each with its own significance (`votes.py`). The
votes are summed along lines lag = offset + slope * time, for a grid of slopes. Where that grid is
too expensive (long recordings), lines through the best peaks of each segment replace it.
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

MAX_SLOPE = 680e-6
"""Relative, between two clips. Consumer clocks were measured 273 ppm apart (protyposis.net), so each may be
340 off; and the search at another speed, 0.1 % away, begins where this one ends. Lower misses pairs, higher
searches noise."""
MAX_SEGMENTS = 24
"""Segments of the full search. From the prototypes. Fewer lose small overlaps, more cost time."""
FIRST_SEGMENTS = 8
"""Segments tried first on long recordings. Measured: they usually settle it at a third of the cost."""
_SETTLING_LEAD = 5.0
"""Factor by which the best line of few segments must exceed every rival. From the prototypes; lower accepts
repeats."""
_SETTLING_SCORE = 1000.0
"""Summed evidence that few segments must reach. Judgement: far above `_STRONG_SCORE`; lower lets a repeat in
eight segments settle it, higher searches long recordings twice."""
_ECHO_REACH_S = 0.15
"""Seconds. Judgement: a line this close at a segment is an echo or drift of the best one, not a rival."""
_MIN_DISTANCE_COLUMNS = 8
"""Columns, 40 ms: what the fine stage covers around a line (`MAX_LAG_SAMPLES`). More leaves gaps."""
_NEAR_REACH_COLUMNS = 52
"""Columns, 260 ms, around the best line in which other lines are looked for, however weak: late echoes. The
direct sound may be the weaker of two arrivals up to 250 ms apart (`late_echo.py`)."""
_MAX_NEAR_LINES = 3
"""Lines. Judgement: the direct sound, and a second and third echo."""
_FLATTENED_LINES = 4
"""Lines that are tried without their slope as well. Measured on 133 sessions: in a room a spurious slope hid
the true line in four, and none was lost. More cost time, fewer may miss the true one."""
_PEAK_DISTANCE_COLUMNS = 2
"""Columns between two peaks of one segment. Judgement: neighbours of a peak are the same peak."""
_PEAKS_PER_SEGMENT = 10
"""Peaks. Judgement: fewer lose segments in which a repeat is stronger; pairs grow as the square."""
_MAX_PEAK_PAIRS = 1500
"""Pairs of peaks, the strongest first. Judgement: bounds a table of pairs times peaks to a few megabytes."""
_MAX_GRID_WORK = 1.5e8
"""Segments times columns times slopes. Judgement: bounds the time of the grid; beyond it only peaks find
drifting lines."""
_MIN_GAIN = np.float32(1.02)
"""Factor by which a steeper slope must win. Judgement: a peak between two columns is split by one slope and
not by the next; near-ties go to the flatter line."""
_STRONG_SCORE = 200.0
"""Summed evidence from which the leader makes weak lines pointless. Judgement: chance reaches about 30."""
_MIN_RELATIVE_SCORE = 0.04
"""Share of a strong leader's score below which lines are dropped. Judgement: saves time; higher hides
runners-up that the confidence needs."""


@dataclass(frozen=True, slots=True)
class Line:
    """A hypothesis: time in x = offset_s + time in y * (1 + slope), in seconds of analysis audio."""

    offset_s: float
    slope: float
    score: float = 0.0

    def map_time(self, time_s: float) -> float:
        """Return the time in x of a time in y."""
        return self.offset_s + time_s * (1.0 + self.slope)

    def invert(self) -> Line:
        """Return the same hypothesis with x and y exchanged."""
        return Line(-self.offset_s / (1.0 + self.slope), 1.0 / (1.0 + self.slope) - 1.0, self.score)


def find_lines(x: Sequence[WhitenedChannel], y: Sequence[WhitenedChannel], max_lines: int = 8) -> list[Line]:
    """Return hypotheses for two recordings, the best first, at least 40 ms apart.

    There are up to one and a half times `max_lines`, because lines are ranked both by sum and by
    mean evidence a segment: a repeat with a long overlap outvotes the truth with a short one. Then
    follow lines near the best one, and the first ones without their slope.
    """
    x_is_longer = count_coarse_samples(x) >= count_coarse_samples(y)
    longer, shorter = (x, y) if x_is_longer else (y, x)
    lines: list[Line] = []
    if count_coarse_samples(shorter) > MAX_SEGMENTS * MAX_SEGMENT_SAMPLES:
        lines = find_settled_lines(cast_votes(longer, shorter, FIRST_SEGMENTS), max_lines)
    if not lines:
        votes = cast_votes(longer, shorter, MAX_SEGMENTS)
        lines = _add_variants(_find_lines_in_votes(votes, max_lines), votes)
    return lines if x_is_longer else [line.invert() for line in lines]


def find_settled_lines(votes: Votes, max_lines: int) -> list[Line]:
    """Return the lines of a few segments if the best is far ahead of every rival; otherwise none.

    A line that crosses the best one at a segment is not a rival, because it takes that segment's
    evidence from it: over hours of drift, each end alone looks like a line of its own.
    """
    lines = _find_lines_in_votes(votes, max_lines)
    if not lines or lines[0].score < _SETTLING_SCORE:
        return []
    best, times = lines[0], votes.times.tolist()
    rival_scores = [
        line.score
        for line in lines[1:]
        if all(abs(line.map_time(time) - best.map_time(time)) > _ECHO_REACH_S for time in times)
    ]
    settled = all(best.score > _SETTLING_LEAD * score for score in rival_scores)
    return _add_variants(lines, votes) if settled else []


def _find_lines_in_votes(votes: Votes, max_lines: int) -> list[Line]:
    columns, total, slopes = _maximize_over_slopes(votes, _choose_slopes(votes))
    lines = _drop_weak_lines(_pick_lines(columns, total, slopes, votes, max_lines))
    mean = np.divide(total, np.maximum(votes.overlap_counts[columns], 1), dtype=np.float32)
    lines += _drop_weak_lines(_pick_lines(columns, mean, slopes, votes, max_lines // 2))
    lines += _drop_weak_lines(_find_lines_through_peaks(votes, max_lines // 2))
    lines.sort(key=lambda line: -line.score)
    return _drop_duplicate_lines(lines, votes, max_lines + max_lines // 2)


def _add_variants(lines: list[Line], votes: Votes) -> list[Line]:
    """Return the lines, the highest ones near the best of them, and the first ones without their slope."""
    near = _pick_near_lines(votes, lines[0]) if lines else []
    lines = _drop_duplicate_lines([*lines, *near], votes, len(lines) + len(near))
    middle = float(votes.times.mean())
    return lines + [_flatten_line(line, middle) for line in lines[:_FLATTENED_LINES] if line.slope]


def _flatten_line(line: Line, time_s: float) -> Line:
    """Return the line without a slope that meets `line` at `time_s`."""
    return Line(line.map_time(time_s) - time_s, 0.0, line.score)


def _pick_near_lines(votes: Votes, best: Line) -> list[Line]:
    """Return the highest lines of the same slope around `best`."""
    middle = float(votes.times.mean())
    total = _sum_along_slope(votes, best.slope)
    centre = (best.map_time(middle) - middle) / COLUMN_S - votes.first_column
    distance = np.abs(np.arange(total.size) - centre)
    total[(distance > _NEAR_REACH_COLUMNS) | (distance <= _MIN_DISTANCE_COLUMNS)] = 0.0
    columns = np.flatnonzero(total).astype(np.int32)
    slopes = np.full(columns.size, best.slope, np.float32)
    return _pick_lines(columns, total[columns], slopes, votes, _MAX_NEAR_LINES)


def _drop_weak_lines(lines: list[Line]) -> list[Line]:
    """Drop lines far behind a strong leader; two always stay, so that there is a runner-up."""
    threshold = _MIN_RELATIVE_SCORE * lines[0].score if lines and lines[0].score > _STRONG_SCORE else 0.0
    return [line for rank, line in enumerate(lines) if rank < 2 or line.score > threshold]


def _choose_slopes(votes: Votes) -> NDArray[np.float64]:
    """Return slopes a column apart at the ends; only 0 where more would take too long."""
    span = float(np.ptp(votes.times))
    reach = int(np.ceil(MAX_SLOPE * span / 2 / COLUMN_S))
    if votes.times.size * votes.overlap_counts.size * (2 * reach + 1) > _MAX_GRID_WORK or reach == 0:
        return np.zeros(1)
    return np.linspace(-MAX_SLOPE, MAX_SLOPE, 2 * reach + 1)


def _maximize_over_slopes(votes: Votes, slopes: NDArray[np.float64]) -> tuple[Columns, Row, Row]:
    """Return the columns with evidence, the best sum of any line through each, and that line's slope."""
    by_steepness = slopes[np.argsort(np.abs(slopes), kind="stable")]
    best = _sum_along_slope(votes, float(by_steepness[0]))
    which = np.zeros(best.size, np.int16)
    for number, slope in enumerate(by_steepness[1:], 1):
        total = _sum_along_slope(votes, float(slope))
        better = total > best * _MIN_GAIN
        best[better], which[better] = total[better], number
    columns = np.flatnonzero(best).astype(np.int32)
    return columns, best[columns], by_steepness[which[columns]].astype(np.float32)


def _sum_along_slope(votes: Votes, slope: float) -> Row:
    """Sum all segments along lines of one slope; a line's column is its lag at their mean time."""
    shifts = np.rint(slope * (votes.times - votes.times.mean()) / COLUMN_S).astype(np.int32)
    total = np.zeros(votes.overlap_counts.size, np.float32)
    for columns, evidence, shift in zip(votes.columns, votes.evidence, shifts, strict=True):
        begin, end = np.searchsorted(columns, (shift, total.size + shift))
        total[columns[begin:end] - shift] += evidence[begin:end]
    return total


def _pick_lines(columns: Columns, values: Row, slopes: Row, votes: Votes, max_lines: int) -> list[Line]:
    """Turn the highest columns into lines."""
    middle = float(votes.times.mean())
    lines = []
    for peak in _find_peaks(columns, values, max_lines, _MIN_DISTANCE_COLUMNS):
        slope = float(slopes[peak])
        lag = (int(columns[peak]) + votes.first_column + 0.5) * COLUMN_S
        lines.append(Line(lag - slope * middle, slope, float(values[peak])))
    return lines


def _find_peaks(columns: Columns, values: Row, max_peaks: int, min_distance: int) -> list[int]:
    """Return indices of the highest values, the highest first, more than `min_distance` columns apart.

    Greedy, on the columns with evidence only. scipy's `find_peaks` needs every column and looks for
    all local maxima: 2.5 ms instead of 0.14 ms for ten minutes, 53 ms instead of 0.35 for hours.
    """
    remaining = values.copy()
    peaks: list[int] = []
    while len(peaks) < max_peaks and remaining.size:
        peak = int(np.argmax(remaining))
        if remaining[peak] <= 0.0:
            break
        peaks.append(peak)
        begin, end = np.searchsorted(
            columns, (columns[peak] - min_distance, columns[peak] + min_distance + 1)
        )
        remaining[begin:end] = 0.0
    return peaks


def _find_lines_through_peaks(votes: Votes, max_lines: int) -> list[Line]:
    """Return lines through pairs of the segments' strongest peaks, scored by all peaks near them."""
    times, lags, values = _collect_segment_peaks(votes)
    if np.unique(times).size < 2:
        return []
    one, other = np.triu_indices(times.size, 1)
    apart = times[other] - times[one]
    slope = np.divide(lags[other] - lags[one], apart, out=np.full(apart.size, np.inf), where=apart > 0)
    possible = np.abs(slope) <= MAX_SLOPE + 2 * COLUMN_S / np.maximum(apart, 1.0)
    one, other, slope = one[possible], other[possible], slope[possible]
    strongest = np.argsort(-(values[one] + values[other]), kind="stable")[:_MAX_PEAK_PAIRS]
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
    """Return times, lags (seconds) and evidence of each segment's strongest peaks."""
    times, lags, values = [], [], []
    for time, columns, row in zip(votes.times, votes.columns, votes.evidence, strict=True):
        for peak in _find_peaks(columns, row, _PEAKS_PER_SEGMENT, _PEAK_DISTANCE_COLUMNS):
            times.append(float(time))
            lags.append((int(columns[peak]) + votes.first_column + 0.5) * COLUMN_S)
            values.append(float(row[peak]))
    return np.array(times), np.array(lags), np.array(values)


def _drop_duplicate_lines(lines: list[Line], votes: Votes, max_lines: int) -> list[Line]:
    """Keep the first of lines that are within 40 ms of each other at the segments' mean time."""
    middle = float(votes.times.mean())
    min_distance_s = _MIN_DISTANCE_COLUMNS * COLUMN_S
    kept: list[Line] = []
    for line in lines:
        if all(abs(line.map_time(middle) - other.map_time(middle)) > min_distance_s for other in kept):
            kept.append(line)
    return kept[:max_lines]
