"""Versions of the libraries that make a rendition. Only equal versions guarantee equal bytes."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache

import av
from av.video.codeccontext import VideoCodecContext

_X264_VERSION = re.compile(rb"x264 - core (\d+)")
"""How x264 writes its version into its first packet (an SEI message)."""


@cache
def get_library_versions() -> tuple[tuple[str, str], ...]:
    """Return name and version of PyAV, FFmpeg's libraries and x264, sorted by name."""
    libraries = {name: ".".join(map(str, number)) for name, number in av.library_versions.items()}
    return tuple(sorted({**libraries, "pyav": av.__version__, "x264": _read_x264_version()}.items()))


def _read_x264_version() -> str:
    """Encode one frame and read the version that x264 writes into it: FFmpeg offers no other way."""
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width = encoder.height = 64
    encoder.pix_fmt, encoder.time_base, encoder.framerate = "yuv420p", Fraction(1, 25), Fraction(25)
    packets = [*encoder.encode(av.VideoFrame(64, 64, "yuv420p")), *encoder.encode(None)]
    match = _X264_VERSION.search(b"".join(bytes(packet) for packet in packets))
    return match[1].decode() if match else "unknown"
