"""Write one rendition: its encoders and its container.

Output is reproducible: bit-exact flags on container and codecs, no creation time, and a fixed number of
FRAME threads. PyAV's default, SLICE threads, cuts each frame into as many slices as there are
threads, so the encoded bytes would depend on their number.
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
    # The unit of edit lists; the default of 1/1000 s would round the start of the audio.
    "movie_timescale": str(SAMPLE_RATE),
}

_BITEXACT = 0x0400
"""AVFMT_FLAG_BITEXACT of libavformat: the muxer writes no library version and no time of day."""


class RenditionWriter:
    """Writes one file. Feed it frames and samples from one thread, then call `flush`; leaving closes it."""

    def __init__(self, path: Path, plan: FilePlan, rate: Rate) -> None:
        self._container = av.open(str(path), "w", format=plan.container, container_options=_MUXER_OPTIONS)
        self._container.flags |= _BITEXACT
        self._video = _VideoTrackEncoder(self._container, plan, rate) if plan.video_encoder else None
        self._audio = tuple(_AudioTrackEncoder(self._container, track) for track in plan.audio_tracks)

    def write_frame(self, frame: VideoFrame, ticks: int) -> None:
        """Show a source frame on the next `ticks` ticks."""
        if self._video is not None:
            self._container.mux(self._video.encode(frame, ticks))

    def write_audio(self, tracks: Sequence[Samples]) -> None:
        """Append equally long pieces of every track of the source, in the source's order."""
        for track in self._audio:
            self._container.mux(track.encode(tracks))

    def flush(self) -> None:
        """Write what the encoders still buffer."""
        for track in (self._video, *self._audio):
            if track is not None:
                self._container.mux(track.flush())

    def collect_evidence(self) -> RenditionEvidence:
        """Return the evidence about the file. Call after `flush`."""
        groups, signature = self._video.collect_evidence() if self._video else ((), "")
        tracks = tuple(track.evidence for track in self._audio)
        samples = max((track.samples for track in tracks), default=0)
        return RenditionEvidence(groups, samples, tuple(track.pcm_sha256 for track in tracks), signature)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Write the index and close the file."""
        self._container.close()


class _VideoTrackEncoder:
    def __init__(self, container: av.container.OutputContainer, plan: FilePlan, rate: Rate) -> None:
        encoder, conversion = plan.video_encoder, plan.conversion
        assert encoder is not None
        assert conversion is not None
        stream = container.add_stream(encoder.name, rate=rate.fraction, options=dict(encoder.options))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = conversion.size
        stream.pix_fmt = encoder.fmt
        if plan.timecode:
            stream.metadata["timecode"] = plan.timecode  # the muxer writes it as a tmcd track
        context = stream.codec_context
        context.time_base = 1 / rate.fraction
        context.thread_type = ThreadType.FRAME
        context.thread_count = encoder.threads
        context.flags |= Flags.bitexact
        self._stream, self._converter = stream, FrameConverter(conversion)
        self._time_base = 1 / rate.fraction
        self._tick = 0
        self._evidence = FrameEvidence(stream.codec.canonical_name)

    def encode(self, frame: VideoFrame, ticks: int) -> list[Packet[Stream]]:
        converted = self._converter.convert_frame(frame)
        packets: list[Packet[Stream]] = []
        for _ in range(ticks):
            converted.pts, converted.time_base = self._tick, self._time_base
            converted.pict_type = 0  # otherwise the encoder takes the camera's frame types as requests
            packets += self._hash_packets(self._stream.encode(converted))
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
        # Otherwise players disable all tracks but the first, as if the others were its translations.
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
            # Without a timestamp on every frame, AAC in MP4 plays 21 ms late: its priming is lost.
            frame.pts, frame.time_base = self.evidence.samples, Fraction(1, SAMPLE_RATE)
            self.evidence.add_frame(frame)
            packets += self._stream.encode(frame)
        return packets
