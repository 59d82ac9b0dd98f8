"""The only place that decodes: the audio packets of a file, in blocks, with exact times."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from numpy.typing import NDArray

from mcsyncd.listen.floats import floats_from_frame, zero_invalid_samples

RUN_BREAK_S = Fraction(3, 2000)
"""A step of more than 1.5 ms between a frame's end and the next one's time begins a new run.

Matroska rounds times to 1 ms, so that smaller steps are the container's, not the recorder's.
"""

_BLOCK_SAMPLES = 1 << 15


@dataclass(frozen=True, slots=True)
class AudioBlock:
    """A block of decoded sound without a hole: float32 (channels, samples), full scale 1.0.

    `start` is its presentation time in the file in seconds, None where the file gives none.
    `broken` counts the samples that were no numbers; they are 0.
    """

    track: int
    start: Fraction | None
    rate: int
    samples: NDArray[np.float32]
    invalid_samples: int = 0


@dataclass(frozen=True, slots=True)
class DamagedPacket:
    """A packet of a track that could not be decoded."""

    track: int


class _BlockBuilder:
    """Joins the frames of one track into blocks.

    A frame is 21 ms, 170,000 of them an hour: what is done for each costs more than the decoding
    when it is done in Python. FFmpeg's queue joins them, and all else is done once a block.
    """

    def __init__(self, track: int) -> None:
        self._track = track
        self._fifo: AudioFifo | None = None
        self._start: int | None = None
        self._time_base = Fraction(0)
        self._rate = self._channels = self._count = 0

    def try_append(self, frame: AudioFrame) -> bool:
        """Append a frame, if it joins on and the block is not full yet."""
        if self._fifo is None or self._count >= _BLOCK_SAMPLES or self._has_time_step(frame.pts):
            return False
        if frame.layout.nb_channels != self._channels:
            return False  # the queue does not look, and reads past the end of what is there
        pts, frame.pts = frame.pts, None
        try:
            self._fifo.write(frame)
        except ValueError:  # of another rate or sample format
            frame.pts = pts
            return False
        self._count += frame.samples
        return True

    def begin_block(self, frame: AudioFrame) -> None:
        """Open a block with a frame."""
        self._rate, self._channels, self._count = frame.sample_rate, frame.layout.nb_channels, frame.samples
        self._time_base = Fraction(frame.time_base) if frame.time_base else Fraction(0)
        self._start = frame.pts if self._time_base else None
        self._scale = self._time_base.numerator * frame.sample_rate
        self._tolerance = int(RUN_BREAK_S * frame.sample_rate * self._time_base.denominator)
        frame.pts = None
        self._fifo = AudioFifo()
        self._fifo.write(frame)

    def flush_block(self) -> Iterator[AudioBlock]:
        """Yield what is there."""
        if self._fifo is None or self._count == 0:
            return
        frame = self._fifo.read(0)
        start = None if self._start is None else self._start * self._time_base
        self._fifo, self._count = None, 0
        if frame is not None:
            sound, broken = zero_invalid_samples(floats_from_frame(frame))
            yield AudioBlock(self._track, start, self._rate, sound, broken)

    def _has_time_step(self, pts: int | None) -> bool:
        if pts is None or self._start is None:
            return False
        late = (pts - self._start) * self._scale - self._count * self._time_base.denominator
        return abs(late) > self._tolerance


def decode_tracks(container: InputContainer, wanted: Collection[int]) -> Iterator[AudioBlock | DamagedPacket]:
    """Yield the sound of the tracks `wanted` (stream indices) in the order of the file.

    A damaged packet costs its own time and no more: it is skipped, and the gap that it leaves
    shows in the next frame's time. A file that ends in the middle of a packet ends there. Raises
    FFmpegError when the file cannot be read on (a failing disk).
    """
    tracks = {
        stream.index: _BlockBuilder(stream.index)
        for stream in container.streams.audio
        if stream.index in wanted and _is_decodable(stream)
    }
    for packet in _demux_packets(
        container, tuple(one for one in container.streams.audio if one.index in tracks)
    ):
        try:
            frames = packet.decode()
        except av.EOFError:
            continue  # a decoder that has been emptied has no more
        except av.FFmpegError:
            yield DamagedPacket(packet.stream_index)
            continue
        for frame in frames:
            track = tracks[packet.stream_index]
            if not track.try_append(frame):
                yield from track.flush_block()
                track.begin_block(frame)
    for track in tracks.values():
        yield from track.flush_block()


def _demux_packets(
    container: InputContainer, streams: tuple[AudioStream, ...]
) -> Iterator[Packet[AudioStream]]:
    if not streams:
        return
    try:
        yield from container.demux(streams)
    except (av.EOFError, av.InvalidDataError):
        return


def _is_decodable(stream: AudioStream) -> bool:
    # A track that FFmpeg has no decoder for has no codec context.
    return stream.codec_context is not None and stream.codec_context.sample_rate > 0
