"""One rendition's file: its encoders and its container.

Bit-exact flags on container and codecs, no creation time, fixed threads of type FRAME: PyAV's
default (SLICE) cuts each picture into as many slices as there are threads, and the picture then
changes with their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Self

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.codec.context import Flags, ThreadType
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from mcsyncd.conform.evidence import Evidence, Group, PictureEvidence, SoundEvidence
from mcsyncd.conform.graphs import Painter
from mcsyncd.conform.grid import SAMPLE_RATE
from mcsyncd.conform.plan import FilePlan
from mcsyncd.conform.resample import Samples
from mcsyncd.conform.soundtracks import SoundPlan
from mcsyncd.model.rate import Rate

_MUXER = {
    "movflags": "+faststart",
    # Edit lists are written in this unit; the default of 1/1000 s would round the sound's start.
    "movie_timescale": str(SAMPLE_RATE),
}

_BITEXACT = 0x0400
"""AVFMT_FLAG_BITEXACT: no library version in the file."""


class Writer:
    """Writes one file. Feed it pictures and sound from one thread, then `flush`; leaving closes it."""

    def __init__(self, path: Path, plan: FilePlan, rate: Rate) -> None:
        self._container = av.open(str(path), "w", format=plan.container, container_options=_MUXER)
        self._container.flags |= _BITEXACT
        self._picture = _PictureTrack(self._container, plan, rate) if plan.picture else None
        self._sounds = tuple(_SoundTrack(self._container, sound) for sound in plan.sounds)

    def picture(self, source: VideoFrame, ticks: int) -> None:
        """Show a source picture on the next `ticks` ticks."""
        if self._picture is not None:
            self._container.mux(self._picture.encode(source, ticks))

    def sound(self, tracks: Sequence[Samples]) -> None:
        """Append sound: equally long pieces of every track of the source, in its order."""
        for sound in self._sounds:
            self._container.mux(sound.encode(tracks))

    def flush(self) -> None:
        """Write what the encoders still hold."""
        for track in (self._picture, *self._sounds):
            if track is not None:
                self._container.mux(track.flush())

    def evidence(self) -> Evidence:
        """Return what was picked up, after `flush`."""
        groups, signed = self._picture.evidence() if self._picture else ((), "")
        heard = tuple(sound.evidence for sound in self._sounds)
        samples = max((one.samples for one in heard), default=0)
        return Evidence(groups, samples, tuple(one.pcm for one in heard), signed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Write the index and close the file."""
        self._container.close()


class _PictureTrack:
    def __init__(self, container: av.container.OutputContainer, plan: FilePlan, rate: Rate) -> None:
        encoder, canvas = plan.picture, plan.canvas
        assert encoder is not None
        assert canvas is not None
        stream = container.add_stream(encoder.name, rate=rate.fraction, options=dict(encoder.options))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = canvas.size
        stream.pix_fmt = encoder.fmt
        if plan.timecode:
            stream.metadata["timecode"] = plan.timecode  # the muxer makes a tmcd track of it
        context = stream.codec_context
        context.time_base = 1 / rate.fraction
        context.thread_type = ThreadType.FRAME
        context.thread_count = encoder.threads
        context.flags |= Flags.bitexact
        self._stream, self._painter = stream, Painter(canvas)
        self._time_base = 1 / rate.fraction
        self._tick = 0
        self._evidence = PictureEvidence(stream.codec.canonical_name)

    def encode(self, source: VideoFrame, ticks: int) -> list[Packet[Stream]]:
        picture = self._painter.paint(source)
        packets: list[Packet[Stream]] = []
        for _ in range(ticks):
            picture.pts, picture.time_base = self._tick, self._time_base
            picture.pict_type = 0  # else the camera's own picture types are taken as requests
            packets += self._looked_at(self._stream.encode(picture))
            self._tick += 1
        return packets

    def flush(self) -> list[Packet[Stream]]:
        return self._looked_at(self._stream.encode(None))

    def evidence(self) -> tuple[tuple[Group, ...], str]:
        return self._evidence.groups(), self._evidence.signed

    def _looked_at(self, packets: list[Packet[Stream]]) -> list[Packet[Stream]]:
        self._evidence.take(packets, self._stream.codec_context.extradata)
        return packets


class _SoundTrack:
    def __init__(self, container: av.container.OutputContainer, plan: SoundPlan) -> None:
        encoder = plan.encoder
        stream = container.add_stream(encoder.name, rate=SAMPLE_RATE, layout=plan.layout)
        assert isinstance(stream, AudioStream)
        # Else all but the first are switched off and count as its translations: nobody would hear them.
        stream.disposition = Disposition.default
        context = stream.codec_context
        context.format = encoder.fmt
        context.flags |= Flags.bitexact
        if encoder.bit_rate:
            context.bit_rate = encoder.bit_rate
        context.open()
        self._stream, self._plan = stream, plan
        frame_size = context.frame_size or 1024
        self._fitted = AudioResampler(encoder.fmt, plan.layout, SAMPLE_RATE, frame_size=frame_size)
        self._given = 0
        self.evidence = SoundEvidence(encoder.fmt)

    def encode(self, tracks: Sequence[Samples]) -> list[Packet[Stream]]:
        samples = np.stack([tracks[track][:, channel] for track, channel in self._plan.taken], axis=-1)
        if not len(samples):
            return []
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout=self._plan.given)
        frame.sample_rate = SAMPLE_RATE
        frame.pts, frame.time_base = self._given, Fraction(1, SAMPLE_RATE)
        self._given += len(samples)
        return self._packets(self._fitted.resample(frame))

    def flush(self) -> list[Packet[Stream]]:
        return [*self._packets(self._fitted.resample(None)), *self._stream.encode(None)]

    def _packets(self, frames: Sequence[AudioFrame]) -> list[Packet[Stream]]:
        packets: list[Packet[Stream]] = []
        for frame in frames:
            # Without a time on every frame, AAC in MP4 lands 21 ms late (its priming is lost).
            frame.pts, frame.time_base = self.evidence.samples, Fraction(1, SAMPLE_RATE)
            self.evidence.add(frame)
            packets += self._stream.encode(frame)
        return packets
