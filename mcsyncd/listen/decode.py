"""Decoding the audio packets of a file into blocks with exact presentation times."""

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
from mcsyncd.media.decoders import has_decoder

RUN_BREAK_S = Fraction(3, 2000)
"""Seconds between the end of a frame and the time of the next one that begin a new run.

Matroska rounds times to 1 ms, so smaller steps come from the container and not from the recorder.
Lower, every rounded time begins a run; higher, a gap of that length shifts what follows it.
"""

_OGG_JITTER_S = Fraction(1, 40)
"""Seconds by which the times of an Ogg file's frames may err and be right again in the next one. FFmpeg
computes them from packets whose lengths alternate; measured on Vorbis: up to 10 ms. Lower, a piece of music
has hundreds of gaps; higher, a real gap of that length shifts what follows it."""

_BLOCK_SAMPLES = 1 << 15
"""Samples at which a block is complete, 0.7 s at 48 kHz. Judgement: long enough that the work per block in
Python is small against decoding; longer blocks only take memory."""


@dataclass(frozen=True, slots=True)
class AudioBlock:
    """A block of decoded audio without a gap: float32 (channels, samples), full scale 1.0.

    `track` is the stream index. `start` is the presentation time in the file in seconds, None if
    the file has none. `invalid_samples` counts samples that were not numbers and are now 0.
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

    A frame is 21 ms long, so there are 170,000 in an hour, and processing each one in Python costs
    more than decoding it. FFmpeg's queue joins them; everything else is done once per block.
    """

    def __init__(self, track: int, *, jitters: bool) -> None:
        self._track = track
        self._jitters = jitters
        self._tolerance_s = _OGG_JITTER_S if jitters else RUN_BREAK_S
        self._fifo: AudioFifo | None = None
        self._start: int | None = None
        # The time of the frame that later ones are measured from, and the samples since then.
        self._anchor: int | None = None
        self._passed = 0
        self._time_base = Fraction(0)
        self._rate = self._channels = self._count = 0

    def try_append(self, frame: AudioFrame) -> bool:
        """Append a frame if it continues the block and the block is not full; return whether it did."""
        if self._fifo is None or self._count >= _BLOCK_SAMPLES or self._has_time_step(frame.pts):
            return False
        if frame.layout.nb_channels != self._channels:
            return False  # the queue does not check this, and would read past the end of the frame
        pts, frame.pts = frame.pts, None
        try:
            self._fifo.write(frame)
        except ValueError:  # another rate or sample format
            frame.pts = pts
            return False
        self._count += frame.samples
        self._passed += frame.samples
        return True

    def begin_block(self, frame: AudioFrame) -> None:
        """Begin a block with a frame.

        Where times jitter, a block that continues the one before has no time of its own.
        """
        continues = self._jitters and frame.sample_rate == self._rate and not self._has_time_step(frame.pts)
        self._rate, self._channels, self._count = frame.sample_rate, frame.layout.nb_channels, frame.samples
        self._time_base = Fraction(frame.time_base) if frame.time_base else Fraction(0)
        if continues and self._anchor is not None:
            self._start = None
            self._passed += frame.samples
        else:
            self._start = self._anchor = frame.pts if self._time_base else None
            self._passed = frame.samples
        self._scale = self._time_base.numerator * frame.sample_rate
        self._tolerance = int(self._tolerance_s * frame.sample_rate * self._time_base.denominator)
        frame.pts = None
        self._fifo = AudioFifo()
        self._fifo.write(frame)

    def flush_block(self) -> Iterator[AudioBlock]:
        """Yield the block that was begun, if there is one."""
        if self._fifo is None or self._count == 0:
            return
        frame = self._fifo.read(0)
        start = None if self._start is None else self._start * self._time_base
        self._fifo, self._count = None, 0
        if frame is not None:
            samples, invalid = zero_invalid_samples(floats_from_frame(frame))
            yield AudioBlock(self._track, start, self._rate, samples, invalid)

    def _has_time_step(self, pts: int | None) -> bool:
        if pts is None or self._anchor is None:
            return False
        # In integers, scaled by rate and time base: fractions would cost more than the decoding.
        step = (pts - self._anchor) * self._scale - self._passed * self._time_base.denominator
        return abs(step) > self._tolerance


def decode_tracks(container: InputContainer, wanted: Collection[int]) -> Iterator[AudioBlock | DamagedPacket]:
    """Yield the audio of the tracks `wanted` (stream indices) in the order of the file.

    A damaged packet costs only its own time: it is skipped, and the next frame's time shows the gap.
    A file that ends in the middle of a packet ends there. Raises FFmpegError if the file cannot be
    read any further (a failing disk).
    """
    tracks = {
        stream.index: _BlockBuilder(stream.index, jitters="ogg" in container.format.name)
        for stream in container.streams.audio
        if stream.index in wanted and _is_decodable(stream)
    }
    for packet in _demux_packets(
        container, tuple(stream for stream in container.streams.audio if stream.index in tracks)
    ):
        try:
            frames = packet.decode()
        except av.EOFError:
            continue  # the decoder was flushed and has no more frames
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
    return has_decoder(stream) and stream.codec_context.sample_rate > 0
