"""Writing one audio track to disk by presentation time: gaps become silence, overlaps are trimmed."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcsyncd.integrity.derived_file import DerivedFile
from mcsyncd.listen.decode import RUN_BREAK_S, AudioBlock, DamagedPacket
from mcsyncd.listen.resample import ANALYSIS_RATE, AnalysisResampler
from mcsyncd.model.rendition import WrittenFile

SUPPORTED_RATES = range(1000, 768_001)
"""Sample rates, in samples per second, of tracks that are used. Judgement: a slower track has almost
nothing of a voice in it, and no recorder writes a faster one."""


class ChannelFile:
    """One channel of analysis audio on disk: raw little-endian int16, sparse where it is silent.

    It lies at `path` under a temporary name until it is published or discarded. `max_rms` is the
    highest RMS of any block, in int16 steps, after removing the block's mean, because a constant
    offset is not audible.
    """

    def __init__(self, path: Path, *, durable: bool) -> None:
        self.sample_count = 0
        self.max_rms = 0.0
        self._file = DerivedFile(path, durable=durable)
        self._published = False

    @property
    def path(self) -> Path:
        """Where the samples can be read before the file has its name."""
        return self._file.part

    def write_block(self, index: int, block: NDArray[np.int16]) -> None:
        """Write `block` at sample `index`. The part that overlaps the previous block is dropped."""
        skip = max(0, self.sample_count - index)
        new_samples = block[skip:]
        if new_samples.size == 0:
            return
        self.sample_count = index + skip + new_samples.size
        if not new_samples.any():
            return
        self._file.skip(2 * (index + skip) - self._file.bytes)
        self._file.write(new_samples.astype("<i2", copy=False).tobytes())
        self.max_rms = max(self.max_rms, float(np.std(new_samples, dtype=np.float32)))

    def complete_length(self) -> None:
        """Extend the file to its full length, since trailing silence was not written."""
        self._file.skip(2 * self.sample_count - self._file.bytes)
        self._file.complete_length()

    def publish(self) -> WrittenFile:
        """Give the file its name, for good."""
        self._published = True
        return self._file.publish()

    def discard(self) -> None:
        """Remove the file, unless it was published."""
        if not self._published:
            self._file.discard()


class TrackWriter:
    """Writes one audio track to one file per channel, block by block.

    `track` is the stream index, `origin` the presentation time of sample 0 in seconds. `limit` is the
    last sample index that is accepted: a broken time stamp must not create a year of silence.
    Without `durable`, the files are not flushed to the disk.
    `gaps`, `damaged_packets` and `invalid_samples` count what was replaced by silence.
    """

    def __init__(
        self, track: int, folder: Path, origin: Fraction, limit: int, *, durable: bool = True
    ) -> None:
        self.track = track
        self.channels: list[ChannelFile] = []
        self.gaps = 0
        self.damaged_packets = 0
        self.invalid_samples = 0
        self._folder = folder
        self._origin = origin
        self._limit = limit
        self._durable = durable
        self._resampler: AnalysisResampler | None = None
        self._rate = 0
        self._run_start = Fraction(0)
        self._run_samples = 0

    def write(self, block: AudioBlock | DamagedPacket) -> None:
        """Write the next block of this track. Raises OSError."""
        if isinstance(block, DamagedPacket):
            self.damaged_packets += 1
            return
        time_s = self._expected_start if block.start is None else block.start - self._origin
        if time_s * ANALYSIS_RATE > self._limit or block.rate not in SUPPORTED_RATES:
            self.damaged_packets += 1
            return
        self.invalid_samples += block.invalid_samples
        samples = self._match_channel_count(block.samples)
        if (
            self._resampler is None
            or block.rate != self._rate
            or abs(time_s - self._expected_start) > RUN_BREAK_S
        ):
            self._begin_run(time_s, block.rate, samples.shape[0])
        assert self._resampler is not None
        self._run_samples += samples.shape[1]
        self._write_blocks(self._resampler.push(samples))

    def finish(self) -> None:
        """Write the last run; the channels can then be read."""
        if self._resampler is not None:
            self._write_blocks(self._resampler.flush())
        for channel in self.channels:
            channel.complete_length()

    def discard(self) -> None:
        """Remove the channels that were not published."""
        for channel in self.channels:
            channel.discard()

    @property
    def end_us(self) -> int:
        """Where the sound ends that was written so far, in microseconds from sample 0."""
        return round(self._expected_start * 1_000_000)

    @property
    def _expected_start(self) -> Fraction:
        return self._run_start + Fraction(self._run_samples, self._rate or 1)

    def _match_channel_count(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Pad or cut to the number of channels that the track began with: a layout may change in mid-file."""
        if not self.channels:
            self.channels = [
                ChannelFile(self._folder / f"track{self.track}-channel{number}.s16", durable=self._durable)
                for number in range(samples.shape[0])
            ]
        missing = len(self.channels) - samples.shape[0]
        return np.pad(samples, ((0, missing), (0, 0))) if missing > 0 else samples[: len(self.channels)]

    def _begin_run(self, time_s: Fraction, rate: int, channels: int) -> None:
        if self._resampler is not None:
            self.gaps += time_s > self._expected_start
            self._write_blocks(self._resampler.flush())
        self._resampler = AnalysisResampler(rate, channels, time_s)
        self._rate, self._run_start, self._run_samples = rate, time_s, 0

    def _write_blocks(self, blocks: Iterable[tuple[int, NDArray[np.int16]]]) -> None:
        for index, block in blocks:
            for channel, samples in zip(self.channels, block, strict=True):
                channel.write_block(index, samples)
