"""Plan how a source frame is converted to a frame of a rendition: scale, rotate, tag. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from mcsyncd.conform.blanking import count_blanking_lines, crop_blanking
from mcsyncd.conform.colour_tags import (
    H264_LIMITS,
    RGB_LIMITS,
    STANDARD_TAGS,
    ColourTags,
    TagLimits,
    choose_tags,
    complete_tags,
)
from mcsyncd.media.colour import HDR_TRANSFERS, RGB, can_convert, get_scaler_matrix
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

_TONE_MAPPING_FORMAT = "gbrp10le"
"""Pixel format in which HDR is mapped: planar RGB, 10 bits. In 8 bits, PQ would show banding."""

LUT_PATH_PLACEHOLDER = "{cube}"
"""Stands for the path of the lookup table (`conform.tone_mapping`), written when a graph is built."""


@dataclass(frozen=True, slots=True)
class FrameFormat:
    """What the filter chain of a source frame depends on. `size` is (width, height) in pixels.

    `matrix` and `transfer` are the frame's own tags, None where it has none.
    """

    size: tuple[int, int]
    pixel_format: str
    full_range: bool
    matrix: str | None = None
    transfer: str | None = None


@dataclass(frozen=True, slots=True)
class FrameConversion:
    """How a decoded frame is converted to a frame of the rendition.

    Sizes are (width, height) in pixels: `coded_size` is the source's own, `scaled_size` the size before
    rotation, `size` the upright size that is encoded. `source_tags` are those of the source, completed: a
    frame without tags has them. `tags` are those of the result. `blanking_lines` are cropped at the top.
    """

    scaled_size: tuple[int, int]
    size: tuple[int, int]
    rotation: int
    pixel_format: str
    tags: ColourTags
    coded_size: tuple[int, int]
    source_tags: ColourTags
    mirrored: bool = False
    blanking_lines: int = 0

    @property
    def tone_mapped_from(self) -> str | None:
        """The transfer of an HDR source that is mapped to standard range, otherwise None."""
        return self.find_tone_mapping(None)

    def find_tone_mapping(self, transfer: str | None) -> str | None:
        """Return the HDR transfer of a frame with that tag if the frame is mapped to standard range.

        A camera that changes to HDR midway is mapped from there on: the tags of a file hold for all of it.
        """
        own = transfer or self.source_tags.transfer
        return own if own in HDR_TRANSFERS and self.tags.transfer not in HDR_TRANSFERS else None

    def build_filter_chain(self, source: FrameFormat) -> str:
        """Return the filter chain, in ffmpeg's syntax, for a source frame of that format."""
        rotations = _MIRRORED_ROTATION_FILTERS if self.mirrored else _ROTATION_FILTERS
        filters = (
            _build_neutral_filter(source),
            *self._build_crop_filters(source),
            *(() if self._fits(source) else self._build_scale_filters(source)),
            *self._build_padding_filters(source),
            *rotations[self.rotation],
            f"setsar=1,setparams={self.tags.filter_arguments}",
        )
        return ",".join(filters)

    def _fits(self, source: FrameFormat) -> bool:
        """Return whether the samples of a source frame are those of the result."""
        wanted = (self.scaled_size, self.pixel_format, self.tags.full_range)
        read_as, written_as = self._choose_matrices(source)
        return (
            (self._crop_size(source), source.pixel_format, source.full_range) == wanted
            and read_as == written_as
            and self.find_tone_mapping(source.transfer) is None
        )

    def _build_scale_filters(self, source: FrameFormat) -> tuple[str, ...]:
        width, height = self._compute_inner_size(source)
        scale = f"scale={width}:{height}:flags=bicubic+accurate_rnd"
        source_range, wanted_range = "pc" if source.full_range else "tv", self.tags.range
        read_as, written_as = self._choose_matrices(source)
        if self.find_tone_mapping(source.transfer) is not None:
            return (
                f"{scale}:in_range={source_range}:out_range=pc:in_color_matrix={read_as}",
                f"format={_TONE_MAPPING_FORMAT}",
                f"lut3d=file={LUT_PATH_PLACEHOLDER}:interp=tetrahedral",
                f"scale=out_range={wanted_range}:out_color_matrix={written_as}",
                f"format={self.pixel_format}",
            )
        ranges = f"in_range={source_range}:out_range={wanted_range}"
        return (
            f"{scale}:{ranges}:in_color_matrix={read_as}:out_color_matrix={written_as}",
            f"format={self.pixel_format}",
        )

    def _choose_matrices(self, source: FrameFormat) -> tuple[str, str]:
        """Return the matrices by which the scaler reads and writes, by its names.

        With the same on both sides it converts only RGB, which has none. So YUV keeps its samples if its
        matrix is kept, and also if the scaler does not know the matrix and no RGB is needed.
        """
        own = self.source_tags.matrix if source.matrix in {None, RGB} else str(source.matrix)
        read_as, written_as = get_scaler_matrix(own), get_scaler_matrix(self.tags.matrix)
        needs_rgb = self.tags.matrix == RGB or self.find_tone_mapping(source.transfer) is not None
        if source.matrix == RGB or not (needs_rgb or can_convert(own)):
            read_as = written_as
        return read_as, read_as if self.tags.matrix == RGB else written_as

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

    def _build_crop_filters(self, source: FrameFormat) -> tuple[str, ...]:
        width, height = self._crop_size(source)
        return () if source.size == (width, height) else (f"crop={width}:{height}:0:{self.blanking_lines}",)

    def _crop_size(self, source: FrameFormat) -> tuple[int, int]:
        """Return the size of a frame without its blanking lines, which frames of another size do not have."""
        width, height = source.size
        return (width, height - self.blanking_lines) if source.size == self.coded_size else source.size

    def _build_padding_filters(self, source: FrameFormat) -> tuple[str, ...]:
        if self._compute_inner_size(source) == self.scaled_size:
            return ()
        width, height = self.scaled_size
        return (f"pad={width}:{height}:-1:-1",)


def plan_conversion(
    video: VideoStream,
    short_side: int | None,
    pixel_format: str,
    limits: TagLimits = H264_LIMITS,
    *,
    standard_range: bool = False,
) -> FrameConversion:
    """Return the conversion to a rendition: upright, square pixels, even sides, never enlarged.

    `short_side` limits the shorter side in pixels (None: no limit). `limits` are those of the codec. With
    `standard_range`, HDR is mapped to BT.709.
    """
    lines, video = count_blanking_lines(video), crop_blanking(video)
    size = _compute_square_pixel_size(video)
    if short_side is not None and min(size) > short_side:
        size = (size[0] * short_side / min(size), size[1] * short_side / min(size))
    tags = choose_tags(video, limits)
    return _build_conversion(
        video, size, pixel_format, tags, standard_range=standard_range, blanking_lines=lines
    )


def plan_boxed_conversion(video: VideoStream, box: tuple[int, int]) -> FrameConversion:
    """Return the conversion to RGB, standard range, upright within `box` (width, height), never enlarged."""
    width, height = _compute_square_pixel_size(crop_blanking(video))
    across, down = box if video.rotation in {0, 180} else (box[1], box[0])
    factor = min(across / width, down / height, Fraction(1))
    return _build_rgb_conversion(video, (width * factor, height * factor))


def plan_thumbnail_conversion(video: VideoStream, box: tuple[int, int]) -> FrameConversion:
    """Return the conversion to a thumbnail: RGB, standard range, within `box` in landscape or portrait."""
    width, height = _compute_square_pixel_size(crop_blanking(video))
    factor = min(max(box) / max(width, height), min(box) / min(width, height), Fraction(1))
    return _build_rgb_conversion(video, (width * factor, height * factor))


def _build_rgb_conversion(video: VideoStream, square_size: tuple[Fraction, Fraction]) -> FrameConversion:
    lines, video = count_blanking_lines(video), crop_blanking(video)
    tags = replace(choose_tags(video, RGB_LIMITS), matrix=RGB, full_range=True)  # RGB is always full range
    return _build_conversion(video, square_size, "rgb24", tags, standard_range=True, blanking_lines=lines)


def _build_conversion(
    video: VideoStream,
    square_size: tuple[Fraction, Fraction],
    pixel_format: str,
    tags: ColourTags,
    *,
    standard_range: bool,
    blanking_lines: int,
) -> FrameConversion:
    """Build a conversion; `video` is without its blanking lines."""
    scaled = (_round_to_even(square_size[0]), _round_to_even(square_size[1]))
    if standard_range and tags.transfer in HDR_TRANSFERS:
        is_rgb = tags.matrix == RGB
        tags = replace(STANDARD_TAGS, matrix=RGB, full_range=True) if is_rgb else STANDARD_TAGS
    return FrameConversion(
        scaled_size=scaled,
        size=(scaled[1], scaled[0]) if video.rotation in {90, 270} else scaled,
        rotation=video.rotation,
        pixel_format=pixel_format,
        tags=tags,
        coded_size=(video.width, video.height + blanking_lines),
        source_tags=complete_tags(video),
        mirrored=video.mirrored,
        blanking_lines=blanking_lines,
    )


def _compute_square_pixel_size(video: VideoStream) -> tuple[Fraction, Fraction]:
    """Return the size with square pixels: one side is stretched, none is shrunk."""
    aspect = Fraction(*video.pixel_aspect)
    width, height = Fraction(video.width), Fraction(video.height)
    return (width * aspect, height) if aspect > 1 else (width, height / aspect)


def _build_neutral_filter(source: FrameFormat) -> str:
    """Return the filter that takes a frame's own tags away: the scaler refuses those that it does not know.

    What they say is in the arguments of the later filters.
    """
    levels, matrix = "pc" if source.full_range else "tv", "gbr" if source.matrix == RGB else "unknown"
    return f"setparams=range={levels}:color_primaries=unknown:color_trc=unknown:colorspace={matrix}"


def _round_to_even(length: Fraction) -> int:
    return max(2, 2 * round(length / 2))
