"""The picture's way from the source's shape to the rendition's: scale, turn, tag. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from mcsyncd.conform.colour_tags import STANDARD_TAGS, ColourTags, choose_tags
from mcsyncd.media.colour import HDR_TRANSFERS
from mcsyncd.model.clip import VideoStream

_ROTATION_FILTERS = {0: (), 90: ("transpose=clock",), 180: ("hflip", "vflip"), 270: ("transpose=cclock",)}
_MIRRORED_ROTATION_FILTERS = {
    0: ("vflip",),
    90: ("transpose=cclock_flip",),
    180: ("hflip",),
    270: ("transpose=clock_flip",),
}
"""The same where the display matrix also turns the picture over; its angle is of the upper row alone."""

_FULL_RANGE_FORMATS = {"yuv420p"}
"""H.264 says in its header which range it has; ProRes and DNxHR players take limited for granted."""

_SCALER_MATRIX_NAMES = {
    "bt470bg": "bt470",
    "bt2020nc": "bt2020",
    "bt2020c": "bt2020",
    "ycgco": "auto",
    "ictcp": "auto",
}
"""The scaler's own names, where they differ from ffmpeg's tags."""


_TONE_MAPPING_FORMAT = "gbrp10le"
"""In what the mapping from high dynamic range is done: RGB of ten bits, planar."""

LUT_PATH_PLACEHOLDER = "{cube}"
"""Stands in a chain for the file of the mapping's table (`conform.dynamics`), which has no place yet."""


@dataclass(frozen=True, slots=True)
class FrameFormat:
    """What a chain of filters has to know of a source picture."""

    size: tuple[int, int]
    pixel_format: str
    full_range: bool


@dataclass(frozen=True, slots=True)
class FrameConversion:
    """How a decoded picture becomes one of the rendition.

    `scaled` is its size before it is turned, `size` the upright size that is encoded, `coded` the
    source's own. `mapped` are the tags of a source of high dynamic range that is brought down to
    standard range.
    """

    scaled_size: tuple[int, int]
    size: tuple[int, int]
    rotation: int
    pixel_format: str
    tags: ColourTags
    coded_size: tuple[int, int]
    tone_mapped_from: ColourTags | None = None
    mirrored: bool = False

    def build_filter_chain(self, source: FrameFormat) -> str:
        """Return the filter chain for a source picture of that shape."""
        fits = (source.size, source.pixel_format, source.full_range) == (
            self.scaled_size,
            self.pixel_format,
            self.tags.full_range,
        )
        fitting = () if fits and self.tone_mapped_from is None else self._build_scale_filters(source)
        turns = _MIRRORED_ROTATION_FILTERS if self.mirrored else _ROTATION_FILTERS
        return ",".join(
            (*fitting, *self._build_padding_filters(source), *turns[self.rotation], self._build_tag_filter())
        )

    def _build_scale_filters(self, source: FrameFormat) -> tuple[str, ...]:
        width, height = self._compute_inner_size(source)
        scale = f"scale={width}:{height}:flags=bicubic+accurate_rnd"
        given, wanted = "pc" if source.full_range else "tv", self.tags.range
        if self.tone_mapped_from is not None:
            return (
                f"{scale}:in_range={given}:out_range=pc:in_color_matrix={_get_scaler_matrix_name(self.tone_mapped_from.matrix)}",
                f"format={_TONE_MAPPING_FORMAT}",
                f"lut3d=file={LUT_PATH_PLACEHOLDER}:interp=tetrahedral",
                f"scale=out_range={wanted}:out_color_matrix={_get_scaler_matrix_name(self.tags.matrix)}",
                f"format={self.pixel_format}",
            )
        # The same matrix on both sides: only RGB, which has none, is converted by it.
        matrix = _get_scaler_matrix_name(self.tags.matrix)
        ranges = f"in_range={given}:out_range={wanted}"
        return (
            f"{scale}:{ranges}:in_color_matrix={matrix}:out_color_matrix={matrix}",
            f"format={self.pixel_format}",
        )

    def _compute_inner_size(self, source: FrameFormat) -> tuple[int, int]:
        """Return the size at which a picture fits in: all of it, where a camera changes its size midway."""
        if source.size == self.coded_size:
            return self.scaled_size
        width, height = (
            Fraction(now * to, first)
            for now, to, first in zip(source.size, self.scaled_size, self.coded_size, strict=True)
        )
        part = min(self.scaled_size[0] / width, self.scaled_size[1] / height)
        return _round_to_even(width * part), _round_to_even(height * part)

    def _build_padding_filters(self, source: FrameFormat) -> tuple[str, ...]:
        width, height = self.scaled_size
        return (
            () if self._compute_inner_size(source) == self.scaled_size else (f"pad={width}:{height}:-1:-1",)
        )

    def _build_tag_filter(self) -> str:
        tags = self.tags
        return (
            f"setsar=1,setparams=range={tags.range}:color_primaries={tags.primaries}"
            f":color_trc={tags.transfer}:colorspace={tags.matrix}"
        )


def plan_conversion(
    video: VideoStream, short_side: int | None, pixel_format: str, *, standard_range: bool = False
) -> FrameConversion:
    """Return the canvas of a rendition: never enlarged, square pixels, even sides, upright.

    With `standard`, what has a high dynamic range is brought down to BT.709.
    """
    shape = _compute_square_pixel_size(video)
    if short_side is not None and min(shape) > short_side:
        shape = (shape[0] * short_side / min(shape), shape[1] * short_side / min(shape))
    tags = choose_tags(video, keeps_full_range=pixel_format in _FULL_RANGE_FORMATS)
    return _build_conversion(video, shape, pixel_format, tags, standard_range=standard_range)


def plan_thumbnail_conversion(video: VideoStream, box: tuple[int, int]) -> FrameConversion:
    """Return the canvas of a thumbnail: RGB, of standard range, within a box however it is turned."""
    width, height = _compute_square_pixel_size(video)
    part = min(max(box) / max(width, height), min(box) / min(width, height), Fraction(1))
    tags = replace(choose_tags(video, keeps_full_range=True), full_range=True)  # RGB knows no other
    return _build_conversion(video, (width * part, height * part), "rgb24", tags, standard_range=True)


def _build_conversion(
    video: VideoStream,
    square_size: tuple[Fraction, Fraction],
    pixel_format: str,
    tags: ColourTags,
    *,
    standard_range: bool,
) -> FrameConversion:
    scaled = (_round_to_even(square_size[0]), _round_to_even(square_size[1]))
    turned = video.rotation in {90, 270}
    mapped = tags if standard_range and tags.transfer in HDR_TRANSFERS else None
    return FrameConversion(
        scaled_size=scaled,
        size=(scaled[1], scaled[0]) if turned else scaled,
        rotation=video.rotation,
        pixel_format=pixel_format,
        tags=replace(STANDARD_TAGS, full_range=tags.full_range and pixel_format == "rgb24")
        if mapped
        else tags,
        coded_size=(video.width, video.height),
        tone_mapped_from=mapped,
        mirrored=video.mirrored,
    )


def _compute_square_pixel_size(video: VideoStream) -> tuple[Fraction, Fraction]:
    """Return the size with square pixels, stretching the side that is too short."""
    wide = Fraction(*video.pixel_aspect)
    width, height = Fraction(video.width), Fraction(video.height)
    return (width * wide, height) if wide > 1 else (width, height / wide)


def _get_scaler_matrix_name(matrix: str) -> str:
    return _SCALER_MATRIX_NAMES.get(matrix, matrix)


def _round_to_even(length: Fraction) -> int:
    return max(2, 2 * round(length / 2))
