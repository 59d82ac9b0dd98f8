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

from mcsyncd.sync.transform import choose_fft_size, compute_spectrum, invert_spectrum
from mcsyncd.sync.whitening import WhitenedChannel

COARSE_RATE_HZ = 4000
COLUMN_SAMPLES = 20
COLUMN_S = COLUMN_SAMPLES / COARSE_RATE_HZ
MAX_SEGMENT_SAMPLES = 16 * COARSE_RATE_HZ
"""The most samples of a segment."""
_EXPECTED_MEDIAN_Z = 2.12
_MIN_Z = 3.3
"""|z| that the best of 5 ms reaches by chance in one place of fifty."""
_MAX_MEDIAN_COLUMNS = 100_000
"""Columns of a segment that its median is taken of: of more, it moves by less than a hundredth."""
_MAX_BLOCK_SAMPLES = 15 << 14
_SEGMENTS_PER_BATCH = 4
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
    overlap_counts: NDArray[np.uint8]
    first_column: int
    times: NDArray[np.float64]


class _Tally:
    """Collects |z| block by block: what may be evidence, and of the rest enough to know its median.

    Of recordings of hours the whole table is hundreds of megabytes, and one in fifty of it is evidence.
    """

    def __init__(self, shifts: Sequence[int], width: int) -> None:
        self._shifts, self._stride = shifts, 1 + width // _MAX_MEDIAN_COLUMNS
        nothing = np.zeros((len(shifts), 0), np.float32)
        self._exceedances = [_Exceedances.from_block(0, nothing)]
        self._median_samples: list[Rows] = [nothing]
        self._overlap_counts = np.zeros(width, np.uint8)

    def add(self, column: int, z: Rows) -> None:
        """Take |z| of all segments, shape (segments, columns), from `column` on, before their shifts."""
        for shift, row in zip(self._shifts, z, strict=True):
            self._overlap_counts[shift + column : shift + column + row.size] += row > 0
        self._exceedances.append(_Exceedances.from_block(column, z))
        self._median_samples.append(z[:, :: self._stride].copy())

    def build_votes(self, first: int, times: NDArray[np.float64]) -> Votes:
        """Turn |z| into evidence, each segment's by its own noise."""
        columns, evidence = [], []
        sampled = np.concatenate(self._median_samples, axis=1)
        for segment, shift in enumerate(self._shifts):
            heard = sampled[segment][sampled[segment] > 0]
            noise = max(1.0, float(np.median(heard)) / _EXPECTED_MEDIAN_Z) if heard.size else 1.0
            parts = [over.select_segment(segment) for over in self._exceedances]
            beyond = np.concatenate([z for _, z in parts]) / np.float32(noise) - np.float32(_MIN_Z)
            good = beyond > 0
            columns.append(np.concatenate([places for places, _ in parts])[good] + np.int32(shift))
            evidence.append((beyond[good] ** 1.5).astype(np.float32))
        return Votes(tuple(columns), tuple(evidence), self._overlap_counts, first, times)


@dataclass(frozen=True, slots=True)
class _Exceedances:
    """|z| beyond chance in one block: of segment k `places` and `z` from `ends[k]` to `ends[k + 1]`.

    Four hours have five million of them: six bytes each, and few arrays. `places` count from the block's own
    `column`; a block has some twelve thousand.
    """

    column: int
    ends: NDArray[np.intp]
    columns: NDArray[np.uint16]
    z: Row

    @classmethod
    def from_block(cls, column: int, z: Rows) -> _Exceedances:
        """Pick what is beyond chance of |z| from `column` on."""
        segments, places = np.nonzero(z > _MIN_Z)
        ends = np.searchsorted(segments, np.arange(len(z) + 1))
        return cls(column, ends, places.astype(np.uint16), z[segments, places])

    def select_segment(self, segment: int) -> tuple[Columns, Row]:
        """The columns of one segment, before its shift, and |z| there."""
        some = slice(self.ends[segment], self.ends[segment + 1])
        return self.columns[some].astype(np.int32) + np.int32(self.column), self.z[some]


def cast_votes(
    longer: Sequence[WhitenedChannel], shorter: Sequence[WhitenedChannel], max_segments: int
) -> Votes:
    """Correlate up to `most` segments of the shorter with all of the longer."""
    size, starts = _choose_segments(count_coarse_samples(shorter), max_segments)
    latest = max(starts) // COLUMN_SAMPLES
    # Each row is shifted so that one column is one lag: position in the longer minus segment start.
    shifts = [latest - start // COLUMN_SAMPLES for start in starts]
    lags = (count_coarse_samples(longer) + size) // COLUMN_SAMPLES + 1
    tally = _Tally(shifts, lags + latest)
    for column, z in _correlate_blocks(longer, shorter, size, starts):
        tally.add(column, z[:, : lags - column])
    times = (np.array(starts, np.float64) + size / 2) / COARSE_RATE_HZ
    return tally.build_votes(-size // COLUMN_SAMPLES - latest, times)


def _correlate_blocks(
    longer: Sequence[WhitenedChannel], shorter: Sequence[WhitenedChannel], size: int, starts: Sequence[int]
) -> Iterator[tuple[int, Rows]]:
    """Yield every segment's |z| along the longer recording: a column, and those from there on.

    What is transformed for all blocks is gone with the last of them.
    """
    total = count_coarse_samples(longer)
    block = _choose_block_size(total, size)
    hop = (block - size) // COLUMN_SAMPLES * COLUMN_SAMPLES
    segments = np.stack([_mix_channels(shorter, start, start + size) for start in starts])
    spectra, weights = (
        compute_spectrum(segments, block),
        compute_spectrum(_pool_energy(segments), block // COLUMN_SAMPLES),
    )
    del segments
    np.conj(spectra, out=spectra)
    np.conj(weights, out=weights)
    for at in range(-size, total, hop):
        piece = _mix_channels(longer, at, at + block)
        if piece.any():
            yield (
                (at + size) // COLUMN_SAMPLES,
                _correlate_block(piece, spectra, weights, hop // COLUMN_SAMPLES),
            )


def _correlate_block(
    piece: Row, spectra: NDArray[np.complex64], weights: NDArray[np.complex64], width: int
) -> Rows:
    """Every segment's |z| against one block of the longer recording, the best of POOL lags a column."""
    block = piece.size
    spectrum, weight = (
        compute_spectrum(piece, block),
        compute_spectrum(_pool_energy(piece[None])[0], block // COLUMN_SAMPLES),
    )
    found = []
    for at in range(0, len(spectra), _SEGMENTS_PER_BATCH):
        some = slice(at, at + _SEGMENTS_PER_BATCH)
        shared = invert_spectrum(weight * weights[some], block // COLUMN_SAMPLES)[:, :width] / COLUMN_SAMPLES
        value = invert_spectrum(spectrum * spectra[some], block)[:, : width * COLUMN_SAMPLES]
        np.abs(value, out=value)
        floor = 0.02 * shared.max(axis=1, initial=0.0, keepdims=True) + 1.0
        found.append(_pool_maxima(value) / np.sqrt(np.maximum(shared, 0.0) + floor))
    return np.concatenate(found)


def _choose_segments(samples: int, max_segments: int) -> tuple[int, list[int]]:
    """Segment size and starts (multiples of POOL) in 4 kHz samples.

    Short recordings are covered wholly. Of long ones both ends are covered densely, the rest is
    spread.
    """
    size = int(np.clip(samples / 8, 4 * COARSE_RATE_HZ, MAX_SEGMENT_SAMPLES))
    size = max(COLUMN_SAMPLES, min(size, samples) // COLUMN_SAMPLES * COLUMN_SAMPLES)
    count = -(-samples // size)
    last = max(0, samples - size) // COLUMN_SAMPLES * COLUMN_SAMPLES
    if count <= max_segments:
        return size, sorted(
            {int(start) // COLUMN_SAMPLES * COLUMN_SAMPLES for start in np.linspace(0, last, count)}
        )
    deep = max_segments // 8
    ends = [k * size for k in range(deep)] + [last - k * size for k in range(deep)]
    spread = np.linspace(deep * size, last - deep * size, max_segments - len(ends))
    return size, sorted({int(start) // COLUMN_SAMPLES * COLUMN_SAMPLES for start in (*ends, *spread)})


def _choose_block_size(total: int, size: int) -> int:
    wanted = max(min(total + 2 * size, _MAX_BLOCK_SAMPLES), 2 * size)
    return COLUMN_SAMPLES * choose_fft_size(-(-wanted // COLUMN_SAMPLES))


def _mix_channels(channels: Sequence[WhitenedChannel], start: int, stop: int) -> Row:
    total = channels[0].read_half_rate(start, stop)
    for ear in channels[1:]:
        total = total + ear.read_half_rate(start, stop)
    return total


def _pool_maxima(value: Rows) -> Rows:
    # A maximum over a short last axis takes twice as long.
    return np.maximum.reduceat(value, np.arange(0, value.shape[1], COLUMN_SAMPLES), axis=1)


def _pool_energy(sound: Rows) -> Rows:
    energy: Rows = (sound**2).reshape(len(sound), -1, COLUMN_SAMPLES).sum(axis=2)
    return energy


def count_coarse_samples(channels: Sequence[WhitenedChannel]) -> int:
    """Samples of the longest channel, at 4 kHz."""
    return max(ear.samples for ear in channels) // 2
