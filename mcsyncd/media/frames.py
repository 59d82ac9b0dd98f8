"""What a decoded frame says about its colour."""

from __future__ import annotations

from av.video.frame import VideoFrame

from mcsyncd.media.colour import FULL_RANGE, MATRICES, PRIMARIES, TRANSFERS
from mcsyncd.model.clip import Colour


def read_colour(frame: VideoFrame) -> Colour:
    """Return the colour tags of a decoded frame; an unspecified or unknown tag is None."""
    return Colour(
        primaries=PRIMARIES.get(frame.color_primaries),
        transfer=TRANSFERS.get(frame.color_trc),
        matrix=MATRICES.get(frame.colorspace),
        full_range=is_full_range(frame),
    )


def is_full_range(frame: VideoFrame) -> bool:
    """Return whether black is 0: by the frame's tag, or by a `yuvj` format, FFmpeg's older way to say it."""
    return frame.color_range == FULL_RANGE or frame.format.name.startswith("yuvj")
