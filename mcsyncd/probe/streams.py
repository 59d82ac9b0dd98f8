"""Describing PyAV's streams in the model's terms. Every value is copied.

Reading a `Stream` after its container was closed crashes the interpreter (PyAV 18.1). A rational
may be absent or zero, so each is tested by truth value and never by `is None`.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from typing import BinaryIO

from av.audio.stream import AudioStream as AvAudio
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream as AvVideo

from mcsyncd.containers.boxes import list_sample_formats
from mcsyncd.media.decoders import has_decoder, is_still, name_codec
from mcsyncd.media.frames import read_colour
from mcsyncd.media.side_data import find_display_matrix
from mcsyncd.model.clip import AudioStream, VideoStream
from mcsyncd.model.rate import FALLBACK_RATE, Rate, recognise_rate
from mcsyncd.probe.first_frames import FirstFrames
from mcsyncd.probe.frame_intervals import FrameIntervals

_INTERLACED_ORDERS = (2, 3, 4, 5)
"""Values of FFmpeg's AVFieldOrder for interlaced video: TT, BB, TB, BT."""

DEFAULT_TIME_BASE = Fraction(1, 90_000)
"""Time base, in seconds, of a stream that states none: the 90 kHz clock of MPEG systems."""

_MAX_SAMPLE_RATE = 768_000
"""Samples per second. Judgement: the fastest audio converters; a higher value is a broken header."""

_MAX_CHANNELS = 64
"""Channels of one audio track: what the largest field recorders write (MADI has 64). Above it, a header is
taken as broken, and the track is left out."""

_SQUARE_TOLERANCE = Fraction(1, 100)
"""Deviation from 1 up to which a pixel aspect counts as square: the rounding of an odd display size
(1280:1281 was seen). Lower, such clips are scaled for nothing; higher, a real aspect is lost."""


_VARIABLE_UNCERTAINTY = Fraction(1, 100)
"""Relative uncertainty of a variable rate. Judgement: a phone in dim light averages 29.8 for 30.
Higher, 24 and 25 become one; lower, each clip of a phone has a rate of its own."""

_MATRIX_BYTES = 36
"""Bytes of a display matrix: nine numbers of 32 bits (libavutil/display.h)."""


def choose_main_video(container: InputContainer) -> AvVideo | None:
    """Return the clip's video stream: FFmpeg's choice, but never a cover image or a thumbnail."""
    best = container.streams.best("video")
    usable = [stream for stream in container.streams.video if _is_footage(stream)]
    if isinstance(best, AvVideo) and best in usable:
        return best
    return max(usable, key=lambda stream: stream.width * stream.height, default=None)


def _is_footage(stream: AvVideo) -> bool:
    return has_decoder(stream) and not is_still(stream)


def find_hidden_picture(container: InputContainer, file: BinaryIO) -> str:
    """Return the codec of a picture that cannot be decoded, such as camera raw; empty where there is none."""
    hidden = [
        stream for stream in container.streams.video if not has_decoder(stream) and not is_still(stream)
    ]
    return _describe_codec(container, hidden[0], file) if hidden else ""


def _describe_codec(container: InputContainer, stream: AvVideo | AvAudio, file: BinaryIO) -> str:
    """Return what a codec is called by FFmpeg or, where FFmpeg cannot decode it, by an MP4 or MOV."""
    if name := name_codec(stream):
        return name
    names = list_sample_formats(file)
    name = names[stream.index] if stream.index < len(names) == len(container.streams) else ""
    return name if name.isascii() and name.isprintable() and name else "an unknown codec"


def describe_video_stream(
    container: InputContainer, stream: AvVideo, first_frames: FirstFrames
) -> VideoStream:
    """Describe the video stream. `first_frames.first` must not be None."""
    first = first_frames.first
    assert first is not None
    time_base = stream.time_base or DEFAULT_TIME_BASE
    intervals = first_frames.measure_intervals(time_base)
    start = (first.pts or 0) * time_base
    rate = _find_rate(stream, intervals)
    duration = _compute_duration(container, stream, time_base, start)
    if first_frames.frame_count == 1:
        # A still picture: what FFmpeg calls the stream's duration may be that of the sound.
        duration = first_frames.packet_duration * time_base or 1 / rate.fraction
    return VideoStream(
        index=stream.index,
        codec=stream.codec_context.name,
        width=first.width,
        height=first.height,
        rate=rate,
        pix_fmt=first.format.name,
        start_us=_us_from_seconds(start),
        duration_us=_us_from_seconds(duration),
        frames=stream.frames or first_frames.frame_count,
        variable_rate=intervals.variable if intervals else False,
        rotation=-first.rotation % 360,
        interlaced=first.interlaced_frame or stream.codec_context.field_order in _INTERLACED_ORDERS,
        pixel_aspect=_read_pixel_aspect(stream),
        colour=read_colour(first),
        mirrored=_is_mirrored(first),
    )


def describe_audio_streams(container: InputContainer) -> tuple[AudioStream, ...]:
    """Describe the audio tracks that can be decoded, in the order of the file."""
    return tuple(
        _describe_audio_stream(container, stream) for stream in container.streams.audio if _can_decode(stream)
    )


def list_undecodable_audio(container: InputContainer, file: BinaryIO) -> dict[int, str]:
    """Return the audio tracks that cannot be decoded, by their numbers (from 1, in the order of the file).

    Of each, the name of its codec and, if that is not the reason, what its header claims.
    """
    return {
        number: _describe_codec(container, stream, file)
        if not has_decoder(stream)
        else f"{name_codec(stream)} of {stream.channels} channels at {stream.sample_rate} Hz"
        for number, stream in enumerate(container.streams.audio, 1)
        if not _can_decode(stream)
    }


def _can_decode(stream: AvAudio) -> bool:
    return (
        has_decoder(stream)
        and 0 < stream.sample_rate <= _MAX_SAMPLE_RATE
        and 0 < stream.channels <= _MAX_CHANNELS
    )


def _describe_audio_stream(container: InputContainer, stream: AvAudio) -> AudioStream:
    time_base = stream.time_base or Fraction(1, stream.sample_rate)
    start = (stream.start_time or 0) * time_base
    return AudioStream(
        index=stream.index,
        codec=stream.codec_context.name,
        sample_rate=stream.sample_rate,
        channels=stream.channels,
        layout=stream.layout.name,
        start_us=_us_from_seconds(start),
        duration_us=_us_from_seconds(_compute_duration(container, stream, time_base, start)),
    )


def _compute_duration(
    container: InputContainer, stream: AvVideo | AvAudio, time_base: Fraction, start: Fraction
) -> Fraction:
    """Return the seconds from `start` to the stream's end; to the container's end if the stream has none."""
    declared = (stream.start_time or 0) * time_base
    if stream.duration:
        return max(Fraction(0), declared + stream.duration * time_base - start)
    end = Fraction((container.start_time or 0) + (container.duration or 0), 1_000_000)
    return max(Fraction(0), end - start)


def _find_rate(stream: AvVideo, intervals: FrameIntervals | None) -> Rate:
    """Return the true rate: by the intervals between the frames; as declared if there is only one frame."""
    declared = stream.guessed_rate or stream.average_rate
    declared = Fraction(declared) if declared and declared > 0 else None
    if intervals is not None:
        lowest = _VARIABLE_UNCERTAINTY if intervals.variable else Fraction(0)
        return recognise_rate(intervals.rate, declared, max(lowest, intervals.uncertainty))
    return recognise_rate(declared, declared) if declared else FALLBACK_RATE


def _read_pixel_aspect(stream: AvVideo) -> tuple[int, int]:
    aspect = stream.sample_aspect_ratio
    if not aspect or aspect <= 0 or abs(aspect - 1) < _SQUARE_TOLERANCE:
        return (1, 1)
    return (aspect.numerator, aspect.denominator)


def _us_from_seconds(seconds: Fraction) -> int:
    return round(seconds * 1_000_000)


def _is_mirrored(frame: VideoFrame) -> bool:
    """Return whether the display matrix mirrors the frame (its determinant is negative)."""
    raw = find_display_matrix(frame)
    if raw is None or len(raw) < _MATRIX_BYTES:
        return False
    a, b, c, d = (int.from_bytes(raw[at : at + 4], sys.byteorder, signed=True) for at in (0, 4, 12, 16))
    return a * d - b * c < 0
