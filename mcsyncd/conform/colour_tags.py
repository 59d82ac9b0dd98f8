"""Colour tags of a rendition: those of the source, completed. Pure.

Players guess the colours of an untagged file from its frame size, so a small proxy of an untagged HD clip
would change colour. Missing tags are therefore filled in by the players' usual rule: BT.709 from 720
lines up, otherwise the television system that the number of lines implies.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcsyncd.model.clip import VideoStream

# Primaries, transfer, matrix, by ffmpeg's names: ITU-R BT.709, and BT.601 in its 625-line and
# 525-line variants. A wrong entry changes the colours of every untagged clip.
_BT709 = ("bt709", "bt709", "bt709")
_PAL = ("bt470bg", "smpte170m", "bt470bg")
_NTSC = ("smpte170m", "smpte170m", "smpte170m")
_TAGS_BY_MATRIX = {
    "bt709": _BT709,
    "bt470bg": _PAL,
    "smpte170m": _NTSC,
    "bt2020nc": ("bt2020", "bt2020-10", "bt2020nc"),
}
"""The usual primaries and transfer for a tagged matrix, for clips that only tag the matrix.
BT.2020 as in ITU-R BT.2020, 10 bits."""

_RGB = "gbr"
"""ffmpeg's matrix name for RGB. Renditions are YUV, so this tag is never carried over."""
_HD_LINES = 720
"""Lines from which players assume BT.709 (the smallest HD format, SMPTE ST 296)."""
_PAL_LINES = {576, 288}
"""Lines of a frame and of a field in the 625-line system; all other SD sizes count as 525-line."""


@dataclass(frozen=True, slots=True)
class ColourTags:
    """Primaries, transfer and matrix by ffmpeg's names, and whether the range is full (black is 0)."""

    primaries: str
    transfer: str
    matrix: str
    full_range: bool

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        """The tags as encoder options."""
        return (
            ("color_primaries", self.primaries),
            ("color_trc", self.transfer),
            ("colorspace", self.matrix),
            ("color_range", self.range),
        )

    @property
    def range(self) -> str:
        """`pc` for full, `tv` for limited range."""
        return "pc" if self.full_range else "tv"


STANDARD_TAGS = ColourTags(*_BT709, full_range=False)
"""Tags of frames that were tone-mapped to standard range: BT.709, limited range."""


def choose_tags(video: VideoStream, *, keeps_full_range: bool) -> ColourTags:
    """Return the tags for a rendition of `video`.

    Full range is kept only if `keeps_full_range`: the codec must be able to signal it.
    """
    colour = video.colour
    lines = min(video.width, video.height)
    usual = _TAGS_BY_MATRIX.get(colour.matrix or "") or _guess_tags(lines)
    matrix = colour.matrix if colour.matrix not in {None, _RGB} else usual[2]
    return ColourTags(
        primaries=colour.primaries or usual[0],
        transfer=colour.transfer or usual[1],
        matrix=matrix or usual[2],
        full_range=colour.full_range and keeps_full_range and colour.matrix != _RGB,
    )


def _guess_tags(lines: int) -> tuple[str, str, str]:
    if lines >= _HD_LINES:
        return _BT709
    return _PAL if lines in _PAL_LINES else _NTSC
