"""The published waveform of a clip, for web players: audiowaveform's binary format, version 2.

Format: https://github.com/bbc/audiowaveform/blob/master/doc/DataFormat.md. A header of six
little-endian 32-bit words (version, flags, sample rate, samples per pixel, pixels, channels), then
for each pixel and channel the lowest and the highest sample.

Samples have 8 bits, because peaks.js 4.0.0 refuses 16. A pixel spans 256 samples at 48 kHz (5.3 ms),
the value that its documentation uses, so that its usual zoom levels are right. Levels are those of
the recording; the player decides how tall to draw them.

It is computed from the analysis audio and therefore shows the band below 4 kHz. That needs no
second decoding, and syllables and claps are visible in this band.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcsyncd.integrity.derived_file import DerivedFile
from mcsyncd.integrity.disk_errors import name_file
from mcsyncd.listen.peaks.pyramid import reduce_to_cells
from mcsyncd.listen.resample import ANALYSIS_RATE
from mcsyncd.model.clip_clock import ClipClock
from mcsyncd.model.drift_curve import DriftCurve, compute_shift_us
from mcsyncd.model.rendition import WrittenFile

WAVEFORM_SAMPLE_RATE = 48_000
"""Samples per second that pixels are counted in: the audio rate of every proxy. Another value would shift
the waveform against the proxy in players."""

SAMPLES_PER_PIXEL = 256
"""Samples per pixel, from the documentation of peaks.js. Players cannot zoom in any further than this."""

_VERSION = 2
"""Version of the format, which the header states; version 2 has several channels."""

_FLAG_8_BIT = 1
"""Flag in the header: samples have 8 bits."""

_PIXEL_S = SAMPLES_PER_PIXEL / WAVEFORM_SAMPLE_RATE
"""Seconds per pixel."""

_CHUNK_PIXELS = 1 << 16
"""Pixels computed at once, 5.8 minutes: bounds memory, whatever the length of the clip."""

_CURVE_CHUNK_PIXELS = 1 << 11
"""The same along a drift curve, which is followed from chunk to chunk. In 11 s, the steepest one (200 ppm)
moves the sound by 2 ms, half a pixel. With more pixels, sound would be drawn where it is not."""


@dataclass(frozen=True, slots=True)
class FileClock:
    """A file's clock relative to its clip's: file time = phase + clip time * (1 + drift * 1e-6) + shift.

    `phase_us` is in microseconds, `drift_ppm` in parts per million; the shift is that of `curve`. The default
    is the clip's own clock.
    """

    phase_us: int = 0
    drift_ppm: float = 0.0
    curve: DriftCurve = ()

    def clip_s_from_file_s(self, file_s: float) -> float:
        """Return the clip time at file time `file_s`, both in seconds."""
        if self.curve:
            clock = ClipClock.from_drift(self.phase_us, self.drift_ppm, self.curve)
            return float(clock.convert_to_clip(Fraction(file_s)))
        return (file_s - self.phase_us * 1e-6) / (1 + self.drift_ppm * 1e-6)

    def file_us_from_clip_us(self, clip_us: int) -> int:
        """Return the file time at clip time `clip_us`, both in microseconds."""
        shift_us = compute_shift_us(self.curve, Fraction(clip_us))
        return self.phase_us + round(clip_us * (1 + self.drift_ppm * 1e-6)) + round(shift_us)


def write_waveform(
    path: Path, channels: Sequence[Path], *, start_us: int, clock: FileClock, duration_us: int
) -> WrittenFile:
    """Write the waveform of a file of `duration_us`, whose first pixel begins with the file.

    `channels` are raw analysis audio (int16 at ANALYSIS_RATE) with the first sample at clip time
    `start_us`. Each becomes a channel of the waveform; without any, there is one silent channel.
    Audio before the beginning of the file is left out, as it is in the file. Raises OSError.
    """
    pixels = max(1, ceil(duration_us * 1e-6 / _PIXEL_S))
    first = (clock.clip_s_from_file_s(0.0) - start_us * 1e-6) * ANALYSIS_RATE
    step = (clock.clip_s_from_file_s(_PIXEL_S) - clock.clip_s_from_file_s(0.0)) * ANALYSIS_RATE
    chunk = _CURVE_CHUNK_PIXELS if clock.curve else _CHUNK_PIXELS
    with DerivedFile(path) as file:
        shape = (WAVEFORM_SAMPLE_RATE, SAMPLES_PER_PIXEL, pixels, max(1, len(channels)))
        file.write(struct.pack("<iIiiIi", _VERSION, _FLAG_8_BIT, *shape))
        for position in range(0, pixels, chunk):
            count = min(chunk, pixels - position)
            begin = first + position * step
            if clock.curve:
                begin = (clock.clip_s_from_file_s(position * _PIXEL_S) - start_us * 1e-6) * ANALYSIS_RATE
            channel_pixels = [_compute_pixels(channel, begin, step, count) for channel in channels]
            file.write(np.stack(channel_pixels or [np.zeros((count, 2), np.int8)], axis=1).tobytes())
    return file.describe()


def _compute_pixels(channel: Path, first: float, step: float, count: int) -> NDArray[np.int8]:
    """Return the lowest and highest sample of `count` pixels of `step` samples, int8 of shape (count, 2).

    The file is read, not mapped: mapped pages count as the process's memory while the map exists.
    """
    begin = max(0, floor(first) - 1)
    wanted = max(0, ceil(first + count * step) + 1 - begin)
    with name_file(channel):
        samples = np.fromfile(channel, "<i2", wanted, offset=2 * begin)
    extremes = np.stack(reduce_to_cells(samples, samples, first - begin, step, count), axis=1)
    return np.clip(np.rint(extremes / 256), -128, 127).astype(np.int8)
