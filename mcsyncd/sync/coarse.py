"""Coarse search: every lag there is, no cap, and no drift that can smear it away.

Segments of the shorter recording are each correlated with the whole of the longer one
(overlap-save, so memory stays flat). Every segment votes for lags with its own significance; the
votes are added along lines lag = offset + slope * time. A partial overlap always holds one end of
the shorter recording, so both ends are looked at most densely. Long recordings, where a grid of
slopes is dear, get lines through the best peaks of each segment instead.

z(lag) = corr(x, y) / sqrt(corr(x^2, y^2)) is near N(0, 1) where nothing is shared, whatever the
overlap: so a clip of ten seconds at the edge is judged like an hour in the middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync.transform import fast_size, sound_of, spectrum_of
from mcsyncd.sync.whiten import Ear

RATE = 4000
POOL = 20
POOL_S = POOL / RATE
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
_NOISE_MEDIAN = 2.12
_BLOCK = 15 << 14
_AT_ONCE = 4
"""Segments transformed together: numpy does four in the time of two."""

Rows = NDArray[np.float32]


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


@dataclass(frozen=True, slots=True)
class Votes:
    """Evidence of every segment at every lag.

    `evidence[k, j]` is (|z| - 3.3)^1.5 at the best |z| within 5 ms of segment k at lag
    `(j + first) * POOL_S` (time in the longer minus time in the shorter), 0 below. `met[j]` counts
    the segments that meet the longer there at all, `times` are the segments' centres.
    """

    evidence: Rows
    met: NDArray[np.uint8]
    first: int
    times: NDArray[np.float64]


def search(x: Sequence[Ear], y: Sequence[Ear], most: int = 8) -> list[Line]:
    """Return up to `most` hypotheses, the best first, at least 40 ms apart."""
    long_first = _length(x) >= _length(y)
    longer, shorter = (x, y) if long_first else (y, x)
    lines = _lines(vote(longer, shorter, FEW), most) if _is_long(_length(shorter)) else []
    if not _leads(lines):
        lines = _lines(vote(longer, shorter, SEGMENTS), most)
    return lines if long_first else [line.turned() for line in lines]


def vote(longer: Sequence[Ear], shorter: Sequence[Ear], most: int) -> Votes:
    """Correlate up to `most` segments of the shorter with all of the longer."""
    length, total = _length(shorter), _length(longer)
    size, starts = _segments(length, most)
    block = _block(total, size)
    templates = np.stack([_mixed(shorter, start, start + size) for start in starts])
    spectra = np.conj(spectrum_of(templates, block))
    weights = np.conj(spectrum_of(_energy(templates), block // POOL))
    latest = max(starts) // POOL
    rows = np.zeros((len(starts), (total + size) // POOL + 1 + latest), np.float32)
    # Each row is shifted so that one column is one lag: position in the longer minus segment start.
    shifts = [latest - start // POOL for start in starts]
    hop = (block - size) // POOL * POOL
    for at in range(-size, total, hop):
        column = (at + size) // POOL
        width = min(hop // POOL, rows.shape[1] - latest - column)
        views = [row[shift + column :][:width] for row, shift in zip(rows, shifts, strict=True)]
        _correlate(views, _mixed(longer, at, at + block), spectra, weights)
    times = (np.array(starts, np.float64) + size / 2) / RATE
    return _counted(rows, -size // POOL - latest, times)


def _correlate(
    into: list[Rows], piece: Rows, spectra: NDArray[np.complex64], weights: NDArray[np.complex64]
) -> None:
    """Fill `into` with every segment's |z| against one block of the longer recording."""
    if not piece.any():
        return
    width, block = into[0].size, piece.size
    spectrum, weight = spectrum_of(piece, block), spectrum_of(_energy(piece[None])[0], block // POOL)
    for at in range(0, len(into), _AT_ONCE):
        some = slice(at, at + _AT_ONCE)
        shared = sound_of(weight * weights[some], block // POOL)[:, :width] / POOL
        value = np.abs(sound_of(spectrum * spectra[some], block)[:, : width * POOL])
        floor = 0.02 * shared.max(axis=1, initial=0.0, keepdims=True) + 1.0
        found = _pooled(value) / np.sqrt(np.maximum(shared, 0.0) + floor)
        for row, values in zip(into[some], found, strict=True):
            row[:] = values


def _counted(rows: Rows, first: int, times: NDArray[np.float64]) -> Votes:
    """Turn |z| into evidence, in place: of two recordings of hours one such table is 50 MB."""
    met = np.zeros(rows.shape[1], np.uint8)
    for k in range(len(rows)):
        heard = rows[k] > 0
        met += heard
        if heard.any():
            rows[k] /= max(1.0, float(np.median(rows[k, heard])) / _NOISE_MEDIAN)
        rows[k] = np.maximum(rows[k] - 3.3, 0.0)
        rows[k] *= np.sqrt(rows[k])
    return Votes(rows, met, first, times)


def _lines(votes: Votes, most: int) -> list[Line]:
    total, slope_of = _best_over_slopes(votes.evidence, votes.times, _slopes(votes))
    found = _worth(_picked(total, slope_of, votes, most))
    mean = np.divide(total, np.maximum(votes.met, 1), dtype=np.float32)
    found += _worth(_picked(mean, slope_of, votes, most // 2))
    found += _worth(_through_peaks(votes, most // 2))
    return _distinct(sorted(found, key=lambda line: -line.score), votes, most + most // 2)


def _worth(lines: list[Line]) -> list[Line]:
    """Drop what is far behind a strong leader; two always stay, so that there is a runner-up."""
    least = _FAR_BEHIND * lines[0].score if lines and lines[0].score > _STRONG else 0.0
    return [line for place, line in enumerate(lines) if place < 2 or line.score > least]


def _slopes(votes: Votes) -> NDArray[np.float64]:
    span = float(np.ptp(votes.times))
    reach = int(np.ceil(MAX_SLOPE * span / 2 / POOL_S))
    if votes.evidence.size * (2 * reach + 1) > _GRID_WORK or reach == 0:
        return np.zeros(1)
    return np.linspace(-MAX_SLOPE, MAX_SLOPE, 2 * reach + 1)


def _best_over_slopes(
    evidence: Rows, times: NDArray[np.float64], slopes: NDArray[np.float64]
) -> tuple[Rows, NDArray[np.float64]]:
    middle = float(times.mean())
    best = np.zeros(evidence.shape[1], np.float32)
    slope_of = np.zeros(evidence.shape[1])
    for slope in slopes[np.argsort(np.abs(slopes), kind="stable")]:
        total = np.zeros(evidence.shape[1], np.float32)
        for row, time in zip(evidence, times, strict=True):
            # Added in two parts where np.roll would copy.
            shift = round(slope * (time - middle) / POOL_S) % row.size
            total[: row.size - shift] += row[shift:]
            total[row.size - shift :] += row[:shift]
        # A peak between two columns is shared by them; a line is never hurt by that.
        better = total > best * 1.02
        best[better] = total[better]
        slope_of[better] = slope
    return best, slope_of


def _picked(total: Rows, slope_of: NDArray[np.float64], votes: Votes, most: int) -> list[Line]:
    left = total.copy()
    middle = float(votes.times.mean())
    lines = []
    for _ in range(most):
        peak = int(np.argmax(left))
        if left[peak] <= 0.0:
            break
        left[max(0, peak - _APART) : peak + _APART + 1] = 0.0
        slope = float(slope_of[peak])
        lag = (peak + votes.first + 0.5) * POOL_S
        lines.append(Line(lag - slope * middle, slope, float(total[peak])))
    return lines


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
    for time, row in zip(votes.times, votes.evidence, strict=True):
        left = row.copy()
        for _ in range(_PEAKS):
            peak = int(np.argmax(left))
            if left[peak] <= 0.0:
                break
            times.append(float(time))
            lags.append((peak + votes.first + 0.5) * POOL_S)
            values.append(float(left[peak]))
            left[max(0, peak - 2) : peak + 3] = 0.0
    return np.array(times), np.array(lags), np.array(values)


def _distinct(lines: list[Line], votes: Votes, most: int) -> list[Line]:
    middle = float(votes.times.mean())
    kept: list[Line] = []
    for line in lines:
        if all(abs(line.at(middle) - other.at(middle)) > _APART * POOL_S for other in kept):
            kept.append(line)
    return kept[:most]


def _leads(lines: list[Line]) -> bool:
    """Whether the best line is beyond doubt and far from every other."""
    if not lines or lines[0].score < _SETTLED:
        return False
    rivals = [line.score for line in lines[1:] if abs(line.offset_s - lines[0].offset_s) > _ECHOES_S]
    return all(lines[0].score > _LEAD * rival for rival in rivals)


def _is_long(length: int) -> bool:
    return length > SEGMENTS * 16 * RATE


def _segments(length: int, most: int) -> tuple[int, list[int]]:
    """Segment size and starts (multiples of POOL) in 4 kHz samples.

    Short recordings are covered wholly. Of long ones both ends are covered densely, the rest is
    spread.
    """
    size = int(np.clip(length / RATE / 8, 4.0, 16.0) * RATE)
    size = max(POOL, min(size, length) // POOL * POOL)
    count = -(-length // size)
    last = max(0, length - size) // POOL * POOL
    if count <= most:
        return size, sorted({int(start) // POOL * POOL for start in np.linspace(0, last, count)})
    deep = most // 8
    ends = [k * size for k in range(deep)] + [last - k * size for k in range(deep)]
    spread = np.linspace(deep * size, last - deep * size, most - len(ends))
    return size, sorted({int(start) // POOL * POOL for start in (*ends, *spread)})


def _block(total: int, size: int) -> int:
    wanted = max(min(total + 2 * size, _BLOCK), 2 * size)
    return POOL * fast_size(-(-wanted // POOL))


def _mixed(ears: Sequence[Ear], start: int, stop: int) -> Rows:
    total = ears[0].half(start, stop)
    for ear in ears[1:]:
        total = total + ear.half(start, stop)
    return total


def _pooled(value: NDArray[np.float32]) -> NDArray[np.float32]:
    # A maximum over a short last axis takes twice as long.
    return np.maximum.reduceat(value, np.arange(0, value.shape[1], POOL), axis=1)


def _energy(sound: Rows) -> Rows:
    energy: Rows = (sound**2).reshape(len(sound), -1, POOL).sum(axis=2)
    return energy


def _length(ears: Sequence[Ear]) -> int:
    return max(ear.samples for ear in ears) // 2
