"""A look at the first pictures of a clip: the first one decoded, the steps of a bounded number.

The first picture has to be decoded: where a clip begins (its t = 0), whether it is turned or
interlaced and what size it really has are known only then. For the steps the packets' times
are enough, and reading them costs no decoding. The exception is interlaced footage, where a
packet may be one field: there the decoded pictures are counted.
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
"""Packets whose times are read: 20 s at 30 pictures a second, enough to tell 29.97 from 30."""

MAX_INTERLACED_FRAMES = 50
MAX_UNDECODABLE_PACKETS = 300
"""Packets without one decodable picture after which the clip is given up."""

MAX_REORDERED_FRAMES = 16
"""H.264 and HEVC reorder at most 16 pictures, so the last ones of a window may lack neighbours."""


@dataclass(slots=True)
class FirstFrames:
    """The first decoded picture, and the times (in the stream's time base) of those that follow."""

    first: VideoFrame | None = None
    decoded_times: list[int] = field(default_factory=list)
    packet_times: list[int] = field(default_factory=list)
    complete: bool = False

    @property
    def frame_count(self) -> int | None:
        """How many pictures there are; None where the clip was not read to its end, or packets are fields."""
        whole = self.complete and self.first is not None and not self.first.interlaced_frame
        return len(self.packet_times) if whole else None

    def measure_intervals(self, time_base: Fraction) -> FrameIntervals | None:
        """Measure the steps; None where there is only one picture."""
        times = (
            self.decoded_times
            if self.first is not None and self.first.interlaced_frame
            else self.packet_times
        )
        times = sorted(set(times))
        return measure_frame_intervals(times if self.complete else times[:-MAX_REORDERED_FRAMES], time_base)


def read_first_frames(container: InputContainer, stream: VideoStream) -> FirstFrames:
    """Decode the first picture and read the times of up to `LOOKED_AT` packets.

    Damaged packets are passed over; `first` is None if nothing could be decoded.
    """
    keep_streams(container, (stream.index,))
    found = FirstFrames()
    for packet in container.demux(stream):
        if packet.size == 0:
            found.complete = True
        elif packet.pts is not None and not packet.is_discard:
            found.packet_times.append(packet.pts)
        if found.first is None or _needs_more_frames(found):
            for picture in _decode_packet(packet):
                found.first = found.first or picture
                found.decoded_times.append(picture.pts or 0)
        if _has_enough(found):
            break
    return found


def _needs_more_frames(found: FirstFrames) -> bool:
    return (
        found.first is not None
        and found.first.interlaced_frame
        and len(found.decoded_times) < MAX_INTERLACED_FRAMES + MAX_REORDERED_FRAMES
    )


def _has_enough(found: FirstFrames) -> bool:
    if found.first is None:
        return len(found.packet_times) >= MAX_UNDECODABLE_PACKETS
    return len(found.packet_times) >= MAX_PACKETS and not _needs_more_frames(found)


def _decode_packet(packet: Packet[VideoStream]) -> Iterator[VideoFrame]:
    try:
        yield from packet.decode()
    except av.InvalidDataError:
        return
