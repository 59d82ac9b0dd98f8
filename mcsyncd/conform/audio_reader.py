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

from mcsyncd.conform.grid import SAMPLE_RATE, Grid
from mcsyncd.conform.resample import Resampler, Samples
from mcsyncd.conform.soundtracks import TrackPlan
from mcsyncd.conform.source import opened

HOLE = Fraction(1, 1000)
"""A step of more than this between sound and sound is a hole, and what follows is laid anew."""

_Timed = tuple[Fraction, AudioFrame]
Laid = tuple[int, Samples]
"""Sound and the sample of the grid at which it begins."""


class Sound:
    """All channels of one track at 48 kHz, from tick 0 on; holes are silence.

    The track is cut into runs wherever its time steps by more than `HOLE`. Each run is
    resampled on its own, by the exact ratio of rate and drift, and laid at the sample of its
    first frame's time: concatenating instead would move all sound behind a hole. What lies
    before tick 0 is cut. `holes` and `damaged` count what was met so far; `missing` and `longest` are
    all holes together and the longest of them, in seconds of clip time.
    """

    def __init__(self, path: Path, container: str, track: TrackPlan, grid: Grid, origin_us: int) -> None:
        self._path, self._container, self._track = path, container, track
        self._grid = grid
        self._origin = Fraction(origin_us, 1_000_000)
        self._channels = track.stream.channels
        self._pieces = self._laid()
        self._piece: Laid | None = None
        self._at = 0
        self.holes = 0
        self.missing = self.longest = Fraction(0)
        self.damaged = 0

    def until(self, position: int) -> Samples:
        """Return the samples from where the last call ended up to `position`, silence where there is none."""
        out = np.zeros((max(0, position - self._at), self._channels), np.float32)
        filled = self._at
        while (piece := self._peek()) is not None and piece[0] < position:
            start, samples = piece
            first, last = max(start, filled), min(start + len(samples), position)
            if first < last:
                out[first - self._at : last - self._at] = samples[first - start : last - start]
                filled = last
            rest = samples[max(0, last - start) :]
            self._piece = (last, rest) if last == position and len(rest) else None
        self._at = max(self._at, position)
        return out

    def close(self) -> None:
        """Let go of the file."""
        self._pieces.close()

    def _peek(self) -> Laid | None:
        if self._piece is None:
            self._piece = next(self._pieces, None)
        return self._piece

    def _laid(self) -> Generator[Laid]:
        """Yield the runs, resampled, in pieces."""
        run: _Run | None = None
        for (time, frame), following in _with_next(self._frames()):
            if run is None or not run.continues(time, frame, following):
                if run is not None:
                    self._count(time - run.due)
                    yield from run.rest()
                run = _Run(time, frame, self._track, self._grid)
            yield from run.takes(frame)
        if run is not None:
            yield from run.rest()

    def _count(self, hole: Fraction) -> None:
        """Count a step in time; one back in time is no silence."""
        self.holes += 1
        self.missing += max(Fraction(0), hole)
        self.longest = max(self.longest, hole)

    def _frames(self) -> Iterator[_Timed]:
        """Yield decoded frames with their clip times; one without a time follows the last."""
        due = Fraction(self._track.stream.start_us, 1_000_000) - self._origin
        for frame in self._decoded():
            if frame.pts is not None and frame.time_base:
                due = frame.pts * frame.time_base - self._origin
            # Read before the frame is handed on: the resampler relabels its rate.
            lasts = Fraction(frame.samples, frame.sample_rate)
            yield due, frame
            due += lasts

    def _decoded(self) -> Iterator[AudioFrame]:
        index = self._track.stream.index
        with opened(self._path, self._container, index) as container:
            stream = container.streams[index]
            assert isinstance(stream, AvAudio)
            for packet in container.demux(stream):
                try:
                    yield from packet.decode()
                except av.InvalidDataError:
                    self.damaged += 1


class _Run:
    """A stretch of sound without a hole; `due` is the clip time at which it would go on."""

    def __init__(self, time: Fraction, first: AudioFrame, track: TrackPlan, grid: Grid) -> None:
        self._shape = _shape(first)
        self.due = time
        self._next = grid.sample(time)
        self._resampler = Resampler(first, track.layout, track.stream.channels, SAMPLE_RATE, grid.stretch)

    def continues(self, time: Fraction, frame: AudioFrame, following: Fraction | None) -> bool:
        """Say whether a frame at that time belongs to the run; `following` is the next one's time.

        A frame that lies beside the line, while the next is on it again, has only a wrong time:
        no sound is missing between frames that are together as long as they should be.
        """
        beyond = self.due + Fraction(frame.samples, frame.sample_rate)
        on_line = abs(time - self.due) <= HOLE or (following is not None and abs(following - beyond) <= HOLE)
        return on_line and _shape(frame) == self._shape

    def takes(self, frame: AudioFrame) -> Iterator[Laid]:
        self.due += Fraction(frame.samples, frame.sample_rate)
        return self._place(self._resampler.through(frame))

    def rest(self) -> Iterator[Laid]:
        return self._place(self._resampler.through(None))

    def _place(self, made: Iterator[Samples]) -> Iterator[Laid]:
        for samples in made:
            yield self._next, samples
            self._next += len(samples)


def _with_next(frames: Iterator[_Timed]) -> Iterator[tuple[_Timed, Fraction | None]]:
    """Yield each frame with the time of the one after it; None after the last."""
    held: _Timed | None = None
    for timed in frames:
        if held is not None:
            yield held, timed[0]
        held = timed
    if held is not None:
        yield held, None


def _shape(frame: AudioFrame) -> tuple[int, str, str]:
    return frame.sample_rate, frame.format.name, frame.layout.name
