"""A camera's file for the sync benchmark: H.264 and AAC in MP4, hours of it in minutes.

Sync reads no picture, so the pictures are one short group over and over, encoded once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import chain, repeat
from math import ceil
from pathlib import Path
from typing import Any, TypeAlias

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

Wave = NDArray[np.float32]
Packet: TypeAlias = "av.Packet[Any]"

SAMPLE_RATE = 48_000
STRETCH_S = 10
"""Sound comes in stretches of this length, and so do the pictures."""
_RATE = 25
_SIZE = (160, 90)
_LAYOUTS = {1: "mono", 2: "stereo"}
_BIT_RATE = 80_000
"""Of a channel."""


def write_film(
    path: Path, seconds: float, channels: int, sound: Iterable[Wave], begins_s: float = 0.0
) -> Path:
    """Write a file of `seconds` of pictures and of `sound`, and return its path.

    `sound` is float32 of shape (channels, samples) at SAMPLE_RATE, in stretches of STRETCH_S; it
    begins `begins_s` after the first picture. Without `channels` there is no sound track.
    """
    # The movie's own clock counts milliseconds by default; at this one a late start is exact.
    with av.open(str(path), "w", options={"movie_timescale": str(SAMPLE_RATE)}) as container:
        video = _video(container)
        audio = _audio(container, channels) if channels else None
        group = _group(video)
        at = round(begins_s * SAMPLE_RATE)
        stretches = chain(sound, repeat(np.zeros((channels, 0), np.float32)))
        for number, stretch in zip(range(ceil(seconds / STRETCH_S)), stretches, strict=False):
            left = round(seconds * _RATE) - number * len(group)
            container.mux([_again(packet, number * len(group)) for packet in group[:left]])
            if audio is not None and stretch.size:
                container.mux(audio.encode(_frame(stretch, at)))
                at += stretch.shape[1]
        if audio is not None:
            container.mux(audio.encode(None))
    return path


def _video(container: OutputContainer) -> VideoStream:
    options = {"preset": "ultrafast", "bf": "0", "g": str(STRETCH_S * _RATE)}
    video = container.add_stream("libx264", rate=_RATE, options=options)
    assert isinstance(video, VideoStream)
    video.width, video.height = _SIZE
    video.pix_fmt = "yuv420p"
    video.codec_context.thread_type = "FRAME"
    return video


def _audio(container: OutputContainer, channels: int) -> AudioStream:
    # The encoder's usual search takes more than twice as long.
    audio = container.add_stream("aac", rate=SAMPLE_RATE, options={"aac_coder": "fast"})
    assert isinstance(audio, AudioStream)
    audio.layout, audio.bit_rate = _LAYOUTS[channels], _BIT_RATE * channels
    return audio


def _group(video: VideoStream) -> Sequence[Packet]:
    """Return the packets of STRETCH_S of moving bars: they begin with a key frame, none is reordered."""
    width, height = _SIZE
    packets: list[Packet] = []
    for number in range(STRETCH_S * _RATE):
        picture = np.full((height * 3 // 2, width), 128, np.uint8)
        picture[:height] = (np.arange(width) * 4 + number * 3) % 200 + 16
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, _RATE)
        packets += video.encode(frame)
    return packets + video.encode(None)


def _again(packet: Packet, ticks: int) -> Packet:
    """Return a copy of a packet, `ticks` pictures later."""
    copy = av.Packet(bytes(packet))
    copy.stream, copy.time_base = packet.stream, Fraction(1, _RATE)
    assert packet.pts is not None
    copy.pts = copy.dts = round(packet.pts * packet.time_base * _RATE) + ticks
    copy.duration, copy.is_keyframe = 1, packet.is_keyframe
    return copy


def _frame(stretch: Wave, at: int) -> av.AudioFrame:
    layout = _LAYOUTS[len(stretch)]
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(stretch), format="fltp", layout=layout)
    frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, at, Fraction(1, SAMPLE_RATE)
    return frame
