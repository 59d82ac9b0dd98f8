"""Colour tags of a rendition: the source's, carried. Pure.

An untagged picture is shown by each player's own guess, and the guess goes by size: a proxy of
an untagged HD clip would change its colours. So what is missing is written out, by the
usual rule: BT.709 from 720 lines up, below it the television system that the size tells.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcsyncd.model.clip import VideoStream

_BT709 = ("bt709", "bt709", "bt709")
_PAL = ("bt470bg", "smpte170m", "bt470bg")
_NTSC = ("smpte170m", "smpte170m", "smpte170m")
_TAGS_BY_MATRIX = {
    "bt709": _BT709,
    "bt470bg": _PAL,
    "smpte170m": _NTSC,
    "bt2020nc": ("bt2020", "bt2020-10", "bt2020nc"),
}

_RGB = "gbr"
_HD_LINES = 720
_PAL_LINES = {576, 288}


@dataclass(frozen=True, slots=True)
class ColourTags:
    """Primaries, transfer and matrix by ffmpeg's names, and whether black is 0 (full range)."""

    primaries: str
    transfer: str
    matrix: str
    full_range: bool

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        """The tags as options of an encoder."""
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
"""Of a picture that was brought down to standard range."""


def choose_tags(video: VideoStream, *, keeps_full_range: bool) -> ColourTags:
    """Return the tags for a rendition of `video`; full range stays only where the codec can say so."""
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
