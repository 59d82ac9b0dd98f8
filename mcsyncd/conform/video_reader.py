"""The source's pictures in order of presentation, each with its exact clip time."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.codec.context import ThreadType
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream as AvVideo

from mcsyncd.conform.graphs import whole_pictures
from mcsyncd.conform.source import opened
from mcsyncd.errors import BadMedia
from mcsyncd.model.clip import VideoStream


@dataclass(frozen=True, slots=True)
class Picture:
    """A good picture and its clip time in seconds.

    `torn` is set where pictures between the one before and this one came out damaged, or not at all.
    """

    time: Fraction
    frame: VideoFrame
    torn: bool = False


_DECODER_THREADS = 4
"""More would hold more pictures in memory than two encoders can take."""

_GROUP_AT_MOST = 250
"""Pictures after which damage counts as healed without a key picture: some cameras refresh by stripes."""


LONGEST_HOLD = Fraction(600)
"""Seconds that one picture may be held. A clock that jumps further would fill the disk with stills."""


class Pictures:
    """Decodes the picture of one clip; iterate once. Then `end` and the counts are known.

    `end` is the clip time at which the last picture ends, told by the packets, so that pictures
    at the end which cannot be decoded still have their time. `damaged` counts the pictures that
    the decoder refused or had to patch up, `misplaced` those without a time of their own. `torn`
    says that damage lies between the last good picture and the end. `sizes` are those met.
    """

    def __init__(self, path: Path, container: str, video: VideoStream) -> None:
        self._path, self._container, self._video = path, container, video
        self._origin = Fraction(video.start_us, 1_000_000)
        self._latest = self._origin
        self.damaged = 0
        self.misplaced = 0
        self.torn = False
        self.sizes: dict[tuple[int, int], None] = {}  # in the order in which they came
        self._mended: deque[Fraction] = deque()

    @property
    def end(self) -> Fraction:
        """Clip time at which the last picture ends, in seconds."""
        return self._latest - self._origin

    def __iter__(self) -> Iterator[Picture]:
        with opened(self._path, self._container, self._video.index) as container:
            stream = container.streams[self._video.index]
            assert isinstance(stream, AvVideo)
            stream.codec_context.thread_type = ThreadType.FRAME
            stream.codec_context.thread_count = min(_DECODER_THREADS, os.cpu_count() or 1)
            frames = self._frames(container.demux(stream))
            yield from self._timed(whole_pictures(frames) if self._video.interlaced else frames)

    def _frames(self, packets: Iterator[Packet[AvVideo]]) -> Iterator[VideoFrame]:
        """Yield the pictures that can be trusted.

        Of a packet that is damaged in part, the decoder fills in the rest and marks that one picture
        as corrupt; it goes on with pictures made of it, and does not mark those. They are left
        out up to the next key picture.
        """
        suspect = 0
        for packet in packets:
            self._see(packet)
            try:
                frames = packet.decode()
            except av.InvalidDataError:
                self.damaged, self.torn, suspect = self.damaged + 1, True, _GROUP_AT_MOST
                continue
            for frame in frames:
                if frame.is_corrupt:
                    self.damaged, self.torn, suspect = self.damaged + 1, True, _GROUP_AT_MOST
                    continue
                suspect = 0 if frame.key_frame else max(0, suspect - 1)
                if not suspect:
                    self._mend(frame)
                    yield frame

    def _mend(self, frame: VideoFrame) -> None:
        """Remember the first good picture after damage by its time: the deinterlacer is one picture late."""
        time = _time(frame)
        if self.torn and time is not None:
            self.torn = False
            self._mended.append(time)

    def _see(self, packet: Packet[AvVideo]) -> None:
        begins = packet.dts if packet.pts is None else packet.pts
        if begins is None or packet.is_discard or not packet.time_base:
            return
        lasts = 1 / self._video.rate.fraction
        if packet.duration and (self._video.variable_rate or self._video.interlaced):
            lasts = packet.duration * packet.time_base
        ends = begins * packet.time_base + lasts
        if ends - self._latest <= LONGEST_HOLD:
            self._latest = max(self._latest, ends)

    def _timed(self, frames: Iterator[VideoFrame]) -> Iterator[Picture]:
        last: Fraction | None = None
        for frame in frames:
            time = _time(frame)
            if time is None or (last is not None and time <= last):
                self.misplaced += 1
                continue
            if last is None:
                self._begin(time)
            elif time - last > LONGEST_HOLD:
                raise BadMedia(
                    f"{self._path.name}: its clock jumps by {float(time - last):.0f} s between two pictures",
                    "cut the clip in two at the jump, and drop both parts",
                )
            last = time
            self.sizes[frame.width, frame.height] = None
            torn = bool(self._mended) and time >= self._mended[0]
            if torn:
                self._mended.popleft()
            yield Picture(time - self._origin, frame, torn)

    def _begin(self, time: Fraction) -> None:
        """Take the first picture's own exact time where it is the origin, rounded to microseconds.

        A 25 in a 30 grid lies exactly between two ticks now and then; a rounded origin would
        make the choice at random.
        """
        if round(time * 1_000_000) == self._video.start_us:
            self._origin = time


def _time(frame: VideoFrame) -> Fraction | None:
    """Return a picture's presentation time in the file, in seconds."""
    return None if frame.pts is None or not frame.time_base else frame.pts * frame.time_base
