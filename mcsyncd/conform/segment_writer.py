"""Write the video of one segment of a rendition: an encoder of its own, in a file of its own.

Output is reproducible: bit-exact flags on container and codecs, no creation time, and a fixed number of
FRAME threads. PyAV's default, SLICE threads, cuts each frame into as many slices as there are
threads, so the encoded bytes would depend on their number.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

import av
from av.codec.context import Flags, ThreadType
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from mcsyncd.conform.evidence import FrameEvidence, FrameGroup
from mcsyncd.conform.filter_graphs import FrameConverter
from mcsyncd.conform.plan import FilePlan
from mcsyncd.conform.segments import Segment, count_groups_before
from mcsyncd.media.priority import leave_real_time
from mcsyncd.media.processor import X264_OPTIONS
from mcsyncd.model.rate import Rate

# SVT-AV1 otherwise writes twenty lines to standard error for every file.
os.environ.setdefault("SVT_LOG", "1")

BITEXACT = 0x0400
"""AVFMT_FLAG_BITEXACT of libavformat: the muxer writes no library version and no time of day."""


class SegmentWriter:
    """Writes one file. Feed it frames from one thread, then call `flush`; leaving closes it.

    Its timestamps begin at 0, so that the file can be played on its own. `converter` makes the frames
    of the rendition, and may be shared by the segments of a file.
    """

    def __init__(
        self, path: Path, plan: FilePlan, rate: Rate, segment: Segment, converter: FrameConverter
    ) -> None:
        encoder, conversion = plan.video_encoder, plan.conversion
        assert encoder is not None
        assert conversion is not None
        self._container = av.open(str(path), "w", format=plan.container)
        self._container.flags |= BITEXACT
        options = dict((*encoder.options, *(X264_OPTIONS if encoder.name == "libx264" else ())))
        stream = self._container.add_stream(encoder.name, rate=rate.fraction, options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = conversion.size
        stream.pix_fmt = encoder.fmt
        context = stream.codec_context
        context.time_base = self._time_base = 1 / rate.fraction
        if encoder.tag:
            context.codec_tag = encoder.tag
        context.thread_type = ThreadType.FRAME
        context.thread_count = encoder.threads
        context.flags |= Flags.bitexact
        self._stream, self._converter = stream, converter
        self._ticks = 0
        self._evidence = FrameEvidence(
            stream.codec.canonical_name, segment.first, count_groups_before(segment, plan)
        )

    def write_frame(self, frame: VideoFrame, ticks: int) -> None:
        """Show a source frame on the next `ticks` ticks."""
        converted = self._converter.convert_frame(frame)
        for _ in range(ticks):
            converted.pts, converted.time_base = self._ticks, self._time_base
            converted.pict_type = 0  # otherwise the encoder takes the camera's frame types as requests
            self._mux_packets(self._stream.encode(converted))
            if self._ticks == 0:  # the encoder was opened by its first frame
                leave_real_time()
            self._ticks += 1

    def flush(self) -> None:
        """Write what the encoder still buffers."""
        self._mux_packets(self._stream.encode(None))

    def collect_evidence(self) -> tuple[tuple[FrameGroup, ...], str]:
        """Return the hashed groups, and the line that x264 writes about itself. Call after `flush`."""
        return self._evidence.finish_groups(), self._evidence.encoder_signature

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Write the index and close the file."""
        self._container.close()

    def _mux_packets(self, packets: list[Packet[Stream]]) -> None:
        self._evidence.add_packets(packets, self._stream.codec_context.extradata)
        self._container.mux(packets)
