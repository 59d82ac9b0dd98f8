"""Write one camera's file with PyAV: H.264 and AAC in MP4 or MOV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from heapq import merge
from pathlib import Path
from typing import Any, TypeAlias

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from mcsyncd.demo.microphone import MICROPHONES
from mcsyncd.demo.painting import Pixels
from mcsyncd.demo.sound_events import Wave
from mcsyncd.demo.truth import Take
from mcsyncd.errors import UsageError
from mcsyncd.media.processor import X264_OPTIONS

_BT709, _LIMITED = 1, 1
"""FFmpeg's numbers for BT.709 (primaries, transfer and matrix alike) and for limited range."""
_AAC_FRAME = 1024
"""Samples in a frame of AAC-LC (ISO/IEC 14496-3)."""


def write_clip(
    path: Path,
    take: Take,
    *,
    size: tuple[int, int],
    frames: Iterable[Pixels],
    audio: Iterable[Wave],
    report_progress: Callable[[float], None],
) -> None:
    """Write one camera's file.

    `frames` are yuv420p blocks of shape (height * 3 / 2, width), one for each frame of the take's
    rate from 0. `audio` is float32 of shape (samples, channels), in consecutive blocks from 0. Both are
    consumed as they are produced, so memory does not grow with the length of the shoot. Raises UsageError
    for a frame size that 4:2:0 cannot have.
    """
    width, height = size
    if width % 2 or height % 2:
        raise UsageError(f"a frame of {width} x {height} cannot be 4:2:0", "choose even numbers")
    # The movie's own timescale is milliseconds by default; with this one, edit lists are exact.
    with av.open(str(path), "w", options={"movie_timescale": "48000"}) as container:
        rate = take.camera_model.rate.fraction
        video = container.add_stream("libx264", rate=rate, options=dict(X264_OPTIONS))
        audio_stream = container.add_stream(
            "aac", rate=take.camera_model.audio_rate, layout=_get_channel_layout(take)
        )
        _set_up_video(video, size)
        audio_stream.bit_rate = 160_000
        both = (
            _time_video_frames(video, take, frames, report_progress),
            _time_audio_frames(audio_stream, take, audio),
        )
        for _, encode in merge(*both, key=lambda timed: timed[0]):
            container.mux(encode())
        container.mux(video.encode(None))
        container.mux(audio_stream.encode(None))


def _set_up_video(video: VideoStream, size: tuple[int, int]) -> None:
    video.width, video.height = size
    video.pix_fmt = "yuv420p"
    # PyAV's default, slice threads, makes the bytes depend on the number of cores.
    video.codec_context.thread_type = "FRAME"
    video.codec_context.thread_count = 1
    video.codec_context.gop_size = 30
    video.codec_context.color_primaries = _BT709
    video.codec_context.color_trc = _BT709
    video.codec_context.colorspace = _BT709
    video.codec_context.color_range = _LIMITED
    video.options = {"preset": "ultrafast", "crf": "20"}


def _get_channel_layout(take: Take) -> str:
    return "stereo" if len(MICROPHONES[take.camera_model.kind].channels) == 2 else "mono"


_TimedEncode: TypeAlias = "tuple[Fraction, Callable[[], Sequence[av.Packet[Any]]]]"
"""A frame's time and the call that encodes it, so that video and audio can be merged in order of time."""


def _time_video_frames(
    stream: VideoStream, take: Take, frames: Iterable[Pixels], report_progress: Callable[[float], None]
) -> Iterator[_TimedEncode]:
    tick = 1 / take.camera_model.rate.fraction
    for number, pixels in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(pixels, format="yuv420p")
        frame.pts, frame.time_base = number, tick
        yield number * tick, partial(stream.encode, frame)
        if number % 25 == 0:
            report_progress(number / take.frames)


def _time_audio_frames(stream: AudioStream, take: Take, audio: Iterable[Wave]) -> Iterator[_TimedEncode]:
    """Yield frames of AAC's size, each with a timestamp: without, AAC in MP4 plays 21 ms late."""
    position, rest = 0, np.zeros((0, 0), dtype=np.float32)
    for block in audio:
        rest = np.concatenate([rest.reshape(-1, block.shape[1]), block])
        while len(rest) >= _AAC_FRAME:
            yield _build_audio_frame(stream, take, rest[:_AAC_FRAME], position)
            rest = rest[_AAC_FRAME:]
            position += _AAC_FRAME
    if len(rest):
        yield _build_audio_frame(stream, take, rest, position)


def _build_audio_frame(stream: AudioStream, take: Take, samples: Wave, first_sample: int) -> _TimedEncode:
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(samples.T), format="fltp", layout=_get_channel_layout(take)
    )
    frame.sample_rate = take.camera_model.audio_rate
    frame.pts, frame.time_base = first_sample, Fraction(1, take.camera_model.audio_rate)
    return Fraction(first_sample, take.camera_model.audio_rate), partial(stream.encode, frame)
