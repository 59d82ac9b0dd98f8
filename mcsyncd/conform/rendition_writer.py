"""Write one rendition: the encoded segments of its video, one after the other, and its audio tracks."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Self

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from mcsyncd.conform.audio_tracks import AudioTrackPlan
from mcsyncd.conform.evidence import AudioEvidence
from mcsyncd.conform.grid import SAMPLE_RATE
from mcsyncd.conform.plan import FilePlan
from mcsyncd.conform.resampler import Samples
from mcsyncd.conform.segment_writer import BITEXACT
from mcsyncd.errors import IntegrityError
from mcsyncd.media.open import open_media
from mcsyncd.model.rate import Rate

_MUXER_OPTIONS = {
    "movflags": "+faststart",
    # The unit of edit lists; the default of 1/1000 s would round the start of the audio.
    "movie_timescale": str(SAMPLE_RATE),
}


class RenditionWriter:
    """Writes one file from one thread: segments and samples in turn, then `flush`; leaving closes it.

    `samples` is the length of each audio track so far, and `pcm_sha256s` the digest of each, "" if its
    codec is lossy.
    """

    def __init__(self, path: Path, plan: FilePlan, rate: Rate) -> None:
        self._plan, self._rate = plan, rate
        self._container = av.open(str(path), "w", format=plan.container, container_options=_MUXER_OPTIONS)
        self._container.flags |= BITEXACT
        self._video: _VideoTrack | None = None
        self._audio: tuple[_AudioTrackEncoder, ...] = ()
        if plan.video_encoder is None:
            self._add_audio_tracks()

    @property
    def samples(self) -> int:
        return max((track.evidence.samples for track in self._audio), default=0)

    @property
    def pcm_sha256s(self) -> tuple[str, ...]:
        return tuple(track.evidence.pcm_sha256 for track in self._audio)

    def copy_segment(self, path: Path, first_tick: int) -> Generator[int]:
        """Append the video of a segment that begins at `first_tick`, and yield the tick after each frame.

        Raises IntegrityError if its encoder had other settings than the first segment's.
        """
        with open_media(path) as segment:
            source = segment.streams.video[0]
            if self._video is None:
                self._video = _VideoTrack(self._container, source, self._plan, self._rate)
                self._add_audio_tracks()
            self._video.check_source(path, source)
            for packet in segment.demux(source):
                if packet.size:
                    self._container.mux(self._video.place_packet(packet, first_tick))
                    yield self._video.next_tick

    def write_audio(self, tracks: Sequence[Samples]) -> None:
        """Append equally long pieces of every track of the source, in the source's order."""
        for track in self._audio:
            self._container.mux(track.encode(tracks))

    def flush(self) -> None:
        """Write what the audio encoders still buffer."""
        for track in self._audio:
            self._container.mux(track.flush())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Write the index and close the file."""
        self._container.close()

    def _add_audio_tracks(self) -> None:
        """Add the audio after the video: players take the first track for the main one."""
        self._audio = tuple(_AudioTrackEncoder(self._container, track) for track in self._plan.audio_tracks)


class _VideoTrack:
    """The video of a file, copied from segments. There are no B-frames, so frames and ticks agree."""

    def __init__(
        self, container: av.container.OutputContainer, source: VideoStream, plan: FilePlan, rate: Rate
    ) -> None:
        self._stream = container.add_stream_from_template(source, opaque=True)  # no encoder is opened
        self._time_base = 1 / rate.fraction
        if plan.video_encoder and plan.video_encoder.tag:
            self._stream.codec_context.codec_tag = plan.video_encoder.tag
        self._stream.time_base = self._time_base
        self._stream.framerate = rate.fraction  # the muxer counts the timecode in it
        if plan.timecode:
            self._stream.metadata["timecode"] = plan.timecode  # the muxer writes it as a tmcd track
        self._header = source.codec_context.extradata
        self.next_tick = 0

    def check_source(self, path: Path, source: VideoStream) -> None:
        if source.codec_context.extradata != self._header:
            raise IntegrityError(
                f"{path.name}: its encoder had other settings than that of the first segment",
                "this is a fault of the daemon: report it",
            )

    def place_packet(self, packet: Packet[VideoStream], first_tick: int) -> Packet[VideoStream]:
        self.next_tick = max(self.next_tick, first_tick)
        packet.stream = self._stream
        packet.time_base = self._time_base
        packet.pts = packet.dts = self.next_tick
        packet.duration = 1
        self.next_tick += 1
        return packet


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
        # Without a limit, two equal channels mixed to one would be 3 dB louder and could clip.
        options = {"rematrix_maxval": "1"} if plan.layout == "mono" else None
        self._resampler = AudioResampler(
            encoder.fmt, plan.layout, SAMPLE_RATE, frame_size=frame_size, options=options
        )
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
