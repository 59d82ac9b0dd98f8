"""What a decoded frame says about its colour."""

from __future__ import annotations

from collections.abc import Iterator

from av.video.frame import VideoFrame

from mcsyncd.media.colour import FULL_RANGE, MATRICES, PRIMARIES, RGB, TRANSFERS, UNSPECIFIED
from mcsyncd.model.colour import Colour


def read_colour(frame: VideoFrame) -> Colour:
    """Return the colour tags of a decoded frame; an unspecified, reserved or unknown tag is None.

    The pixel format tells RGB from YUV, and a tag that contradicts it is none.
    """
    matrix = MATRICES.get(int(frame.colorspace))
    return Colour(
        primaries=PRIMARIES.get(int(frame.color_primaries)),
        transfer=TRANSFERS.get(int(frame.color_trc)),
        matrix=RGB if frame.format.is_rgb else None if matrix == RGB else matrix,
        full_range=is_full_range(frame),
    )


def is_full_range(frame: VideoFrame) -> bool:
    """Return whether black is 0: by the frame's tag, or by a `yuvj` format, FFmpeg's older way to say it."""
    return int(frame.color_range) == FULL_RANGE or frame.format.name.startswith("yuvj")


def list_reserved_tags(frame: VideoFrame) -> Iterator[tuple[str, int]]:
    """Yield the colour tags of a frame that mean nothing: what they are about, and their number."""
    if (primaries := int(frame.color_primaries)) not in {UNSPECIFIED, *PRIMARIES}:
        yield "primaries", primaries
    if (transfer := int(frame.color_trc)) not in {UNSPECIFIED, *TRANSFERS}:
        yield "transfer", transfer
    matrix = int(frame.colorspace)
    if matrix not in {UNSPECIFIED, *MATRICES} or (MATRICES.get(matrix) == RGB and not frame.format.is_rgb):
        yield "matrix", matrix
