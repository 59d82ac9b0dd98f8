"""Reading the beginning of a clip: the first frame decoded, and the times of a bounded number of packets.

The first frame has to be decoded: only then is it known where the clip begins (its t = 0), whether
it is rotated or interlaced, and its real size. For the intervals between frames the packet times
are enough, and they need no decoding. The exception is interlaced footage, where a packet may be
a single field: there the decoded frames are used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from mcsyncd.media.open import keep_streams
from mcsyncd.probe.frame_intervals import FrameIntervals, measure_frame_intervals

MAX_PACKETS = 600
"""Packets whose times are read: 20 s at 30 fps, enough to tell 29.97 from 30. Fewer make the rate ambiguous;
more take longer to read."""

MAX_INTERLACED_FRAMES = 50
"""Frames that are decoded of interlaced footage: 2 s at 25 fps. Judgement: decoding is slow, and interlaced
cameras keep their rate. Fewer may miss an uneven rate."""

MAX_UNDECODABLE_PACKETS = 300
"""Packets that are tried until one frame can be decoded; 10 s at 30 fps. Judgement: longer than the
interval between key frames. Fewer would refuse recordings that begin between two."""

MAX_REORDERED_FRAMES = 16
"""Frames by which H.264 and HEVC may reorder, by their specifications. The last packets that were read may
lack neighbours, so this many are left out; fewer would measure false gaps."""


@dataclass(slots=True)
class FirstFrames:
    """The first decoded frame, and the times of the following frames, in the stream's time base.

    `packet_duration` is that of the last packet that was read, 0 if it has none. `complete` is True when the
    clip was read to its end.
    """

    first: VideoFrame | None = None
    decoded_times: list[int] = field(default_factory=list)
    packet_times: list[int] = field(default_factory=list)
    packet_duration: int = 0
    complete: bool = False

    @property
    def frame_count(self) -> int | None:
        """Number of frames; None if the clip was not read to its end, or if packets are fields."""
        whole = self.complete and self.first is not None and not self.first.interlaced_frame
        return len(self.packet_times) if whole else None

    def measure_intervals(self, time_base: Fraction) -> FrameIntervals | None:
        """Measure the intervals between the frames; None if there is only one frame."""
        times = (
            self.decoded_times
            if self.first is not None and self.first.interlaced_frame
            else self.packet_times
        )
        times = sorted(set(times))
        return measure_frame_intervals(times if self.complete else times[:-MAX_REORDERED_FRAMES], time_base)


def read_first_frames(container: InputContainer, stream: VideoStream) -> FirstFrames:
    """Decode the first frame and read the times of up to `MAX_PACKETS` packets of `stream`.

    All other streams are discarded. Damaged packets are skipped; `first` is None if nothing could be
    decoded.
    """
    keep_streams(container, (stream.index,))
    frames = FirstFrames()
    for packet in container.demux(stream):
        if packet.size == 0:
            frames.complete = True
        elif packet.pts is not None and not packet.is_discard:
            frames.packet_times.append(packet.pts)
            frames.packet_duration = packet.duration or 0
        if frames.first is None or _needs_more_frames(frames):
            for frame in _decode_packet(packet):
                frames.first = frames.first or frame
                frames.decoded_times.append(frame.pts or 0)
        if _has_enough(frames):
            break
    return frames


def _needs_more_frames(frames: FirstFrames) -> bool:
    return (
        frames.first is not None
        and frames.first.interlaced_frame
        and len(frames.decoded_times) < MAX_INTERLACED_FRAMES + MAX_REORDERED_FRAMES
    )


def _has_enough(frames: FirstFrames) -> bool:
    if frames.first is None:
        return len(frames.packet_times) >= MAX_UNDECODABLE_PACKETS
    return len(frames.packet_times) >= MAX_PACKETS and not _needs_more_frames(frames)


def _decode_packet(packet: Packet[VideoStream]) -> Iterator[VideoFrame]:
    try:
        yield from packet.decode()
    except av.InvalidDataError:
        return
