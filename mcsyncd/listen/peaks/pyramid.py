"""Peaks of a clip for drawing: a pyramid of minima and maxima that is cheap to read at any zoom level.

The file, little-endian:

    8 bytes   b"MCPEAKS1"
    4 bytes   length of the header that follows (uint32), padded so that the data begins at a multiple of 64
    header    JSON: rate, start_us (clip time of column 0), base_us (5000), counts (columns of each level),
              full_scale (int16 steps that are drawn as 127), sound (names of the analysis audio beside it)
    levels    for each level: its columns, each two int8, the lowest and the highest sample

A column of level k spans base_us * 2^k. A reader uses the coarsest level that is not coarser than
the requested step; below 5 ms it reads the analysis audio itself. A quiet clip is drawn as tall as
a loud one, because the reviewer compares shapes.

These files serve the review screen only: they exist before the offset is known and are on the
clip's own clock. The published waveform is in a format that other tools read (`peaks.waveform`).
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcsyncd.integrity.derived_file import DerivedFile
from mcsyncd.integrity.disk_errors import name_file
from mcsyncd.listen.resample import ANALYSIS_RATE
from mcsyncd.listen.samples import map_samples
from mcsyncd.model.rendition import WrittenFile

MAGIC = b"MCPEAKS1"
"""First bytes of a peaks file; the digit is the version of the format."""

BASE_COLUMN_US = 5000
"""Microseconds per column of the finest level. Judgement: about a third of a frame at 60 fps. Smaller columns
make the files larger; larger ones make more zoom levels read the analysis audio."""

_BASE_SAMPLES = ANALYSIS_RATE * BASE_COLUMN_US // 1_000_000
"""Samples of analysis audio per column of the finest level."""

_CHUNK_SAMPLES = _BASE_SAMPLES * 40_000
"""Samples processed at once, 200 s: bounds memory. A multiple of `_BASE_SAMPLES`, or columns would be cut."""

_MIN_COLUMNS = 64
"""Columns of the coarsest level, at most: fewer than any screen is wide, so coarser levels are never read."""

_EDGE_TOLERANCE = 1e-6
"""Elements by which a cell's edge may miss a boundary through float rounding. Without it, a column includes
a neighbour's peak."""

Columns = NDArray[np.int8]
"""Lowest or highest samples, one per column, -127..127."""


@dataclass(frozen=True, slots=True)
class _PeaksHeader:
    rate: int
    start_us: int
    base_us: int
    counts: tuple[int, ...]
    full_scale: float
    audio_names: tuple[str, ...]
    data_at: int


def write_peaks(path: Path, channels: Sequence[Path], sample_count: int, start_us: int) -> WrittenFile:
    """Write the peaks file of a clip.

    `channels` are files of analysis audio in the same folder as `path`; a column covers the extremes
    of all of them. `sample_count` is the length of the longest; `start_us` is the clip time of sample 0.
    Raises OSError.
    """
    levels = [_build_base_level(channels, sample_count)]
    while len(levels[-1]) > _MIN_COLUMNS:
        levels.append(_halve_level(levels[-1]))
    scale = _compute_full_scale(levels[0])
    header = {
        "rate": ANALYSIS_RATE,
        "start_us": start_us,
        "base_us": BASE_COLUMN_US,
        "counts": [len(level) for level in levels],
        "full_scale": scale,
        "sound": [channel.name for channel in channels],
    }
    text = json.dumps(header).encode()
    text = text.ljust(-(-(len(text) + 12) // 64) * 64 - 12)
    with DerivedFile(path) as file:
        file.write(MAGIC + struct.pack("<I", len(text)) + text)
        for level in levels:
            file.write(_scale_to_int8(level, scale).tobytes())
    return file.describe()


def read_columns(path: str | Path, start_us: int, step_us: int, count: int) -> tuple[Columns, Columns]:
    """Return the lowest and highest values (int8, -127..127) of `count` columns of `step_us` from `start_us`.

    Times are in microseconds on the clip's own clock; outside its audio both values are 0. A column
    covers every sample within it, whatever level it is read from. Raises OSError, and ValueError if
    the file is not a peaks file.
    """
    path = Path(path)
    header = _read_header(path)
    if step_us < header.base_us:
        from_audio = _read_columns_from_audio(path, header, start_us, step_us, count)
        if from_audio is not None:
            return from_audio
    level = 0
    while level + 1 < len(header.counts) and header.base_us << (level + 1) <= step_us:
        level += 1
    width = header.base_us << level
    first, step = (start_us - header.start_us) / width, step_us / width
    begin, end = _choose_range(first, step, count, header.counts[level])
    at = header.data_at + 2 * (sum(header.counts[:level]) + begin)
    columns = np.frombuffer(_read_range(path, at, 2 * (end - begin)), np.int8).reshape(-1, 2)
    low, high = reduce_to_cells(columns[:, 0], columns[:, 1], first - begin, step, count)
    return low.astype(np.int8, copy=False), high.astype(np.int8, copy=False)


def _choose_range(first: float, step: float, count: int, size: int) -> tuple[int, int]:
    """Return the begin and the end of the elements that the cells of `reduce_to_cells` cover, of `size`."""
    begin = min(max(math.floor(first) - 1, 0), size)
    return begin, min(max(math.ceil(first + step * count) + 1, begin), size)


def _read_range(path: Path, offset: int, size: int) -> bytes:
    """Read a part of a file. With a map, a disk that fails would kill the daemon instead of this request."""
    with name_file(path), path.open("rb") as file:
        file.seek(offset)
        return file.read(size)


def _build_base_level(channels: Sequence[Path], sample_count: int) -> NDArray[np.int16]:
    columns = np.zeros((-(-sample_count // _BASE_SAMPLES), 2), np.int16)
    for channel in channels:
        samples = map_samples(channel)
        for position in range(0, samples.size, _CHUNK_SAMPLES):
            piece = samples[position : position + _CHUNK_SAMPLES]
            piece = np.pad(piece, (0, -piece.size % _BASE_SAMPLES)).reshape(-1, _BASE_SAMPLES)
            target = columns[position // _BASE_SAMPLES : position // _BASE_SAMPLES + len(piece)]
            np.minimum(target[:, 0], piece.min(axis=1), out=target[:, 0])
            np.maximum(target[:, 1], piece.max(axis=1), out=target[:, 1])
    return columns


def _halve_level(level: NDArray[np.int16]) -> NDArray[np.int16]:
    even = np.pad(level, ((0, len(level) % 2), (0, 0)), mode="edge").reshape(-1, 2, 2)
    return np.stack([even[:, :, 0].min(axis=1), even[:, :, 1].max(axis=1)], axis=1)


def _compute_full_scale(base: NDArray[np.int16]) -> float:
    """Return the level drawn as 127: 99.9th percentile, or one knock would flatten the rest."""
    if not len(base):
        return 1.0
    heights = np.maximum(-base[:, 0].astype(np.int32), base[:, 1])
    return max(1.0, float(np.quantile(heights, 0.999)))


def _scale_to_int8(values: NDArray[np.generic], scale: float) -> Columns:
    scaled: Columns = np.clip(np.rint(values.astype(np.float32) * (127.0 / scale)), -127, 127).astype(np.int8)
    return scaled


def _read_header(path: Path) -> _PeaksHeader:
    with name_file(path), path.open("rb") as file:
        magic, length = struct.unpack("<8sI", file.read(12))
        if magic != MAGIC:
            raise ValueError(f"{path.name} is not a peaks file")
        fields = json.loads(file.read(length))
    return _PeaksHeader(
        fields["rate"],
        fields["start_us"],
        fields["base_us"],
        tuple(fields["counts"]),
        fields["full_scale"],
        tuple(fields["sound"]),
        12 + length,
    )


def _read_columns_from_audio(
    path: Path, header: _PeaksHeader, start_us: int, step_us: int, count: int
) -> tuple[Columns, Columns] | None:
    """Read columns finer than the base level from the analysis audio; None if it was removed."""
    files = [path.with_name(name) for name in header.audio_names]
    if not files or not all(file.is_file() for file in files):
        return None
    first = (start_us - header.start_us) * header.rate / 1e6
    step = step_us * header.rate / 1e6
    lows, highs = [], []
    for file in files:
        begin, end = _choose_range(first, step, count, file.stat().st_size // 2)
        samples = np.frombuffer(_read_range(file, 2 * begin, 2 * (end - begin)), "<i2")
        low, high = reduce_to_cells(samples, samples, first - begin, step, count)
        lows.append(low)
        highs.append(high)
    low, high = np.min(lows, axis=0), np.max(highs, axis=0)
    return _scale_to_int8(low, header.full_scale), _scale_to_int8(high, header.full_scale)


def reduce_to_cells(
    low: NDArray[np.generic], high: NDArray[np.generic], first: float, step: float, count: int
) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    """Return the minimum of `low` and the maximum of `high` in each of `count` cells; 0 in empty cells.

    Cell i is [first + i*step, first + (i+1)*step), in elements. An element that is only partly in a
    cell counts too; otherwise a coarse level would lose edges.
    """
    lows, highs = np.zeros(count, low.dtype), np.zeros(count, high.dtype)
    edges = first + step * np.arange(count + 1)
    begins = np.clip(np.floor(edges[:-1] + _EDGE_TOLERANCE), 0, low.size).astype(np.int64)
    ends = np.clip(np.ceil(edges[1:] - _EDGE_TOLERANCE), 0, low.size).astype(np.int64)
    if not (ends > begins).any():
        return lows, highs
    filled = np.flatnonzero(ends > begins)
    base, stop = int(begins[filled[0]]), int(ends[filled].max())
    bounds = np.stack([begins[filled], ends[filled]], axis=1).ravel() - base
    # reduceat needs indices inside the array; the padding is never part of a filled cell.
    lows[filled] = np.minimum.reduceat(np.append(low[base:stop], low[stop - 1]), bounds)[::2]
    highs[filled] = np.maximum.reduceat(np.append(high[base:stop], high[stop - 1]), bounds)[::2]
    return lows, highs
