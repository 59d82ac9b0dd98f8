"""Decode the source's frames in order of presentation, each with its exact clip time, from any time on."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from math import floor
from pathlib import Path

import av
from av.codec.context import ThreadType
from av.container import InputContainer
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


_LEAD_FRAMES = 2
"""Frames before the wanted time to which the first seek goes: the frame that the time shows, and the one
before it. Fewer, and every second segment seeks twice; more are decoded in vain."""

_FIRST_STEP_S = Fraction(1)
_STEP_FACTOR = 8
"""Seconds that the second seek goes further back, and how much further each later one does. Judgement: a
container without an index is read from its beginning after four attempts."""


class VideoReader:
    """Decodes the video of one clip. Iterate once; `end` and the counts are final afterwards.

    `end` is the clip time at which the last frame ends. It is taken from the packets, so frames at the
    end that cannot be decoded still count. `damage_times` are the clip times of the frames that the decoder
    rejected or concealed, `untimed_frames` counts those without a valid timestamp. `ends_damaged` is set if
    frames between the last good one and the end are damaged. `is_exhausted` is set at the end of the file.

    With `seek_to` (clip time in seconds), decoding begins at a key frame that the container's index names
    for that time, if there is one. What comes before the first good frame there is not counted as damage.
    """

    def __init__(
        self, path: Path, container: str, video: VideoStream, *, seek_to: Fraction | None = None
    ) -> None:
        self._path, self._container, self._video = path, container, video
        self._seek_to = seek_to
        self._is_lost = seek_to is not None  # until the first good frame after a seek
        self._origin = Fraction(video.start_us, 1_000_000)
        self._latest_end = self._origin
        self._packet_time = Fraction(0)
        self.damage_times: list[Fraction] = []
        self.untimed_frames = 0
        self.ends_damaged = False
        self.is_exhausted = False
        self._recovery_times: deque[Fraction] = deque()

    @property
    def end(self) -> Fraction:
        """Clip time at which the last frame ends, in seconds."""
        return self._latest_end - self._origin

    def __iter__(self) -> Generator[TimedFrame]:
        index = self._video.index
        with open_media(self._path, streams=(index,), expected_format=self._container) as container:
            stream = container.streams[index]
            assert isinstance(stream, AvVideo)
            self._origin = compute_exact_time(self._video.start_us, stream.time_base)
            self._latest_end = self._origin
            stream.codec_context.thread_type = ThreadType.FRAME
            stream.codec_context.thread_count = min(_DECODER_THREADS, os.cpu_count() or 1)
            if not self._seek(container, stream):
                return
            frames = self._decode_packets(container.demux(stream))
            yield from self._assign_times(deinterlace_frames(frames) if self._video.interlaced else frames)
            self.is_exhausted = True

    def _seek(self, container: InputContainer, stream: AvVideo) -> bool:
        """Go to where decoding begins; return False if the container cannot."""
        if self._seek_to is None:
            return True
        if not stream.time_base:
            return False
        try:
            container.seek(floor((self._origin + self._seek_to) / stream.time_base), stream=stream)
        except av.FFmpegError:
            return False
        return True

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
                    suspect = self._count_damage(compute_frame_time(frame))
                    continue
                suspect = 0 if frame.key_frame else max(0, suspect - 1)
                if not suspect:
                    self._is_lost = False
                    self._record_recovery(frame)
                    yield frame

    def _count_damage(self, time: Fraction | None = None) -> int:
        """Count a damaged frame and return the number of following frames that are suspect.

        `time` is its presentation time in the file, that of the last packet if it is unknown.
        """
        if self._is_lost:
            return 0
        self.damage_times.append(self._packet_time if time is None else time - self._origin)
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
        self._packet_time = start * packet.time_base - self._origin
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
            if last is not None and time - last > LONGEST_HOLD_S:
                jump = f"{float(time - last):.0f} s"
                raise BadMedia(
                    f"{self._path.name}: its timestamps jump by {jump} between two frames",
                    "split the clip at the jump and drop both parts",
                )
            last = time
            after_damage = bool(self._recovery_times) and time >= self._recovery_times[0]
            if after_damage:
                self._recovery_times.popleft()
            yield TimedFrame(time - self._origin, frame, after_damage)


def open_video_at(
    path: Path, container: str, video: VideoStream, start: Fraction
) -> tuple[VideoReader, Generator[TimedFrame]]:
    """Return a reader, and its frames from at least the second one before clip time `start` on.

    The container's index is not trusted: the times of the decoded frames decide whether a seek went far
    enough back. Raises BadMedia and OSError as `VideoReader` does.
    """
    for seek_to in _list_seek_targets(start, 1 / video.rate.fraction):
        reader = VideoReader(path, container, video, seek_to=seek_to)
        frames = iter(reader)
        lead = list(islice(frames, 2))
        if seek_to is None or (len(lead) == 2 and (lead[0].time + lead[1].time) / 2 < start):
            break
        frames.close()
    return reader, _join_frames(lead, frames)


def _list_seek_targets(start: Fraction, frame_s: Fraction) -> Iterator[Fraction | None]:
    """Yield the clip times to seek to, further and further back; at last None, the beginning."""
    target, step = start - _LEAD_FRAMES * frame_s, _FIRST_STEP_S
    while target > 0:
        yield target
        target -= step
        step *= _STEP_FACTOR
    yield None


def _join_frames(lead: list[TimedFrame], frames: Generator[TimedFrame]) -> Generator[TimedFrame]:
    try:
        while lead:
            yield lead.pop(0)  # not kept: a frame has megabytes
        yield from frames
    finally:
        frames.close()


def compute_exact_time(time_us: int, time_base: Fraction | None) -> Fraction:
    """Return the presentation time, in seconds, that was rounded to `time_us`.

    With 25 fps on a grid of 30, some frames are exactly halfway between two ticks. An origin rounded to
    microseconds would make the choice between them random.
    """
    rounded = Fraction(time_us, 1_000_000)
    exact = round(rounded / time_base) * time_base if time_base else rounded
    return exact if round(exact * 1_000_000) == time_us else rounded


def compute_frame_time(frame: VideoFrame) -> Fraction | None:
    """Return a frame's presentation time in the file, in seconds."""
    return None if frame.pts is None or not frame.time_base else frame.pts * frame.time_base
