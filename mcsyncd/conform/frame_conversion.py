"""The picture's way from the source's shape to the rendition's: scale, turn, tag. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from mcsyncd.conform.tags import HDR, STANDARD_TAGS, Tags, tags_for
from mcsyncd.model.clip import VideoStream

_TURNS = {0: (), 90: ("transpose=clock",), 180: ("hflip", "vflip"), 270: ("transpose=cclock",)}
_MIRRORED = {0: ("vflip",), 90: ("transpose=cclock_flip",), 180: ("hflip",), 270: ("transpose=clock_flip",)}
"""The same where the display matrix also turns the picture over; its angle is of the upper row alone."""

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


_MAPPED_IN = "gbrp10le"
"""In what the mapping from high dynamic range is done: RGB of ten bits, planar."""

CUBE = "{cube}"
"""Stands in a chain for the file of the mapping's table (`conform.dynamics`), which has no place yet."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a chain of filters has to know of a source picture."""

    size: tuple[int, int]
    fmt: str
    full_range: bool


@dataclass(frozen=True, slots=True)
class Canvas:
    """How a decoded picture becomes one of the rendition.

    `scaled` is its size before it is turned, `size` the upright size that is encoded, `coded` the
    source's own. `mapped` are the tags of a source of high dynamic range that is brought down to
    standard range.
    """

    scaled: tuple[int, int]
    size: tuple[int, int]
    rotation: int
    fmt: str
    tags: Tags
    coded: tuple[int, int]
    mapped: Tags | None = None
    mirrored: bool = False

    def filters(self, source: Shape) -> str:
        """Return the filter chain for a source picture of that shape."""
        fits = (source.size, source.fmt, source.full_range) == (self.scaled, self.fmt, self.tags.full_range)
        fitting = () if fits and self.mapped is None else self._fitted(source)
        turns = _MIRRORED if self.mirrored else _TURNS
        return ",".join((*fitting, *self._bars(source), *turns[self.rotation], self._tag()))

    def _fitted(self, source: Shape) -> tuple[str, ...]:
        width, height = self._inner(source)
        scale = f"scale={width}:{height}:flags=bicubic+accurate_rnd"
        given, wanted = "pc" if source.full_range else "tv", self.tags.range
        if self.mapped is not None:
            return (
                f"{scale}:in_range={given}:out_range=pc:in_color_matrix={_scaler(self.mapped.matrix)}",
                f"format={_MAPPED_IN}",
                f"lut3d=file={CUBE}:interp=tetrahedral",
                f"scale=out_range={wanted}:out_color_matrix={_scaler(self.tags.matrix)}",
                f"format={self.fmt}",
            )
        # The same matrix on both sides: only RGB, which has none, is converted by it.
        matrix = _scaler(self.tags.matrix)
        ranges = f"in_range={given}:out_range={wanted}"
        return (
            f"{scale}:{ranges}:in_color_matrix={matrix}:out_color_matrix={matrix}",
            f"format={self.fmt}",
        )

    def _inner(self, source: Shape) -> tuple[int, int]:
        """Return the size at which a picture fits in: all of it, where a camera changes its size midway."""
        if source.size == self.coded:
            return self.scaled
        width, height = (
            Fraction(now * to, first)
            for now, to, first in zip(source.size, self.scaled, self.coded, strict=True)
        )
        part = min(self.scaled[0] / width, self.scaled[1] / height)
        return _even(width * part), _even(height * part)

    def _bars(self, source: Shape) -> tuple[str, ...]:
        width, height = self.scaled
        return () if self._inner(source) == self.scaled else (f"pad={width}:{height}:-1:-1",)

    def _tag(self) -> str:
        tags = self.tags
        return (
            f"setsar=1,setparams=range={tags.range}:color_primaries={tags.primaries}"
            f":color_trc={tags.transfer}:colorspace={tags.matrix}"
        )


def canvas_for(video: VideoStream, short_side: int | None, fmt: str, *, standard: bool = False) -> Canvas:
    """Return the canvas of a rendition: never enlarged, square pixels, even sides, upright.

    With `standard`, what has a high dynamic range is brought down to BT.709.
    """
    shape = _square(video)
    if short_side is not None and min(shape) > short_side:
        shape = (shape[0] * short_side / min(shape), shape[1] * short_side / min(shape))
    tags = tags_for(video, keeps_full_range=fmt in _FULL_RANGE_FORMATS)
    return _canvas(video, shape, fmt, tags, standard=standard)


def canvas_within(video: VideoStream, box: tuple[int, int]) -> Canvas:
    """Return the canvas of a thumbnail: RGB, of standard range, within a box however it is turned."""
    width, height = _square(video)
    part = min(max(box) / max(width, height), min(box) / min(width, height), Fraction(1))
    tags = replace(tags_for(video, keeps_full_range=True), full_range=True)  # RGB knows no other
    return _canvas(video, (width * part, height * part), "rgb24", tags, standard=True)


def _canvas(
    video: VideoStream, shape: tuple[Fraction, Fraction], fmt: str, tags: Tags, *, standard: bool
) -> Canvas:
    scaled = (_even(shape[0]), _even(shape[1]))
    turned = video.rotation in {90, 270}
    mapped = tags if standard and tags.transfer in HDR else None
    return Canvas(
        scaled=scaled,
        size=(scaled[1], scaled[0]) if turned else scaled,
        rotation=video.rotation,
        fmt=fmt,
        tags=replace(STANDARD_TAGS, full_range=tags.full_range and fmt == "rgb24") if mapped else tags,
        coded=(video.width, video.height),
        mapped=mapped,
        mirrored=video.mirrored,
    )


def _square(video: VideoStream) -> tuple[Fraction, Fraction]:
    """Return the size with square pixels, stretching the side that is too short."""
    wide = Fraction(*video.pixel_aspect)
    width, height = Fraction(video.width), Fraction(video.height)
    return (width * wide, height) if wide > 1 else (width, height / wide)


def _scaler(matrix: str) -> str:
    return _SCALER_MATRIX.get(matrix, matrix)


def _even(length: Fraction) -> int:
    return max(2, 2 * round(length / 2))
