"""Lays the frames of one audio track on the clip's clock: runs, holes, overlaps."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from mcsyncd.listen.decode import RUN_BREAK_S, AudioBlock, DamagedPacket
from mcsyncd.listen.resample import ANALYSIS_RATE, AnalysisResampler

SUPPORTED_RATES = range(1000, 768_001)
"""Samples a second that are listened to. A slower track has nothing of a voice in it, a faster
one no recorder makes."""


class ChannelFile:
    """One channel of analysis audio on disk: raw little-endian int16, silence is holes.

    `loudest` is the highest RMS of any block about its mean, in int16 steps: an offset is no sound.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sample_count = 0
        self.max_rms = 0.0
        self._file: BinaryIO = path.open("wb")

    def write_block(self, index: int, block: NDArray[np.int16]) -> None:
        """Write `block` at sample `index`; what lies before the end of the last one is trimmed."""
        skip = max(0, self.sample_count - index)
        fresh = block[skip:]
        if fresh.size == 0:
            return
        self.sample_count = index + skip + fresh.size
        if not fresh.any():
            return
        # Seeking past the end leaves a hole that reads as zeros and takes no space.
        self._file.seek(2 * (index + skip))
        self._file.write(fresh.astype("<i2", copy=False).tobytes())
        self.max_rms = max(self.max_rms, float(np.std(fresh, dtype=np.float32)))

    def close(self) -> None:
        """Give the file its full length, which silence at the end has not, and close it."""
        self._file.truncate(2 * self.sample_count)
        self._file.close()


class TrackWriter:
    """One audio track, streamed to a file a channel.

    `origin` is the presentation time of sample 0 in seconds, `limit` the last sample index that
    is believed: a broken time stamp must not make a file of a year's silence.
    """

    def __init__(self, track: int, folder: Path, origin: Fraction, limit: int) -> None:
        self.track = track
        self.channels: list[ChannelFile] = []
        self.gaps = 0
        self.damaged_packets = 0
        self.invalid_samples = 0
        self._folder = folder
        self._origin = origin
        self._limit = limit
        self._resampler: AnalysisResampler | None = None
        self._rate = 0
        self._run_start = Fraction(0)
        self._run_samples = 0

    def write(self, block: AudioBlock | DamagedPacket) -> None:
        """Take the next block of this track."""
        if isinstance(block, DamagedPacket):
            self.damaged_packets += 1
            return
        at = self._expected_start if block.start is None else block.start - self._origin
        if at * ANALYSIS_RATE > self._limit or block.rate not in SUPPORTED_RATES:
            self.damaged_packets += 1
            return
        self.invalid_samples += block.invalid_samples
        sound = self._match_channel_count(block.samples)
        if (
            self._resampler is None
            or block.rate != self._rate
            or abs(at - self._expected_start) > RUN_BREAK_S
        ):
            self._begin_run(at, block.rate, sound.shape[0])
        assert self._resampler is not None
        self._run_samples += sound.shape[1]
        self._write_blocks(self._resampler.push(sound))

    def close(self) -> None:
        """End the last run and the files."""
        if self._resampler is not None:
            self._write_blocks(self._resampler.flush())
        for channel in self.channels:
            channel.close()

    @property
    def _expected_start(self) -> Fraction:
        return self._run_start + Fraction(self._run_samples, self._rate or 1)

    def _match_channel_count(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Keep the number of channels that the track began with: a layout may change in mid-file."""
        if not self.channels:
            self.channels = [
                ChannelFile(self._folder / f"track{self.track}-channel{number}.part")
                for number in range(samples.shape[0])
            ]
        missing = len(self.channels) - samples.shape[0]
        return np.pad(samples, ((0, missing), (0, 0))) if missing > 0 else samples[: len(self.channels)]

    def _begin_run(self, at: Fraction, rate: int, channels: int) -> None:
        if self._resampler is not None:
            self.gaps += at > self._expected_start
            self._write_blocks(self._resampler.flush())
        self._resampler = AnalysisResampler(rate, channels, at)
        self._rate, self._run_start, self._run_samples = rate, at, 0

    def _write_blocks(self, blocks: Iterable[tuple[int, NDArray[np.int16]]]) -> None:
        for index, block in blocks:
            for channel, samples in zip(self.channels, block, strict=True):
                channel.write_block(index, samples)
