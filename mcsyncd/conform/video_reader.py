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

from mcsyncd.conform.filter_graphs import deinterlace_frames
from mcsyncd.errors import BadMedia
from mcsyncd.media.open import open_media
from mcsyncd.model.clip import VideoStream


@dataclass(frozen=True, slots=True)
class TimedFrame:
    """A good picture and its clip time in seconds.

    `torn` is set where pictures between the one before and this one came out damaged, or not at all.
    """

    time: Fraction
    frame: VideoFrame
    after_damage: bool = False


_DECODER_THREADS = 4
"""More would hold more pictures in memory than two encoders can take."""

_MAX_SUSPECT_FRAMES = 250
"""Pictures after which damage counts as healed without a key picture: some cameras refresh by stripes."""


LONGEST_HOLD_S = Fraction(600)
"""Seconds that one picture may be held. A clock that jumps further would fill the disk with stills."""


class VideoReader:
    """Decodes the picture of one clip; iterate once. Then `end` and the counts are known.

    `end` is the clip time at which the last picture ends, told by the packets, so that pictures
    at the end which cannot be decoded still have their time. `damaged` counts the pictures that
    the decoder refused or had to patch up, `misplaced` those without a time of their own. `torn`
    says that damage lies between the last good picture and the end. `sizes` are those met.
    """

    def __init__(self, path: Path, container: str, video: VideoStream) -> None:
        self._path, self._container, self._video = path, container, video
        self._origin = Fraction(video.start_us, 1_000_000)
        self._latest_end = self._origin
        self.damaged_frames = 0
        self.untimed_frames = 0
        self.ends_damaged = False
        self.frame_sizes: dict[tuple[int, int], None] = {}  # in the order in which they came
        self._recovery_times: deque[Fraction] = deque()

    @property
    def end(self) -> Fraction:
        """Clip time at which the last picture ends, in seconds."""
        return self._latest_end - self._origin

    def __iter__(self) -> Iterator[TimedFrame]:
        index = self._video.index
        with open_media(self._path, streams=(index,), expected_format=self._container) as container:
            stream = container.streams[index]
            assert isinstance(stream, AvVideo)
            stream.codec_context.thread_type = ThreadType.FRAME
            stream.codec_context.thread_count = min(_DECODER_THREADS, os.cpu_count() or 1)
            frames = self._decode_packets(container.demux(stream))
            yield from self._assign_times(deinterlace_frames(frames) if self._video.interlaced else frames)

    def _decode_packets(self, packets: Iterator[Packet[AvVideo]]) -> Iterator[VideoFrame]:
        """Yield the pictures that can be trusted.

        Of a packet that is damaged in part, the decoder fills in the rest and marks that one picture
        as corrupt; it goes on with pictures made of it, and does not mark those. They are left
        out up to the next key picture.
        """
        suspect = 0
        for packet in packets:
            self._observe_packet(packet)
            try:
                frames = packet.decode()
            except av.InvalidDataError:
                self.damaged_frames, self.ends_damaged, suspect = (
                    self.damaged_frames + 1,
                    True,
                    _MAX_SUSPECT_FRAMES,
                )
                continue
            for frame in frames:
                if frame.is_corrupt:
                    self.damaged_frames, self.ends_damaged, suspect = (
                        self.damaged_frames + 1,
                        True,
                        _MAX_SUSPECT_FRAMES,
                    )
                    continue
                suspect = 0 if frame.key_frame else max(0, suspect - 1)
                if not suspect:
                    self._record_recovery(frame)
                    yield frame

    def _record_recovery(self, frame: VideoFrame) -> None:
        """Remember the first good picture after damage by its time: the deinterlacer is one picture late."""
        time = _compute_frame_time(frame)
        if self.ends_damaged and time is not None:
            self.ends_damaged = False
            self._recovery_times.append(time)

    def _observe_packet(self, packet: Packet[AvVideo]) -> None:
        begins = packet.dts if packet.pts is None else packet.pts
        if begins is None or packet.is_discard or not packet.time_base:
            return
        lasts = 1 / self._video.rate.fraction
        if packet.duration and (self._video.variable_rate or self._video.interlaced):
            lasts = packet.duration * packet.time_base
        ends = begins * packet.time_base + lasts
        if ends - self._latest_end <= LONGEST_HOLD_S:
            self._latest_end = max(self._latest_end, ends)

    def _assign_times(self, frames: Iterator[VideoFrame]) -> Iterator[TimedFrame]:
        last: Fraction | None = None
        for frame in frames:
            time = _compute_frame_time(frame)
            if time is None or (last is not None and time <= last):
                self.untimed_frames += 1
                continue
            if last is None:
                self._set_origin(time)
            elif time - last > LONGEST_HOLD_S:
                raise BadMedia(
                    f"{self._path.name}: its clock jumps by {float(time - last):.0f} s between two pictures",
                    "cut the clip in two at the jump, and drop both parts",
                )
            last = time
            self.frame_sizes[frame.width, frame.height] = None
            torn = bool(self._recovery_times) and time >= self._recovery_times[0]
            if torn:
                self._recovery_times.popleft()
            yield TimedFrame(time - self._origin, frame, torn)

    def _set_origin(self, time: Fraction) -> None:
        """Take the first picture's own exact time where it is the origin, rounded to microseconds.

        A 25 in a 30 grid lies exactly between two ticks now and then; a rounded origin would
        make the choice at random.
        """
        if round(time * 1_000_000) == self._video.start_us:
            self._origin = time


def _compute_frame_time(frame: VideoFrame) -> Fraction | None:
    """Return a picture's presentation time in the file, in seconds."""
    return None if frame.pts is None or not frame.time_base else frame.pts * frame.time_base
