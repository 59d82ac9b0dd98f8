"""Find out which hardware encoders work here, by encoding with them. Loads drivers: not for the daemon."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from mcsyncd.conform.encoders import Encoder
from mcsyncd.conform.hardware_encoders import build_hardware_encoder
from mcsyncd.settings.profiles import Profile

_TRIED_SIZE = (640, 368)
"""Pixels. Judgement: every encoder takes it; some refuse less than 160 lines or odd multiples of 16."""


def find_usable_encoders(profiles: Iterable[Profile]) -> frozenset[str]:
    """Return the hardware encoders that these profiles ask for and that work here, by ffmpeg's names."""
    wanted = {build_hardware_encoder(profile.video) for profile in profiles} - {None}
    return frozenset(encoder.name for encoder in wanted if encoder and not find_encoder_obstacle(encoder))


def find_encoder_obstacle(encoder: Encoder) -> str:
    """Return why an encoder does not work here, in the library's words; "" if it encoded a frame."""
    level, skips_repeated = av.logging.get_level(), av.logging.get_skip_repeated()
    av.logging.set_level(av.logging.ERROR)
    av.logging.set_skip_repeated(False)  # the reason of the last encoder would be told for this one
    try:
        with av.logging.Capture() as lines:
            try:
                _encode_one_frame(encoder)
            except av.codec.codec.UnknownCodecError:
                return "this build of PyAV does not have it"
            except (av.FFmpegError, ValueError, RuntimeError) as error:
                told = [text.strip() for _, _, text in lines if text.strip()]
                return told[0] if told else str(getattr(error, "strerror", None) or error)
    finally:
        av.logging.set_level(level)
        av.logging.set_skip_repeated(skips_repeated)
    return ""


def _encode_one_frame(encoder: Encoder) -> None:
    context = av.CodecContext.create(encoder.name, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height = _TRIED_SIZE
    context.pix_fmt = encoder.fmt
    context.time_base = Fraction(1, 25)
    context.framerate = Fraction(25)
    context.options = dict(encoder.options)
    frame = VideoFrame(*_TRIED_SIZE, encoder.fmt)
    frame.pts, frame.time_base = 0, context.time_base
    packets = [*context.encode(frame), *context.encode(None)]
    if not packets:
        raise RuntimeError("it takes a frame and gives nothing back")
