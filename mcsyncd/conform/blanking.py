"""The lines of an IMX frame that are no picture. Pure.

D-10 (SMPTE 356M, Sony's IMX) stores the end of the vertical blanking interval above the picture, with
timecode and teletext in it: 608 lines for 576 of picture, 512 for 486. No other MPEG-2 has these sizes.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from mcsyncd.model.clip import VideoStream

_BLANKING_LINES = {(720, 608): 32, (720, 512): 26}
"""Lines above the picture, by the size of the MPEG-2 frame (SMPTE ST 386, the display rectangle). All are
even, so the order of the fields stays. More would cut the picture, fewer show the signals above it."""


def count_blanking_lines(video: VideoStream) -> int:
    """Return how many lines at the top of a coded frame are no picture."""
    return _BLANKING_LINES.get((video.width, video.height), 0) if video.codec == "mpeg2video" else 0


def crop_blanking(video: VideoStream) -> VideoStream:
    """Return the video without those lines.

    The shape of a pixel follows from that of the picture (4:3 or 16:9), which FFmpeg spreads over all lines.
    """
    lines = count_blanking_lines(video)
    if not lines:
        return video
    height = video.height - lines
    aspect = Fraction(*video.pixel_aspect) * (
        1 if video.pixel_aspect == (1, 1) else Fraction(height, video.height)
    )
    return replace(video, height=height, pixel_aspect=(aspect.numerator, aspect.denominator))
