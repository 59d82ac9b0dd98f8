"""The sound of a clip as a waveform that web players draw: audiowaveform's binary format, version 2.

Format: https://github.com/bbc/audiowaveform/blob/master/doc/DataFormat.md. A header of six
little-endian 32-bit words (version, flags, sample rate, samples per pixel, pixels, channels), then
for each pixel and channel the lowest and the highest sample.

In eight bits, because peaks.js 4.0.0 refuses sixteen; 256 samples of 48 kHz (5.3 ms) per pixel, the
value that its documentation works with, so that its usual zoom levels mean what they say. Levels
are those of the recording: drawn taller or not is for whoever draws.

Made of the analysis audio, so it shows what lies below 4 kHz. That costs no second decoding, and
is what the eye finds syllables and claps by.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcsyncd.listen.peaks.pyramid import reduce_to_cells
from mcsyncd.listen.resample import ANALYSIS_RATE

WAVEFORM_SAMPLE_RATE = 48_000
"""Samples a second of the sound that pixels are counted in: that of every proxy."""
SAMPLES_PER_PIXEL = 256

_VERSION = 2
_FLAG_8_BIT = 1
_PIXEL_S = SAMPLES_PER_PIXEL / WAVEFORM_SAMPLE_RATE
_CHUNK_PIXELS = 1 << 16
"""Pixels at a time, 5.8 minutes: memory does not grow with the clip."""


@dataclass(frozen=True, slots=True)
class FileClock:
    """How a file's clock runs against its clip's: file time = phase + clip time * (1 + drift * 1e-6).

    The default is the clip's own clock.
    """

    phase_us: int = 0
    drift_ppm: float = 0.0

    def clip_s_from_file_s(self, file_s: float) -> float:
        """Return the clip time, in seconds, that the file shows at `file_s`."""
        return (file_s - self.phase_us * 1e-6) / (1 + self.drift_ppm * 1e-6)

    def file_us_from_clip_us(self, clip_us: int) -> int:
        """Return where the file shows clip time `clip_us`, in microseconds."""
        return self.phase_us + round(clip_us * (1 + self.drift_ppm * 1e-6))


def write_waveform(
    path: Path, channels: Sequence[Path], *, start_us: int, clock: FileClock, duration_us: int
) -> None:
    """Write the waveform of a file that lasts `duration_us`: pixel 0 begins with it.

    `channels` are raw analysis audio (int16 at ANALYSIS_RATE) whose first sample lies at clip time
    `start_us`; each is a channel of the waveform, and silence is one where there are none. What lies
    before the file's beginning is left out, as it is in the file. `.part` and rename.

    Raises OSError.
    """
    pixels = max(1, ceil(duration_us * 1e-6 / _PIXEL_S))
    first = (clock.clip_s_from_file_s(0.0) - start_us * 1e-6) * ANALYSIS_RATE
    step = (clock.clip_s_from_file_s(_PIXEL_S) - clock.clip_s_from_file_s(0.0)) * ANALYSIS_RATE
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        shape = (WAVEFORM_SAMPLE_RATE, SAMPLES_PER_PIXEL, pixels, max(1, len(channels)))
        file.write(struct.pack("<iIiiIi", _VERSION, _FLAG_8_BIT, *shape))
        for at in range(0, pixels, _CHUNK_PIXELS):
            count = min(_CHUNK_PIXELS, pixels - at)
            drawn = [_compute_pixels(channel, first + at * step, step, count) for channel in channels]
            file.write(np.stack(drawn or [np.zeros((count, 2), np.int8)], axis=1).tobytes())
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _compute_pixels(channel: Path, first: float, step: float, count: int) -> NDArray[np.int8]:
    """Return lowest and highest sample of `count` pixels of `step` samples, shape (count, 2).

    Read, not mapped: pages of a map count as the daemon's memory until the map is gone.
    """
    begin = max(0, floor(first) - 1)
    wanted = max(0, ceil(first + count * step) + 1 - begin)
    sound = np.fromfile(channel, "<i2", wanted, offset=2 * begin)
    pair = np.stack(reduce_to_cells(sound, sound, first - begin, step, count), axis=1)
    return np.clip(np.rint(pair / 256), -128, 127).astype(np.int8)
