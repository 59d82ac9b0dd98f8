"""One audio track, aligned to the session's grid by presentation time and read on demand.

Audio is read through its own file handle, separate from the video's. Each stream is still decoded
only once, and neither has to be buffered for the other. With one shared reader, a file whose
audio and video are interleaved far apart would have to be buffered in memory.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream as AvAudio

from mcsyncd.conform.audio_tracks import SourceTrack
from mcsyncd.conform.curve_resampler import CurveResampler, GridSamples
from mcsyncd.conform.grid import SAMPLE_RATE, Grid
from mcsyncd.conform.resampler import RatioResampler, Samples
from mcsyncd.media.open import open_media

MIN_GAP_S = Fraction(1, 1000)
"""Seconds. A larger step in time starts a new run, at its own timestamp.

Judgement: twice the rounding error of Matroska's millisecond timestamps, and too short to matter for
sync. If it were smaller, rounding would cut the audio into runs; if larger, a real gap could shift all
audio after it by that much.
"""

_TimedAudioFrame = tuple[Fraction, AudioFrame]


class AudioTrackReader:
    """All channels of one track at 48 kHz, from tick 0 on; gaps are silent.

    The track is cut into runs wherever its timestamps step by more than `MIN_GAP_S`. Each run is
    resampled on its own, by the exact ratio of rate and drift, and placed at the sample of its
    first frame's timestamp; then it is moved by the drift curve, where there is one. Concatenating the
    runs instead would shift all audio after a gap. Audio before tick 0 is cut. `gaps` and
    `damaged_packets` are counts so far; `missing_s` and `longest_gap_s` are the total and the longest
    gap, in seconds of clip time.
    """

    def __init__(self, path: Path, container: str, track: SourceTrack, grid: Grid, origin_us: int) -> None:
        self._path, self._container, self._track = path, container, track
        self._grid = grid
        self._origin = Fraction(origin_us, 1_000_000)
        self._channels = track.stream.channels
        self._pieces = self._resample_runs()
        self._piece: GridSamples | None = None
        self._position = 0
        self.gaps = 0
        self.missing_s = self.longest_gap_s = Fraction(0)
        self.damaged_packets = 0

    def read_until(self, position: int) -> Samples:
        """Return the samples from the end of the last call up to `position`, with silence in gaps.

        The shape is (samples, channels). Raises BadMedia or OSError if the source cannot be read.
        """
        out = np.zeros((max(0, position - self._position), self._channels), np.float32)
        filled = self._position
        while (piece := self._peek_piece()) is not None and piece[0] < position:
            start, samples = piece
            first, last = max(start, filled), min(start + len(samples), position)
            if first < last:
                out[first - self._position : last - self._position] = samples[first - start : last - start]
                filled = last
            rest = samples[max(0, last - start) :]
            self._piece = (last, rest) if last == position and len(rest) else None
        self._position = max(self._position, position)
        return out

    def close(self) -> None:
        """Close the file."""
        self._pieces.close()

    def _peek_piece(self) -> GridSamples | None:
        if self._piece is None:
            self._piece = next(self._pieces, None)
        return self._piece

    def _resample_runs(self) -> Generator[GridSamples]:
        """Yield the resampled runs, in pieces."""
        run: _AudioRun | None = None
        for (time, frame), next_time in _pair_with_next_time(self._time_frames()):
            if run is None or not run.is_continued_by(time, frame, next_time):
                if run is not None:
                    self._count_gap(time - run.due_s)
                    yield from run.flush()
                run = _AudioRun(time, frame, self._track, self._grid)
            yield from run.add_frame(frame)
        if run is not None:
            yield from run.flush()

    def _count_gap(self, gap_s: Fraction) -> None:
        """Count a step in time. A step backwards is a gap of length 0."""
        self.gaps += 1
        self.missing_s += max(Fraction(0), gap_s)
        self.longest_gap_s = max(self.longest_gap_s, gap_s)

    def _time_frames(self) -> Iterator[_TimedAudioFrame]:
        """Yield decoded frames with their clip times; a frame without a timestamp follows the last one."""
        due = Fraction(self._track.stream.start_us, 1_000_000) - self._origin
        for frame in self._decode_frames():
            if frame.pts is not None and frame.time_base:
                due = frame.pts * frame.time_base - self._origin
            # Computed before the frame is yielded: the resampler overwrites its sample rate.
            duration = Fraction(frame.samples, frame.sample_rate)
            yield due, frame
            due += duration

    def _decode_frames(self) -> Iterator[AudioFrame]:
        index = self._track.stream.index
        with open_media(self._path, streams=(index,), expected_format=self._container) as container:
            stream = container.streams[index]
            assert isinstance(stream, AvAudio)
            for packet in container.demux(stream):
                try:
                    yield from packet.decode()
                except av.InvalidDataError:
                    self.damaged_packets += 1


class _AudioRun:
    """A run of audio without a gap; `due_s` is the clip time at which its next frame is due."""

    def __init__(self, time: Fraction, first: AudioFrame, track: SourceTrack, grid: Grid) -> None:
        self._format = _get_audio_format(first)
        self.due_s = time
        self._next_sample = grid.line.compute_sample(time)
        self._curve = CurveResampler(grid, self._next_sample) if grid.curve else None
        self._resampler = RatioResampler(
            first, track.layout, track.stream.channels, SAMPLE_RATE, grid.clock_ratio
        )

    def is_continued_by(self, time: Fraction, frame: AudioFrame, next_time: Fraction | None) -> bool:
        """Return whether a frame with that timestamp belongs to the run.

        `next_time` is the timestamp of the frame after it. If that one is on time again, only this
        frame's timestamp is wrong, and no audio is missing.
        """
        end = self.due_s + Fraction(frame.samples, frame.sample_rate)
        on_time = abs(time - self.due_s) <= MIN_GAP_S or (
            next_time is not None and abs(next_time - end) <= MIN_GAP_S
        )
        return on_time and _get_audio_format(frame) == self._format

    def add_frame(self, frame: AudioFrame) -> Iterator[GridSamples]:
        self.due_s += Fraction(frame.samples, frame.sample_rate)
        return self._place_samples(self._resampler.resample_frame(frame))

    def flush(self) -> Iterator[GridSamples]:
        yield from self._place_samples(self._resampler.resample_frame(None))
        if self._curve is not None:
            yield from self._curve.flush()

    def _place_samples(self, blocks: Iterator[Samples]) -> Iterator[GridSamples]:
        for samples in blocks:
            if self._curve is not None:
                yield from self._curve.resample_block(samples)
            else:
                yield self._next_sample, samples
                self._next_sample += len(samples)


def _pair_with_next_time(
    frames: Iterator[_TimedAudioFrame],
) -> Iterator[tuple[_TimedAudioFrame, Fraction | None]]:
    """Yield each frame with the timestamp of the one after it; None after the last."""
    previous: _TimedAudioFrame | None = None
    for current in frames:
        if previous is not None:
            yield previous, current[0]
        previous = current
    if previous is not None:
        yield previous, None


def _get_audio_format(frame: AudioFrame) -> tuple[int, str, str]:
    return frame.sample_rate, frame.format.name, frame.layout.name
