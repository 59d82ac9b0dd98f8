"""The peaks of a clip for the eye: a pyramid of minima and maxima that is cheap to read anywhere.

The file, little-endian:

    8 bytes   b"MCPEAKS1"
    4 bytes   length of the header that follows (uint32), padded so that the data begins at a multiple of 64
    header    JSON: rate, start_us (clip time of column 0), base_us (5000), counts (columns of each level),
              full_scale (int16 steps that are drawn as 127), sound (names of the analysis audio beside it)
    levels    for each level in turn: count columns of two int8, lowest and highest

Level k has columns of base_us * 2^k. A reader takes the coarsest level that is not coarser than
what is asked for; below 5 ms it reads the analysis audio itself. A clip that is quiet throughout
is drawn as tall as a loud one: the eye compares shapes, and the ledger keeps the gain.

It is the review's alone, from before there is an answer, on the clip's own clock. What is published
is in a format that others read (`listen.waveform`).
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcsyncd.listen.resample import ANALYSIS_RATE

MAGIC = b"MCPEAKS1"
BASE_COLUMN_US = 5000
_BASE_SAMPLES = ANALYSIS_RATE * BASE_COLUMN_US // 1_000_000
_CHUNK_SAMPLES = _BASE_SAMPLES * 40_000
_MIN_COLUMNS = 64
_EDGE_TOLERANCE = 1e-6
Columns = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class _PeaksHeader:
    rate: int
    start_us: int
    base_us: int
    counts: tuple[int, ...]
    full_scale: float
    audio_names: tuple[str, ...]
    data_at: int


def write_peaks(path: Path, channels: Sequence[Path], sample_count: int, start_us: int) -> None:
    """Write the pyramid of a clip.

    `channels` are files of analysis audio beside `path`; what any of them shows is shown.
    `samples` is the length of the longest. `.part` and rename.
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
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(MAGIC + struct.pack("<I", len(text)) + text)
        for level in levels:
            file.write(_scale_to_int8(level, scale).tobytes())
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def read_columns(path: str | Path, start_us: int, step_us: int, count: int) -> tuple[Columns, Columns]:
    """Return lowest and highest (int8, -127..127) of `count` columns of `step_us` from `start_us`.

    Times are on the clip's own clock; outside of its sound both are 0. A column shows every
    sample that lies in it, whatever level it is read from.
    """
    path = Path(path)
    header = _read_header(path)
    if step_us < header.base_us:
        fine = _read_columns_from_audio(path, header, start_us, step_us, count)
        if fine is not None:
            return fine
    level = 0
    while level + 1 < len(header.counts) and header.base_us << (level + 1) <= step_us:
        level += 1
    pairs = _map_level(path, header, level)
    width = header.base_us << level
    first = (start_us - header.start_us) / width
    low, high = reduce_to_cells(pairs[:, 0], pairs[:, 1], first, step_us / width, count)
    return low.astype(np.int8, copy=False), high.astype(np.int8, copy=False)


def _build_base_level(channels: Sequence[Path], sample_count: int) -> NDArray[np.int16]:
    pairs = np.zeros((-(-sample_count // _BASE_SAMPLES), 2), np.int16)
    for channel in channels:
        sound = np.memmap(channel, "<i2", "r") if channel.stat().st_size else np.zeros(0, np.int16)
        for at in range(0, sound.size, _CHUNK_SAMPLES):
            piece = sound[at : at + _CHUNK_SAMPLES]
            piece = np.pad(piece, (0, -piece.size % _BASE_SAMPLES)).reshape(-1, _BASE_SAMPLES)
            into = pairs[at // _BASE_SAMPLES : at // _BASE_SAMPLES + len(piece)]
            np.minimum(into[:, 0], piece.min(axis=1), out=into[:, 0])
            np.maximum(into[:, 1], piece.max(axis=1), out=into[:, 1])
    return pairs


def _halve_level(level: NDArray[np.int16]) -> NDArray[np.int16]:
    even = np.pad(level, ((0, len(level) % 2), (0, 0)), mode="edge").reshape(-1, 2, 2)
    return np.stack([even[:, :, 0].min(axis=1), even[:, :, 1].max(axis=1)], axis=1)


def _compute_full_scale(base: NDArray[np.int16]) -> float:
    """The level drawn as 127: one knock in a thousand columns must not flatten the rest."""
    if not len(base):
        return 1.0
    heights = np.maximum(-base[:, 0].astype(np.int32), base[:, 1])
    return max(1.0, float(np.quantile(heights, 0.999)))


def _scale_to_int8(values: NDArray[np.generic], scale: float) -> Columns:
    scaled: Columns = np.clip(np.rint(values.astype(np.float32) * (127.0 / scale)), -127, 127).astype(np.int8)
    return scaled


def _read_header(path: Path) -> _PeaksHeader:
    with path.open("rb") as file:
        magic, length = struct.unpack("<8sI", file.read(12))
        if magic != MAGIC:
            raise ValueError(f"{path.name} is not a file of peaks")
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


def _map_level(path: Path, header: _PeaksHeader, level: int) -> Columns:
    length = header.counts[level]
    if length == 0:
        return np.zeros((0, 2), np.int8)
    offset = header.data_at + 2 * sum(header.counts[:level])
    return np.memmap(path, np.int8, "r", offset, (length, 2))


def _read_columns_from_audio(
    path: Path, header: _PeaksHeader, start_us: int, step_us: int, count: int
) -> tuple[Columns, Columns] | None:
    """Read columns finer than the base from the analysis audio; None where it is gone."""
    files = [path.with_name(name) for name in header.audio_names]
    if not files or not all(file.is_file() for file in files):
        return None
    first = (start_us - header.start_us) * header.rate / 1e6
    step = step_us * header.rate / 1e6
    lows, highs = [], []
    for file in files:
        sound = np.memmap(file, "<i2", "r")
        low, high = reduce_to_cells(sound, sound, first, step, count)
        lows.append(low)
        highs.append(high)
    low, high = np.min(lows, axis=0), np.max(highs, axis=0)
    return _scale_to_int8(low, header.full_scale), _scale_to_int8(high, header.full_scale)


def reduce_to_cells(
    low: NDArray[np.generic], high: NDArray[np.generic], first: float, step: float, count: int
) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    """Return the minimum of `low` and the maximum of `high` in each of `count` cells, 0 outside of them.

    Cell i is [first + i*step, first + (i+1)*step), in elements. Elements that lie in a cell only in
    part belong to it too, or a coarse level would lose edges.
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
    # reduceat wants indices inside the array; the pad is never part of a wanted cell.
    lows[filled] = np.minimum.reduceat(np.append(low[base:stop], low[stop - 1]), bounds)[::2]
    highs[filled] = np.maximum.reduceat(np.append(high[base:stop], high[stop - 1]), bounds)[::2]
    return lows, highs
