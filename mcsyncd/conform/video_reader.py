"""Decode the source's frames in order of presentation, each with its exact clip time."""

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
    """A good frame and its clip time in seconds.

    `after_damage` is set if frames between the previous one and this one were damaged or lost.
    """

    time: Fraction
    frame: VideoFrame
    after_damage: bool = False


_DECODER_THREADS = 4
"""Each thread holds another frame. Judgement: four already decode faster than two encoders can encode."""

_MAX_SUSPECT_FRAMES = 250
"""Frames after damage that are discarded unless a key frame comes earlier.

Judgement: as many as x264's default distance between key frames. Without a limit, a camera that refreshes in
stripes and sends no further key frames would lose the rest of its clip; a smaller one could let
visibly damaged frames through.
"""

LONGEST_HOLD_S = Fraction(600)
"""Seconds. The clip is rejected if two frames are further apart.

Judgement: a recorder's clock that jumps by days would otherwise fill the disk with one repeated frame.
"""


class VideoReader:
    """Decodes the video of one clip. Iterate once; `end` and the counts are final afterwards.

    `end` is the clip time at which the last frame ends. It is taken from the packets, so frames at the
    end that cannot be decoded still count. `damaged_frames` counts the frames that the decoder
    rejected or concealed, `untimed_frames` those without a valid timestamp. `ends_damaged` is set if frames
    between the last good one and the end are damaged. `frame_sizes` are all sizes, in order of appearance.
    """

    def __init__(self, path: Path, container: str, video: VideoStream) -> None:
        self._path, self._container, self._video = path, container, video
        self._origin = Fraction(video.start_us, 1_000_000)
        self._latest_end = self._origin
        self.damaged_frames = 0
        self.untimed_frames = 0
        self.ends_damaged = False
        self.frame_sizes: dict[tuple[int, int], None] = {}  # an ordered set
        self._recovery_times: deque[Fraction] = deque()

    @property
    def end(self) -> Fraction:
        """Clip time at which the last frame ends, in seconds."""
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
        """Yield the frames that can be trusted.

        If a packet is partly damaged, the decoder conceals the damage and marks that one frame as
        corrupt. It does not mark the following frames that are predicted from it, so all frames up
        to the next key frame are discarded.
        """
        suspect = 0
        for packet in packets:
            self._observe_packet(packet)
            try:
                frames = packet.decode()
            except av.InvalidDataError:
                suspect = self._count_damage()
                continue
            for frame in frames:
                if frame.is_corrupt:
                    suspect = self._count_damage()
                    continue
                suspect = 0 if frame.key_frame else max(0, suspect - 1)
                if not suspect:
                    self._record_recovery(frame)
                    yield frame

    def _count_damage(self) -> int:
        """Count a damaged frame and return the number of following frames that are suspect."""
        self.damaged_frames += 1
        self.ends_damaged = True
        return _MAX_SUSPECT_FRAMES

    def _record_recovery(self, frame: VideoFrame) -> None:
        """Record the time of the first good frame after damage: the deinterlacer yields it one frame late."""
        time = compute_frame_time(frame)
        if self.ends_damaged and time is not None:
            self.ends_damaged = False
            self._recovery_times.append(time)

    def _observe_packet(self, packet: Packet[AvVideo]) -> None:
        start = packet.dts if packet.pts is None else packet.pts
        if start is None or packet.is_discard or not packet.time_base:
            return
        duration = 1 / self._video.rate.fraction
        if packet.duration and (self._video.variable_rate or self._video.interlaced):
            duration = packet.duration * packet.time_base
        end = start * packet.time_base + duration
        if end - self._latest_end <= LONGEST_HOLD_S:
            self._latest_end = max(self._latest_end, end)

    def _assign_times(self, frames: Iterator[VideoFrame]) -> Iterator[TimedFrame]:
        last: Fraction | None = None
        for frame in frames:
            time = compute_frame_time(frame)
            if time is None or (last is not None and time <= last):
                self.untimed_frames += 1
                continue
            if last is None:
                self._set_origin(time)
            elif time - last > LONGEST_HOLD_S:
                jump = f"{float(time - last):.0f} s"
                raise BadMedia(
                    f"{self._path.name}: its timestamps jump by {jump} between two frames",
                    "split the clip at the jump and drop both parts",
                )
            last = time
            self.frame_sizes[frame.width, frame.height] = None
            after_damage = bool(self._recovery_times) and time >= self._recovery_times[0]
            if after_damage:
                self._recovery_times.popleft()
            yield TimedFrame(time - self._origin, frame, after_damage)

    def _set_origin(self, time: Fraction) -> None:
        """Use the first frame's exact timestamp as origin, if the clip's rounded start is the same.

        With 25 fps on a grid of 30, some frames are exactly halfway between two ticks. An origin
        rounded to microseconds would make the choice between them random.
        """
        if round(time * 1_000_000) == self._video.start_us:
            self._origin = time


def compute_frame_time(frame: VideoFrame) -> Fraction | None:
    """Return a frame's presentation time in the file, in seconds."""
    return None if frame.pts is None or not frame.time_base else frame.pts * frame.time_base
