"""Votes for lags: segments of the shorter recording, each correlated with the whole of the longer one.

Computed by overlap-save at 4 kHz, so memory stays flat. z(lag) = corr(x, y) / sqrt(corr(x^2, y^2))
is near N(0, 1) where nothing is shared, whatever the overlap. So ten shared seconds at one end are
judged like an hour in the middle. A partial overlap always contains one end of the shorter
recording, so the segments are densest at both ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync.transform import choose_fft_size, compute_spectrum, invert_spectrum
from mcsyncd.sync.whitening import WhitenedChannel

COARSE_RATE_HZ = 4000
"""Samples a second: half the analysis rate, for speed. Every size below counts these samples."""
COLUMN_SAMPLES = 20
"""Lags pooled into one column, 5 ms. From the prototypes: drift within a segment stays in its column. Fewer
cost memory, more blur the answer beyond what the fine stage reaches."""
COLUMN_S = COLUMN_SAMPLES / COARSE_RATE_HZ
"""Seconds a column."""
MAX_SEGMENT_SAMPLES = 16 * COARSE_RATE_HZ
"""Samples, 16 s. Judgement: at 300 ppm a segment drifts by 5 ms, one column; longer ones smear."""
_MIN_SEGMENT_SAMPLES = 4 * COARSE_RATE_HZ
"""Samples, 4 s. From the prototypes (3 to 8 s): shorter segments have too little significance."""
_EXPECTED_MEDIAN_Z = 2.12
"""No unit: the median of the largest of 20 |N(0, 1)| (one column). Follows from `COLUMN_SAMPLES`."""
_MIN_Z = 3.3
"""No unit: the |z| that the largest of 20 |N(0, 1)| exceeds by chance in one column of fifty. Lower stores
more noise (memory grows), higher loses weak evidence."""
_EVIDENCE_EXPONENT = 1.5
"""Power of what |z| exceeds `_MIN_Z` by. From the prototypes: strong segments count more, but none outvotes
all others."""
_MAX_MEDIAN_COLUMNS = 100_000
"""Columns of a segment that its median is taken from. Measured: with more it moves by less than 0.01."""
_MAX_BLOCK_SAMPLES = 15 << 14
"""Samples, 61 s. 245 760 is a fast size (`choose_fft_size`). Judgement: larger blocks leave the processor's
cache, smaller ones repeat more of the overlap. Sums differ in their last digits."""
_SEGMENTS_PER_BATCH = 4
"""Segments transformed together. Measured: numpy transforms four in the time of two; more cost memory."""
_MIN_SHARED_SHARE = 0.02
"""Share of the largest overlap energy added to the variance. Judgement: z stays finite at the ends; a larger
share lowers z in quiet passages."""

Row = NDArray[np.float32]
Rows = NDArray[np.float32]
Columns = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Votes:
    """The evidence of every segment, stored only where there is any.

    A column is a lag, `(column + first_column) * COLUMN_S`: time in the longer recording minus time
    in the shorter one. For segment k, `evidence[k]` is (|z| - 3.3)^1.5 of the best |z| within each of
    the columns `columns[k]`, which are sorted; elsewhere it is zero. `overlap_counts[column]` counts
    the segments that overlap the longer recording there, `times` are the segments' centres.
    """

    columns: tuple[Columns, ...]
    evidence: tuple[Row, ...]
    overlap_counts: NDArray[np.uint8]
    first_column: int
    times: NDArray[np.float64]


class _Tally:
    """Collects |z| block by block: what may be evidence, and enough of the rest for its median.

    The whole table takes hundreds of megabytes for hours of audio, and one column in fifty is evidence.
    """

    def __init__(self, shifts: Sequence[int], width: int) -> None:
        self._shifts, self._stride = shifts, 1 + width // _MAX_MEDIAN_COLUMNS
        nothing = np.zeros((len(shifts), 0), np.float32)
        self._exceedances = [_Exceedances.from_block(0, nothing)]
        self._median_samples: list[Rows] = [nothing]
        self._overlap_counts = np.zeros(width, np.uint8)

    def add(self, column: int, z: Rows) -> None:
        """Add |z| of all segments, shape (segments, columns), from `column` on, before their shifts."""
        for shift, row in zip(self._shifts, z, strict=True):
            self._overlap_counts[shift + column : shift + column + row.size] += row > 0
        self._exceedances.append(_Exceedances.from_block(column, z))
        self._median_samples.append(z[:, :: self._stride].copy())

    def build_votes(self, first: int, times: NDArray[np.float64]) -> Votes:
        """Turn |z| into evidence, each segment's relative to its own noise."""
        columns, evidence = [], []
        samples = np.concatenate(self._median_samples, axis=1)
        for segment, shift in enumerate(self._shifts):
            overlapping = samples[segment][samples[segment] > 0]
            noise = max(1.0, float(np.median(overlapping)) / _EXPECTED_MEDIAN_Z) if overlapping.size else 1.0
            parts = [block.select_segment(segment) for block in self._exceedances]
            excess = np.concatenate([z for _, z in parts]) / np.float32(noise) - np.float32(_MIN_Z)
            positive = excess > 0
            columns.append(np.concatenate([column for column, _ in parts])[positive] + np.int32(shift))
            evidence.append((excess[positive] ** _EVIDENCE_EXPONENT).astype(np.float32))
        return Votes(tuple(columns), tuple(evidence), self._overlap_counts, first, times)


@dataclass(frozen=True, slots=True)
class _Exceedances:
    """Where |z| of one block exceeds `_MIN_Z`: segment k has `columns` and `z` [ends[k], ends[k + 1]).

    Four hours have five million of them: hence six bytes each, in few arrays. `columns` count from
    the block's own `column`; a block has about twelve thousand, so 16 bits hold them.
    """

    column: int
    ends: NDArray[np.intp]
    columns: NDArray[np.uint16]
    z: Row

    @classmethod
    def from_block(cls, column: int, z: Rows) -> _Exceedances:
        """Pick the exceedances from a block of |z| that begins at `column`."""
        segments, columns = np.nonzero(z > _MIN_Z)
        ends = np.searchsorted(segments, np.arange(len(z) + 1))
        return cls(column, ends, columns.astype(np.uint16), z[segments, columns])

    def select_segment(self, segment: int) -> tuple[Columns, Row]:
        """Return the columns of one segment, before its shift, and |z| there."""
        chosen = slice(self.ends[segment], self.ends[segment + 1])
        return self.columns[chosen].astype(np.int32) + np.int32(self.column), self.z[chosen]


def cast_votes(
    longer: Sequence[WhitenedChannel], shorter: Sequence[WhitenedChannel], max_segments: int
) -> Votes:
    """Correlate up to `max_segments` segments of the shorter recording with all of the longer one."""
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


def count_coarse_samples(channels: Sequence[WhitenedChannel]) -> int:
    """Return the length of the longest channel, in samples at 4 kHz."""
    return max(channel.samples for channel in channels) // 2


def _correlate_blocks(
    longer: Sequence[WhitenedChannel], shorter: Sequence[WhitenedChannel], size: int, starts: Sequence[int]
) -> Iterator[tuple[int, Rows]]:
    """Yield every segment's |z| along the longer recording, block by block: first column, values.

    A generator, so that the segments' transforms are freed with the last block.
    """
    total = count_coarse_samples(longer)
    block_size = _choose_block_size(total, size)
    hop = (block_size - size) // COLUMN_SAMPLES * COLUMN_SAMPLES
    segments = np.stack([_mix_channels(shorter, start, start + size) for start in starts])
    spectra = compute_spectrum(segments, block_size)
    weights = compute_spectrum(_pool_energy(segments), block_size // COLUMN_SAMPLES)
    del segments
    np.conj(spectra, out=spectra)
    np.conj(weights, out=weights)
    for at in range(-size, total, hop):
        block = _mix_channels(longer, at, at + block_size)
        if block.any():
            yield (
                (at + size) // COLUMN_SAMPLES,
                _correlate_block(block, spectra, weights, hop // COLUMN_SAMPLES),
            )


def _correlate_block(
    block: Row, spectra: NDArray[np.complex64], weights: NDArray[np.complex64], width: int
) -> Rows:
    """Return every segment's |z| against a block of the longer recording, the best of each column."""
    size = block.size
    spectrum = compute_spectrum(block, size)
    weight = compute_spectrum(_pool_energy(block[None])[0], size // COLUMN_SAMPLES)
    batches = []
    for at in range(0, len(spectra), _SEGMENTS_PER_BATCH):
        batch = slice(at, at + _SEGMENTS_PER_BATCH)
        shared = invert_spectrum(weight * weights[batch], size // COLUMN_SAMPLES)[:, :width] / COLUMN_SAMPLES
        value = invert_spectrum(spectrum * spectra[batch], size)[:, : width * COLUMN_SAMPLES]
        np.abs(value, out=value)
        floor = _MIN_SHARED_SHARE * shared.max(axis=1, initial=0.0, keepdims=True) + 1.0
        batches.append(_pool_maxima(value) / np.sqrt(np.maximum(shared, 0.0) + floor))
    return np.concatenate(batches)


def _choose_segments(samples: int, max_segments: int) -> tuple[int, list[int]]:
    """Return segment size and starts (multiples of COLUMN_SAMPLES), in samples at 4 kHz.

    Short recordings are covered completely. Of long ones both ends are covered densely and the rest
    is sampled.
    """
    size = int(np.clip(samples / 8, _MIN_SEGMENT_SAMPLES, MAX_SEGMENT_SAMPLES))
    size = max(COLUMN_SAMPLES, min(size, samples) // COLUMN_SAMPLES * COLUMN_SAMPLES)
    count = -(-samples // size)
    last = max(0, samples - size) // COLUMN_SAMPLES * COLUMN_SAMPLES
    if count <= max_segments:
        return size, sorted(
            {int(start) // COLUMN_SAMPLES * COLUMN_SAMPLES for start in np.linspace(0, last, count)}
        )
    # Judgement: an eighth of the segments at each end, side by side.
    dense = max_segments // 8
    ends = [k * size for k in range(dense)] + [last - k * size for k in range(dense)]
    spread = np.linspace(dense * size, last - dense * size, max_segments - len(ends))
    return size, sorted({int(start) // COLUMN_SAMPLES * COLUMN_SAMPLES for start in (*ends, *spread)})


def _choose_block_size(total: int, size: int) -> int:
    wanted = max(min(total + 2 * size, _MAX_BLOCK_SAMPLES), 2 * size)
    return COLUMN_SAMPLES * choose_fft_size(-(-wanted // COLUMN_SAMPLES))


def _mix_channels(channels: Sequence[WhitenedChannel], start: int, stop: int) -> Row:
    mixed = channels[0].read_half_rate(start, stop)
    for channel in channels[1:]:
        mixed = mixed + channel.read_half_rate(start, stop)
    return mixed


def _pool_maxima(values: Rows) -> Rows:
    # A reshape and a maximum over the short last axis take twice as long.
    return np.maximum.reduceat(values, np.arange(0, values.shape[1], COLUMN_SAMPLES), axis=1)


def _pool_energy(samples: Rows) -> Rows:
    energy: Rows = (samples**2).reshape(len(samples), -1, COLUMN_SAMPLES).sum(axis=2)
    return energy
