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

from mcsyncd.conform.audio_tracks import AudioTrackPlan
from mcsyncd.conform.evidence import AudioEvidence, FrameEvidence, FrameGroup, RenditionEvidence
from mcsyncd.conform.filter_graphs import FrameConverter
from mcsyncd.conform.grid import SAMPLE_RATE
from mcsyncd.conform.plan import FilePlan
from mcsyncd.conform.resampler import Samples
from mcsyncd.model.rate import Rate

_MUXER_OPTIONS = {
    "movflags": "+faststart",
    # Edit lists are written in this unit; the default of 1/1000 s would round the sound's start.
    "movie_timescale": str(SAMPLE_RATE),
}

_BITEXACT = 0x0400
"""AVFMT_FLAG_BITEXACT: no library version in the file."""


class RenditionWriter:
    """Writes one file. Feed it pictures and sound from one thread, then `flush`; leaving closes it."""

    def __init__(self, path: Path, plan: FilePlan, rate: Rate) -> None:
        self._container = av.open(str(path), "w", format=plan.container, container_options=_MUXER_OPTIONS)
        self._container.flags |= _BITEXACT
        self._video = _VideoTrackEncoder(self._container, plan, rate) if plan.video_encoder else None
        self._audio = tuple(_AudioTrackEncoder(self._container, sound) for sound in plan.audio_tracks)

    def write_frame(self, frame: VideoFrame, ticks: int) -> None:
        """Show a source picture on the next `ticks` ticks."""
        if self._video is not None:
            self._container.mux(self._video.encode(frame, ticks))

    def write_audio(self, tracks: Sequence[Samples]) -> None:
        """Append sound: equally long pieces of every track of the source, in its order."""
        for sound in self._audio:
            self._container.mux(sound.encode(tracks))

    def flush(self) -> None:
        """Write what the encoders still hold."""
        for track in (self._video, *self._audio):
            if track is not None:
                self._container.mux(track.flush())

    def collect_evidence(self) -> RenditionEvidence:
        """Return what was picked up, after `flush`."""
        groups, signed = self._video.collect_evidence() if self._video else ((), "")
        heard = tuple(sound.evidence for sound in self._audio)
        samples = max((one.samples for one in heard), default=0)
        return RenditionEvidence(groups, samples, tuple(one.pcm_sha256 for one in heard), signed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Write the index and close the file."""
        self._container.close()


class _VideoTrackEncoder:
    def __init__(self, container: av.container.OutputContainer, plan: FilePlan, rate: Rate) -> None:
        encoder, canvas = plan.video_encoder, plan.conversion
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
        self._stream, self._converter = stream, FrameConverter(canvas)
        self._time_base = 1 / rate.fraction
        self._tick = 0
        self._evidence = FrameEvidence(stream.codec.canonical_name)

    def encode(self, frame: VideoFrame, ticks: int) -> list[Packet[Stream]]:
        picture = self._converter.convert_frame(frame)
        packets: list[Packet[Stream]] = []
        for _ in range(ticks):
            picture.pts, picture.time_base = self._tick, self._time_base
            picture.pict_type = 0  # else the camera's own picture types are taken as requests
            packets += self._hash_packets(self._stream.encode(picture))
            self._tick += 1
        return packets

    def flush(self) -> list[Packet[Stream]]:
        return self._hash_packets(self._stream.encode(None))

    def collect_evidence(self) -> tuple[tuple[FrameGroup, ...], str]:
        return self._evidence.finish_groups(), self._evidence.encoder_signature

    def _hash_packets(self, packets: list[Packet[Stream]]) -> list[Packet[Stream]]:
        self._evidence.add_packets(packets, self._stream.codec_context.extradata)
        return packets


class _AudioTrackEncoder:
    def __init__(self, container: av.container.OutputContainer, plan: AudioTrackPlan) -> None:
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
        self._resampler = AudioResampler(encoder.fmt, plan.layout, SAMPLE_RATE, frame_size=frame_size)
        self._samples_given = 0
        self.evidence = AudioEvidence(encoder.fmt)

    def encode(self, tracks: Sequence[Samples]) -> list[Packet[Stream]]:
        samples = np.stack(
            [tracks[track][:, channel] for track, channel in self._plan.source_channels], axis=-1
        )
        if not len(samples):
            return []
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout=self._plan.source_layout)
        frame.sample_rate = SAMPLE_RATE
        frame.pts, frame.time_base = self._samples_given, Fraction(1, SAMPLE_RATE)
        self._samples_given += len(samples)
        return self._encode_frames(self._resampler.resample(frame))

    def flush(self) -> list[Packet[Stream]]:
        return [*self._encode_frames(self._resampler.resample(None)), *self._stream.encode(None)]

    def _encode_frames(self, frames: Sequence[AudioFrame]) -> list[Packet[Stream]]:
        packets: list[Packet[Stream]] = []
        for frame in frames:
            # Without a time on every frame, AAC in MP4 lands 21 ms late (its priming is lost).
            frame.pts, frame.time_base = self.evidence.samples, Fraction(1, SAMPLE_RATE)
            self.evidence.add_frame(frame)
            packets += self._stream.encode(frame)
        return packets
