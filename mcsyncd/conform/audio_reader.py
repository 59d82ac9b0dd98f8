"""One audio track laid on the session's grid by presentation time, pulled as it is needed.

The sound has a reader of its own on the file, apart from the picture's. Both streams are decoded
once all the same, and neither has to be held in memory for the other: in a file whose sound and
picture lie far apart, one shared reader would have to.
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
from mcsyncd.conform.grid import SAMPLE_RATE, Grid
from mcsyncd.conform.resampler import RatioResampler, Samples
from mcsyncd.media.open import open_media

MIN_GAP_S = Fraction(1, 1000)
"""A step of more than this between sound and sound is a hole, and what follows is laid anew."""

_TimedAudioFrame = tuple[Fraction, AudioFrame]
GridSamples = tuple[int, Samples]
"""Sound and the sample of the grid at which it begins."""


class AudioTrackReader:
    """All channels of one track at 48 kHz, from tick 0 on; holes are silence.

    The track is cut into runs wherever its time steps by more than `HOLE`. Each run is
    resampled on its own, by the exact ratio of rate and drift, and laid at the sample of its
    first frame's time: concatenating instead would move all sound behind a hole. What lies
    before tick 0 is cut. `holes` and `damaged` count what was met so far; `missing` and `longest` are
    all holes together and the longest of them, in seconds of clip time.
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
        """Return the samples from where the last call ended up to `position`, silence where there is none."""
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
        """Let go of the file."""
        self._pieces.close()

    def _peek_piece(self) -> GridSamples | None:
        if self._piece is None:
            self._piece = next(self._pieces, None)
        return self._piece

    def _resample_runs(self) -> Generator[GridSamples]:
        """Yield the runs, resampled, in pieces."""
        run: _AudioRun | None = None
        for (time, frame), following in _pair_with_next_time(self._time_frames()):
            if run is None or not run.is_continued_by(time, frame, following):
                if run is not None:
                    self._count_gap(time - run.due_s)
                    yield from run.flush()
                run = _AudioRun(time, frame, self._track, self._grid)
            yield from run.add_frame(frame)
        if run is not None:
            yield from run.flush()

    def _count_gap(self, gap_s: Fraction) -> None:
        """Count a step in time; one back in time is no silence."""
        self.gaps += 1
        self.missing_s += max(Fraction(0), gap_s)
        self.longest_gap_s = max(self.longest_gap_s, gap_s)

    def _time_frames(self) -> Iterator[_TimedAudioFrame]:
        """Yield decoded frames with their clip times; one without a time follows the last."""
        due = Fraction(self._track.stream.start_us, 1_000_000) - self._origin
        for frame in self._decode_frames():
            if frame.pts is not None and frame.time_base:
                due = frame.pts * frame.time_base - self._origin
            # Read before the frame is handed on: the resampler relabels its rate.
            lasts = Fraction(frame.samples, frame.sample_rate)
            yield due, frame
            due += lasts

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
    """A stretch of sound without a hole; `due` is the clip time at which it would go on."""

    def __init__(self, time: Fraction, first: AudioFrame, track: SourceTrack, grid: Grid) -> None:
        self._format = _get_audio_format(first)
        self.due_s = time
        self._next_sample = grid.compute_sample(time)
        self._resampler = RatioResampler(
            first, track.layout, track.stream.channels, SAMPLE_RATE, grid.clock_ratio
        )

    def is_continued_by(self, time: Fraction, frame: AudioFrame, following: Fraction | None) -> bool:
        """Say whether a frame at that time belongs to the run; `following` is the next one's time.

        A frame that lies beside the line, while the next is on it again, has only a wrong time:
        no sound is missing between frames that are together as long as they should be.
        """
        beyond = self.due_s + Fraction(frame.samples, frame.sample_rate)
        on_line = abs(time - self.due_s) <= MIN_GAP_S or (
            following is not None and abs(following - beyond) <= MIN_GAP_S
        )
        return on_line and _get_audio_format(frame) == self._format

    def add_frame(self, frame: AudioFrame) -> Iterator[GridSamples]:
        self.due_s += Fraction(frame.samples, frame.sample_rate)
        return self._number_samples(self._resampler.resample_frame(frame))

    def flush(self) -> Iterator[GridSamples]:
        return self._number_samples(self._resampler.resample_frame(None))

    def _number_samples(self, made: Iterator[Samples]) -> Iterator[GridSamples]:
        for samples in made:
            yield self._next_sample, samples
            self._next_sample += len(samples)


def _pair_with_next_time(
    frames: Iterator[_TimedAudioFrame],
) -> Iterator[tuple[_TimedAudioFrame, Fraction | None]]:
    """Yield each frame with the time of the one after it; None after the last."""
    held: _TimedAudioFrame | None = None
    for timed in frames:
        if held is not None:
            yield held, timed[0]
        held = timed
    if held is not None:
        yield held, None


def _get_audio_format(frame: AudioFrame) -> tuple[int, str, str]:
    return frame.sample_rate, frame.format.name, frame.layout.name
