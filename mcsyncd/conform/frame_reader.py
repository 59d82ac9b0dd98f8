"""One frame of a file: the one that is shown at a moment, small, upright and in RGB.

It is reached by seeking, so that nobody waits for an hour of decoding. The container's index is not trusted:
a seek may land behind the moment, or at pictures that cannot be decoded without those before them, so the
frames around the moment are decoded and their own times decide.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import floor
from pathlib import Path

import av
import numpy as np
from av.codec.context import ThreadType
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream as AvVideo
from numpy.typing import NDArray

from mcsyncd.conform.filter_graphs import FrameConverter, deinterlace_frames
from mcsyncd.conform.frame_conversion import FrameConversion, plan_boxed_conversion
from mcsyncd.conform.video_reader import compute_frame_time
from mcsyncd.errors import BadMedia
from mcsyncd.media.failures import COPY_AGAIN_HINT, translate_media_errors
from mcsyncd.media.frames import read_colour
from mcsyncd.media.open import open_media
from mcsyncd.model.clip import VideoStream

_LEAD_FRAMES = 2
"""Frames before the moment to which the first seek goes: the frame before the one that is shown is wanted,
too. Fewer, and every second request seeks twice; more are decoded in vain."""

_FIRST_STEP_S = Fraction(1)
_STEP_FACTOR = 8
"""Seconds that the second seek goes further back, and how much further each later one does. Judgement: a
container without an index is read from its beginning after four attempts."""

_DECODER_THREADS = 4
"""Judgement: all frames since the last key frame are decoded for each request, and a person waits."""

_CONVERTERS = 8
"""Conversions that are kept. Judgement: the angles of a session; a new filter graph takes as long as a frame,
and the table of an HDR one longer."""


@dataclass(frozen=True, slots=True)
class FrameSpan:
    """What is shown from `begin` to `end`, in seconds since the first frame.

    `pixels` are uint8 (height, width, 3). They are None before the first frame (`begin` is None) and after
    the last (`end` is None). `previous` is where the frame before this one begins, None without one.
    """

    begin: Fraction | None
    end: Fraction | None
    previous: Fraction | None = None
    pixels: NDArray[np.uint8] | None = None


def read_frame(
    path: Path, video: VideoStream, time: Fraction, box: tuple[int, int], *, container: str | None = None
) -> FrameSpan:
    """Return the frame that is shown `time` seconds after the first one, within `box` (width, height).

    `container` is the format that probe found. Raises BadMedia if nothing there can be decoded, OSError if
    the file cannot be read.
    """
    if time < 0:
        return FrameSpan(None, Fraction(0))
    origin = Fraction(video.start_us, 1_000_000)
    with translate_media_errors(path):
        found = _FrameSearch(path, video, container).find(time + origin)
        return _describe_span(path, video, time, box, found)


def _describe_span(
    path: Path, video: VideoStream, time: Fraction, box: tuple[int, int], found: _Neighbours
) -> FrameSpan:
    origin = Fraction(video.start_us, 1_000_000)
    if found.frame is None:
        raise BadMedia(f"{path.name}: no frame can be decoded at {float(time):.3f} s", COPY_AGAIN_HINT)
    begin, end = found.time - origin, found.end - origin
    if time >= end:
        return FrameSpan(end, None, begin)
    previous = None if found.previous is None else found.previous - origin
    return FrameSpan(begin, end, previous, _convert_frame(found.frame, video, box))


@dataclass(frozen=True, slots=True)
class _Neighbours:
    """The last `frame` up to the moment, with the times (in the file) of it, the one before and the next."""

    frame: VideoFrame | None
    time: Fraction
    end: Fraction
    previous: Fraction | None


class _FrameSearch:
    """Looks for a frame of one file, from further and further back until one is found."""

    def __init__(self, path: Path, video: VideoStream, container: str | None) -> None:
        self._path, self._video, self._container = path, video, container
        self._origin = Fraction(video.start_us, 1_000_000)
        self._frame_s = 1 / video.rate.fraction

    def find(self, target: Fraction) -> _Neighbours:
        """Return the frame that is shown at `target`, seconds of presentation time in the file."""
        start, step = target - _LEAD_FRAMES * self._frame_s, _FIRST_STEP_S
        while start > self._origin:
            found = self._scan(target, start)
            if found.frame is not None and (found.previous is not None or self._is_first(found.time)):
                return found
            start = min(start, found.time if found.frame is not None else start) - step
            step *= _STEP_FACTOR
        return self._scan(target, None)

    def _is_first(self, time: Fraction) -> bool:
        return time < self._origin + self._frame_s / 2

    def _scan(self, target: Fraction, start: Fraction | None) -> _Neighbours:
        """Decode from the key frame before `start` (None: the beginning) to the frame after `target`."""
        index = self._video.index
        with open_media(self._path, streams=(index,), expected_format=self._container) as container:
            stream = container.streams[index]
            if not isinstance(stream, AvVideo) or stream.codec_context is None:
                raise BadMedia(f"{self._path.name} is not the file that was probed", "probe it again")
            stream.codec_context.thread_type = ThreadType.FRAME
            stream.codec_context.thread_count = min(_DECODER_THREADS, os.cpu_count() or 1)
            if start is not None and stream.time_base:
                container.seek(floor(start / stream.time_base), stream=stream)
            frames = _decode_frames(container, stream)
            return self._choose_frame(
                deinterlace_frames(frames) if self._video.interlaced else frames, target
            )

    def _choose_frame(self, frames: Iterator[VideoFrame], target: Fraction) -> _Neighbours:
        shown: VideoFrame | None = None
        time, previous = self._origin, None
        for frame in frames:
            next_time = compute_frame_time(frame)
            if next_time is None or (shown is not None and next_time <= time):
                continue
            if next_time > target:
                return _Neighbours(shown, time, next_time, previous)
            previous = time if shown is not None else None
            shown, time = frame, next_time
        return _Neighbours(shown, time, time + self._measure_last_s(shown), previous)

    def _measure_last_s(self, frame: VideoFrame | None) -> Fraction:
        """Return how long the last frame is shown, in seconds: no other frame ends it."""
        if frame is not None and self._video.variable_rate and frame.duration and frame.time_base:
            return frame.duration * frame.time_base
        return self._frame_s


def _decode_frames(container: InputContainer, stream: AvVideo) -> Iterator[VideoFrame]:
    """Yield the frames from the first good one on. After that, a damaged one is better than none."""
    is_good = False
    packets = container.demux(stream)
    while True:
        try:
            frames = next(packets).decode()
        except (StopIteration, av.EOFError):
            return
        except av.InvalidDataError:  # of a damaged packet; a file that was cut off ends after it
            continue
        for frame in frames:
            is_good = is_good or not frame.is_corrupt
            if is_good:
                yield frame


def _convert_frame(frame: VideoFrame, video: VideoStream, box: tuple[int, int]) -> NDArray[np.uint8]:
    conversion = plan_boxed_conversion(replace(video, colour=read_colour(frame)), box)
    return _get_converter(conversion).convert_frame(frame).to_ndarray().astype(np.uint8, copy=False)


@lru_cache(_CONVERTERS)
def _get_converter(conversion: FrameConversion) -> FrameConverter:
    return FrameConverter(conversion)
