"""The picture's way from the source's shape to the rendition's: scale, turn, tag. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from mcsyncd.conform.tags import Tags, tags_for
from mcsyncd.model.clip import VideoStream

_TURNS = {0: (), 90: ("transpose=clock",), 180: ("hflip", "vflip"), 270: ("transpose=cclock",)}
_FULL_RANGE_FORMATS = {"yuv420p"}
"""H.264 says in its header which range it has; ProRes and DNxHR players take limited for granted."""

_SCALER_MATRIX = {
    "bt470bg": "bt470",
    "bt2020nc": "bt2020",
    "bt2020c": "bt2020",
    "ycgco": "auto",
    "ictcp": "auto",
}
"""The scaler's own names, where they differ from ffmpeg's tags."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """How a decoded picture becomes one of the rendition.

    `scaled` is its size before it is turned, `size` the upright size that is encoded.
    """

    scaled: tuple[int, int]
    size: tuple[int, int]
    rotation: int
    fmt: str
    tags: Tags

    def filters(self, width: int, height: int, fmt: str, full_range: bool) -> str:
        """Return the filter chain for a source picture of that size, pixel format and range."""
        same = (width, height, fmt, full_range) == (*self.scaled, self.fmt, self.tags.full_range)
        scale = () if same else (self._scale(full_range),)
        return ",".join((*scale, f"format={self.fmt}", *_TURNS[self.rotation], self._tag()))

    def _scale(self, full_range: bool) -> str:
        width, height = self.scaled
        source = "pc" if full_range else "tv"
        # The same matrix on both sides: only RGB, which has none, is converted by it.
        matrix = _SCALER_MATRIX.get(self.tags.matrix, self.tags.matrix)
        return (
            f"scale={width}:{height}:flags=bicubic+accurate_rnd:in_range={source}:out_range={self.tags.range}"
            f":in_color_matrix={matrix}:out_color_matrix={matrix}"
        )

    def _tag(self) -> str:
        tags = self.tags
        return (
            f"setsar=1,setparams=range={tags.range}:color_primaries={tags.primaries}"
            f":color_trc={tags.transfer}:colorspace={tags.matrix}"
        )


def canvas_for(video: VideoStream, short_side: int | None, fmt: str) -> Canvas:
    """Return the canvas of a rendition: never enlarged, square pixels, even sides, upright."""
    shape = _square(video)
    if short_side is not None and min(shape) > short_side:
        shape = (shape[0] * short_side / min(shape), shape[1] * short_side / min(shape))
    scaled = (_even(shape[0]), _even(shape[1]))
    turned = video.rotation in {90, 270}
    return Canvas(
        scaled=scaled,
        size=(scaled[1], scaled[0]) if turned else scaled,
        rotation=video.rotation,
        fmt=fmt,
        tags=tags_for(video, keeps_full_range=fmt in _FULL_RANGE_FORMATS),
    )


def _square(video: VideoStream) -> tuple[Fraction, Fraction]:
    """Return the size with square pixels, stretching the side that is too short."""
    wide = Fraction(*video.pixel_aspect)
    width, height = Fraction(video.width), Fraction(video.height)
    return (width * wide, height) if wide > 1 else (width, height / wide)


def _even(length: Fraction) -> int:
    return max(2, 2 * round(length / 2))
