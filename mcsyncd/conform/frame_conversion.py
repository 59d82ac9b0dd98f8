"""Plan how a source frame is converted to a frame of a rendition: scale, rotate, tag. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from mcsyncd.conform.colour_tags import STANDARD_TAGS, ColourTags, choose_tags
from mcsyncd.media.colour import HDR_TRANSFERS
from mcsyncd.model.clip import VideoStream

# Filters that turn a frame upright, by the clockwise rotation (degrees) that probe reads from the
# display matrix; ffmpeg's player applies the same ones.
_ROTATION_FILTERS = {0: (), 90: ("transpose=clock",), 180: ("hflip", "vflip"), 270: ("transpose=cclock",)}
_MIRRORED_ROTATION_FILTERS = {
    0: ("vflip",),
    90: ("transpose=cclock_flip",),
    180: ("hflip",),
    270: ("transpose=clock_flip",),
}
"""The same if the display matrix also mirrors the frame; probe derives the angle from its upper row alone."""

_FULL_RANGE_FORMATS = {"yuv420p"}
"""Pixel formats that may have full range. H.264 signals it; for ProRes and DNxHR players assume limited."""

_SCALER_MATRIX_NAMES = {
    "bt470bg": "bt470",
    "bt2020nc": "bt2020",
    "bt2020c": "bt2020",
    "ycgco": "auto",
    "ictcp": "auto",
}
"""The scale filter's names of matrices that differ from ffmpeg's tags. Without the entry the filter fails."""

_TONE_MAPPING_FORMAT = "gbrp10le"
"""Pixel format in which HDR is mapped: planar RGB, 10 bits. In 8 bits, PQ would show banding."""

LUT_PATH_PLACEHOLDER = "{cube}"
"""Stands for the path of the lookup table (`conform.tone_mapping`), written when a graph is built."""


@dataclass(frozen=True, slots=True)
class FrameFormat:
    """What the filter chain of a source frame depends on. `size` is (width, height) in pixels."""

    size: tuple[int, int]
    pixel_format: str
    full_range: bool


@dataclass(frozen=True, slots=True)
class FrameConversion:
    """How a decoded frame is converted to a frame of the rendition.

    Sizes are (width, height) in pixels: `coded_size` is the source's own, `scaled_size` the size before
    rotation, `size` the upright size that is encoded. `tone_mapped_from` are the tags of an HDR source
    that is mapped to standard range, otherwise None.
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
        """Return the filter chain, in ffmpeg's syntax, for a source frame of that format."""
        wanted = FrameFormat(self.scaled_size, self.pixel_format, self.tags.full_range)
        unscaled = source == wanted and self.tone_mapped_from is None
        rotations = _MIRRORED_ROTATION_FILTERS if self.mirrored else _ROTATION_FILTERS
        filters = (
            *(() if unscaled else self._build_scale_filters(source)),
            *self._build_padding_filters(source),
            *rotations[self.rotation],
            self._build_tag_filter(),
        )
        return ",".join(filters)

    def _build_scale_filters(self, source: FrameFormat) -> tuple[str, ...]:
        width, height = self._compute_inner_size(source)
        scale = f"scale={width}:{height}:flags=bicubic+accurate_rnd"
        source_range, wanted_range = "pc" if source.full_range else "tv", self.tags.range
        matrix = _get_scaler_matrix_name(self.tags.matrix)
        if self.tone_mapped_from is not None:
            hdr_matrix = _get_scaler_matrix_name(self.tone_mapped_from.matrix)
            return (
                f"{scale}:in_range={source_range}:out_range=pc:in_color_matrix={hdr_matrix}",
                f"format={_TONE_MAPPING_FORMAT}",
                f"lut3d=file={LUT_PATH_PLACEHOLDER}:interp=tetrahedral",
                f"scale=out_range={wanted_range}:out_color_matrix={matrix}",
                f"format={self.pixel_format}",
            )
        # With the same matrix on both sides, only RGB (which has none) is converted.
        ranges = f"in_range={source_range}:out_range={wanted_range}"
        return (
            f"{scale}:{ranges}:in_color_matrix={matrix}:out_color_matrix={matrix}",
            f"format={self.pixel_format}",
        )

    def _compute_inner_size(self, source: FrameFormat) -> tuple[int, int]:
        """Return the largest size at which a frame fits, for a camera that changes its frame size midway."""
        if source.size == self.coded_size:
            return self.scaled_size
        width, height = (
            Fraction(now * to, first)
            for now, to, first in zip(source.size, self.scaled_size, self.coded_size, strict=True)
        )
        factor = min(self.scaled_size[0] / width, self.scaled_size[1] / height)
        return _round_to_even(width * factor), _round_to_even(height * factor)

    def _build_padding_filters(self, source: FrameFormat) -> tuple[str, ...]:
        if self._compute_inner_size(source) == self.scaled_size:
            return ()
        width, height = self.scaled_size
        return (f"pad={width}:{height}:-1:-1",)

    def _build_tag_filter(self) -> str:
        tags = self.tags
        return (
            f"setsar=1,setparams=range={tags.range}:color_primaries={tags.primaries}"
            f":color_trc={tags.transfer}:colorspace={tags.matrix}"
        )


def plan_conversion(
    video: VideoStream, short_side: int | None, pixel_format: str, *, standard_range: bool = False
) -> FrameConversion:
    """Return the conversion to a rendition: upright, square pixels, even sides, never enlarged.

    `short_side` limits the shorter side in pixels (None: no limit). With `standard_range`, HDR is mapped
    to BT.709.
    """
    size = _compute_square_pixel_size(video)
    if short_side is not None and min(size) > short_side:
        size = (size[0] * short_side / min(size), size[1] * short_side / min(size))
    tags = choose_tags(video, keeps_full_range=pixel_format in _FULL_RANGE_FORMATS)
    return _build_conversion(video, size, pixel_format, tags, standard_range=standard_range)


def plan_boxed_conversion(video: VideoStream, box: tuple[int, int]) -> FrameConversion:
    """Return the conversion to RGB, standard range, upright within `box` (width, height), never enlarged."""
    width, height = _compute_square_pixel_size(video)
    across, down = box if video.rotation in {0, 180} else (box[1], box[0])
    factor = min(across / width, down / height, Fraction(1))
    return _build_rgb_conversion(video, (width * factor, height * factor))


def plan_thumbnail_conversion(video: VideoStream, box: tuple[int, int]) -> FrameConversion:
    """Return the conversion to a thumbnail: RGB, standard range, within `box` in landscape or portrait."""
    width, height = _compute_square_pixel_size(video)
    factor = min(max(box) / max(width, height), min(box) / min(width, height), Fraction(1))
    return _build_rgb_conversion(video, (width * factor, height * factor))


def _build_rgb_conversion(video: VideoStream, square_size: tuple[Fraction, Fraction]) -> FrameConversion:
    tags = replace(choose_tags(video, keeps_full_range=True), full_range=True)  # RGB is always full range
    return _build_conversion(video, square_size, "rgb24", tags, standard_range=True)


def _build_conversion(
    video: VideoStream,
    square_size: tuple[Fraction, Fraction],
    pixel_format: str,
    tags: ColourTags,
    *,
    standard_range: bool,
) -> FrameConversion:
    scaled = (_round_to_even(square_size[0]), _round_to_even(square_size[1]))
    tone_mapped_from = None
    if standard_range and tags.transfer in HDR_TRANSFERS:
        tone_mapped_from = tags
        tags = replace(STANDARD_TAGS, full_range=tags.full_range and pixel_format == "rgb24")
    return FrameConversion(
        scaled_size=scaled,
        size=(scaled[1], scaled[0]) if video.rotation in {90, 270} else scaled,
        rotation=video.rotation,
        pixel_format=pixel_format,
        tags=tags,
        coded_size=(video.width, video.height),
        tone_mapped_from=tone_mapped_from,
        mirrored=video.mirrored,
    )


def _compute_square_pixel_size(video: VideoStream) -> tuple[Fraction, Fraction]:
    """Return the size with square pixels: one side is stretched, none is shrunk."""
    aspect = Fraction(*video.pixel_aspect)
    width, height = Fraction(video.width), Fraction(video.height)
    return (width * aspect, height) if aspect > 1 else (width, height / aspect)


def _get_scaler_matrix_name(matrix: str) -> str:
    return _SCALER_MATRIX_NAMES.get(matrix, matrix)


def _round_to_even(length: Fraction) -> int:
    return max(2, 2 * round(length / 2))
