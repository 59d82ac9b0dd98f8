"""Votes for lags: segments of the shorter recording, each correlated with the whole of the longer one.

Overlap-save at 4 kHz, so memory stays flat. z(lag) = corr(x, y) / sqrt(corr(x^2, y^2)) is near N(0, 1)
where nothing is shared, whatever the overlap: so a clip of ten seconds at the edge is judged like an
hour in the middle. A partial overlap always holds one end of the shorter recording, so both ends are
looked at most densely.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync.transform import fast_size, sound_of, spectrum_of
from mcsyncd.sync.whiten import Ear

RATE = 4000
POOL = 20
POOL_S = POOL / RATE
LONGEST = 16 * RATE
"""The most samples of a segment."""
_NOISE_MEDIAN = 2.12
_CHANCE = 3.3
"""|z| that the best of 5 ms reaches by chance in one place of fifty."""
_SAMPLED = 100_000
"""Columns of a segment that its median is taken of: of more, it moves by less than a hundredth."""
_BLOCK = 15 << 14
_AT_ONCE = 4
"""Segments transformed together: numpy does four in the time of two."""

Row = NDArray[np.float32]
Rows = NDArray[np.float32]
Columns = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Votes:
    """Evidence of every segment, where it has any.

    A column is a lag: `(column + first) * POOL_S`, time in the longer minus time in the shorter. For
    segment k, `evidence[k]` is (|z| - 3.3)^1.5 at the best |z| within the 5 ms of the columns
    `columns[k]`, which rise; in all others it is nothing. `met[column]` counts the segments that meet
    the longer there at all, `times` are the segments' centres.
    """

    columns: tuple[Columns, ...]
    evidence: tuple[Row, ...]
    met: NDArray[np.uint8]
    first: int
    times: NDArray[np.float64]


class _Tally:
    """Collects |z| block by block: what may be evidence, and of the rest enough to know its median.

    Of recordings of hours the whole table is hundreds of megabytes, and one in fifty of it is evidence.
    """

    def __init__(self, shifts: Sequence[int], width: int) -> None:
        self._shifts, self._stride = shifts, 1 + width // _SAMPLED
        nothing = np.zeros((len(shifts), 0), np.float32)
        self._over = [_Over.of_block(0, nothing)]
        self._sampled: list[Rows] = [nothing]
        self._met = np.zeros(width, np.uint8)

    def add(self, column: int, z: Rows) -> None:
        """Take |z| of all segments, shape (segments, columns), from `column` on, before their shifts."""
        for shift, row in zip(self._shifts, z, strict=True):
            self._met[shift + column : shift + column + row.size] += row > 0
        self._over.append(_Over.of_block(column, z))
        self._sampled.append(z[:, :: self._stride].copy())

    def votes(self, first: int, times: NDArray[np.float64]) -> Votes:
        """Turn |z| into evidence, each segment's by its own noise."""
        columns, evidence = [], []
        sampled = np.concatenate(self._sampled, axis=1)
        for segment, shift in enumerate(self._shifts):
            heard = sampled[segment][sampled[segment] > 0]
            noise = max(1.0, float(np.median(heard)) / _NOISE_MEDIAN) if heard.size else 1.0
            parts = [over.of(segment) for over in self._over]
            beyond = np.concatenate([z for _, z in parts]) / np.float32(noise) - np.float32(_CHANCE)
            good = beyond > 0
            columns.append(np.concatenate([places for places, _ in parts])[good] + np.int32(shift))
            evidence.append((beyond[good] ** 1.5).astype(np.float32))
        return Votes(tuple(columns), tuple(evidence), self._met, first, times)


@dataclass(frozen=True, slots=True)
class _Over:
    """|z| beyond chance in one block: of segment k `places` and `z` from `ends[k]` to `ends[k + 1]`.

    Four hours have five million of them: six bytes each, and few arrays. `places` count from the block's own
    `column`; a block has some twelve thousand.
    """

    column: int
    ends: NDArray[np.intp]
    places: NDArray[np.uint16]
    z: Row

    @classmethod
    def of_block(cls, column: int, z: Rows) -> _Over:
        """Pick what is beyond chance of |z| from `column` on."""
        segments, places = np.nonzero(z > _CHANCE)
        ends = np.searchsorted(segments, np.arange(len(z) + 1))
        return cls(column, ends, places.astype(np.uint16), z[segments, places])

    def of(self, segment: int) -> tuple[Columns, Row]:
        """The columns of one segment, before its shift, and |z| there."""
        some = slice(self.ends[segment], self.ends[segment + 1])
        return self.places[some].astype(np.int32) + np.int32(self.column), self.z[some]


def vote(longer: Sequence[Ear], shorter: Sequence[Ear], most: int) -> Votes:
    """Correlate up to `most` segments of the shorter with all of the longer."""
    size, starts = _segments(length(shorter), most)
    latest = max(starts) // POOL
    # Each row is shifted so that one column is one lag: position in the longer minus segment start.
    shifts = [latest - start // POOL for start in starts]
    lags = (length(longer) + size) // POOL + 1
    tally = _Tally(shifts, lags + latest)
    for column, z in _blocks(longer, shorter, size, starts):
        tally.add(column, z[:, : lags - column])
    times = (np.array(starts, np.float64) + size / 2) / RATE
    return tally.votes(-size // POOL - latest, times)


def _blocks(
    longer: Sequence[Ear], shorter: Sequence[Ear], size: int, starts: Sequence[int]
) -> Iterator[tuple[int, Rows]]:
    """Yield every segment's |z| along the longer recording: a column, and those from there on.

    What is transformed for all blocks is gone with the last of them.
    """
    total = length(longer)
    block = _block(total, size)
    hop = (block - size) // POOL * POOL
    segments = np.stack([_mixed(shorter, start, start + size) for start in starts])
    spectra, weights = spectrum_of(segments, block), spectrum_of(_energy(segments), block // POOL)
    del segments
    np.conj(spectra, out=spectra)
    np.conj(weights, out=weights)
    for at in range(-size, total, hop):
        piece = _mixed(longer, at, at + block)
        if piece.any():
            yield (at + size) // POOL, _correlated(piece, spectra, weights, hop // POOL)


def _correlated(
    piece: Row, spectra: NDArray[np.complex64], weights: NDArray[np.complex64], width: int
) -> Rows:
    """Every segment's |z| against one block of the longer recording, the best of POOL lags a column."""
    block = piece.size
    spectrum, weight = spectrum_of(piece, block), spectrum_of(_energy(piece[None])[0], block // POOL)
    found = []
    for at in range(0, len(spectra), _AT_ONCE):
        some = slice(at, at + _AT_ONCE)
        shared = sound_of(weight * weights[some], block // POOL)[:, :width] / POOL
        value = sound_of(spectrum * spectra[some], block)[:, : width * POOL]
        np.abs(value, out=value)
        floor = 0.02 * shared.max(axis=1, initial=0.0, keepdims=True) + 1.0
        found.append(_pooled(value) / np.sqrt(np.maximum(shared, 0.0) + floor))
    return np.concatenate(found)


def _segments(samples: int, most: int) -> tuple[int, list[int]]:
    """Segment size and starts (multiples of POOL) in 4 kHz samples.

    Short recordings are covered wholly. Of long ones both ends are covered densely, the rest is
    spread.
    """
    size = int(np.clip(samples / 8, 4 * RATE, LONGEST))
    size = max(POOL, min(size, samples) // POOL * POOL)
    count = -(-samples // size)
    last = max(0, samples - size) // POOL * POOL
    if count <= most:
        return size, sorted({int(start) // POOL * POOL for start in np.linspace(0, last, count)})
    deep = most // 8
    ends = [k * size for k in range(deep)] + [last - k * size for k in range(deep)]
    spread = np.linspace(deep * size, last - deep * size, most - len(ends))
    return size, sorted({int(start) // POOL * POOL for start in (*ends, *spread)})


def _block(total: int, size: int) -> int:
    wanted = max(min(total + 2 * size, _BLOCK), 2 * size)
    return POOL * fast_size(-(-wanted // POOL))


def _mixed(ears: Sequence[Ear], start: int, stop: int) -> Row:
    total = ears[0].half(start, stop)
    for ear in ears[1:]:
        total = total + ear.half(start, stop)
    return total


def _pooled(value: Rows) -> Rows:
    # A maximum over a short last axis takes twice as long.
    return np.maximum.reduceat(value, np.arange(0, value.shape[1], POOL), axis=1)


def _energy(sound: Rows) -> Rows:
    energy: Rows = (sound**2).reshape(len(sound), -1, POOL).sum(axis=2)
    return energy


def length(ears: Sequence[Ear]) -> int:
    """Samples of the longest channel, at 4 kHz."""
    return max(ear.samples for ear in ears) // 2
