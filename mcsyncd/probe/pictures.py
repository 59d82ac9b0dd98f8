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

from mcsyncd.probe.steps import Steps, measured

LOOKED_AT = 600
"""Packets whose times are read: 20 s at 30 pictures a second, enough to tell 29.97 from 30."""

INTERLACED_LOOKED_AT = 50
UNREADABLE_AT_MOST = 300
"""Packets without one decodable picture after which the clip is given up."""

REORDERED = 16
"""H.264 and HEVC reorder at most 16 pictures, so the last ones of a window may lack neighbours."""


@dataclass(slots=True)
class FirstPictures:
    """The first decoded picture, and the times (in the stream's time base) of those that follow."""

    first: VideoFrame | None = None
    decoded: list[int] = field(default_factory=list)
    packets: list[int] = field(default_factory=list)
    complete: bool = False

    @property
    def count(self) -> int | None:
        """How many pictures there are; None where the clip was not read to its end, or packets are fields."""
        whole = self.complete and self.first is not None and not self.first.interlaced_frame
        return len(self.packets) if whole else None

    def steps(self, time_base: Fraction) -> Steps | None:
        """Measure the steps; None where there is only one picture."""
        times = self.decoded if self.first is not None and self.first.interlaced_frame else self.packets
        times = sorted(set(times))
        return measured(times if self.complete else times[:-REORDERED], time_base)


def first_pictures(container: InputContainer, stream: VideoStream) -> FirstPictures:
    """Decode the first picture and read the times of up to `LOOKED_AT` packets.

    Damaged packets are passed over; `first` is None if nothing could be decoded.
    """
    for other in container.streams:
        other.discard = av.stream.Discard.none if other is stream else av.stream.Discard.all
    found = FirstPictures()
    for packet in container.demux(stream):
        if packet.size == 0:
            found.complete = True
        elif packet.pts is not None and not packet.is_discard:
            found.packets.append(packet.pts)
        if found.first is None or _wants_more(found):
            for picture in _decoded(packet):
                found.first = found.first or picture
                found.decoded.append(picture.pts or 0)
        if _enough(found):
            break
    return found


def _wants_more(found: FirstPictures) -> bool:
    return (
        found.first is not None
        and found.first.interlaced_frame
        and len(found.decoded) < INTERLACED_LOOKED_AT + REORDERED
    )


def _enough(found: FirstPictures) -> bool:
    if found.first is None:
        return len(found.packets) >= UNREADABLE_AT_MOST
    return len(found.packets) >= LOOKED_AT and not _wants_more(found)


def _decoded(packet: Packet[VideoStream]) -> Iterator[VideoFrame]:
    try:
        yield from packet.decode()
    except av.InvalidDataError:
        return
