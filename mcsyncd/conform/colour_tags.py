"""Colour tags of a rendition: those of the source, completed, as far as its codec can carry them. Pure.

Players guess the colours of an untagged file from its frame size, so a small proxy of an untagged HD clip
would change colour. Missing tags are therefore filled in by the players' usual rule: BT.709 from 720
lines up, otherwise the television system that the number of lines implies. A tag that the codec cannot
carry is replaced by the nearest one that it can (docs/footage.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcsyncd.media.colour import MATRICES, PRIMARIES, RGB, TRANSFERS, get_colour_numbers
from mcsyncd.model.clip import VideoStream
from mcsyncd.model.colour import Colour

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

_HD_LINES = 720
"""Lines from which players assume BT.709 (the smallest HD format, SMPTE ST 296)."""
_PAL_LINES = {576, 288}
"""Lines of a frame and of a field in the 625-line system; all other SD sizes count as 525-line."""


@dataclass(frozen=True, slots=True)
class TagLimits:
    """The tags that a codec can carry, by ffmpeg's names, and whether it can signal full range.

    Measured with FFmpeg 8.1: what a decoder reads from the file that the encoder wrote.
    """

    primaries: frozenset[str]
    transfers: frozenset[str]
    matrices: frozenset[str]
    full_range: bool = False


H264_LIMITS = TagLimits(
    frozenset(PRIMARIES.values()) - {"ebu3213", "vgamut"},
    frozenset(TRANSFERS.values()) - {"vlog"},
    frozenset(MATRICES.values()) - {RGB, "ipt-c2", "ycgco-re", "ycgco-ro"},
    full_range=True,
)
"""H.264 as x264 writes it: its tables end at primaries 12, transfer 18 and matrix 14. Larger numbers become
"unspecified", and players guess."""

PRORES_LIMITS = TagLimits(
    frozenset({"bt709", "bt470bg", "smpte170m", "bt2020", "smpte431", "smpte432"}),
    frozenset({"bt709", "smpte2084", "arib-std-b67"}),
    frozenset({"bt709", "smpte170m", "bt2020nc"}),
)
"""The values of Apple's ProRes frame header (SMPTE RDD 36, 6.1.1). Any other is written as 0, which a decoder
takes for RGB."""

DNXHR_LIMITS = TagLimits(
    frozenset(PRIMARIES.values()) - {"vgamut"}, frozenset(TRANSFERS.values()) - {"vlog"}, frozenset({"bt709"})
)
"""The frame header has only a matrix, and FFmpeg's encoder always writes BT.709 into it."""

RGB_LIMITS = TagLimits(
    H264_LIMITS.primaries, H264_LIMITS.transfers, frozenset(MATRICES.values()), full_range=True
)
"""Pictures for people, in RGB: nothing is written, but the tags say what the frame was."""

_STAND_INS = {
    "primaries": {
        "bt470m": "smpte170m",
        "smpte240m": "smpte170m",
        "ebu3213": "smpte170m",
        "vgamut": "bt2020",
    },
    "transfer": {},
    "matrix": {
        "fcc": "smpte170m",
        "bt470bg": "smpte170m",
        "bt2020c": "bt2020nc",
        "smpte2085": "bt2020nc",
        "ictcp": "bt2020nc",
        "ipt-c2": "bt2020nc",
    },
}
"""What stands in for a tag that a codec cannot carry, by its kind; BT.709 for all others. Judgement: the
nearest chromaticities and coefficients. Another choice changes how such renditions look."""

_SAME = {
    frozenset({"bt709", "smpte170m"}),
    frozenset({"bt709", "bt2020-10"}),
    frozenset({"bt709", "bt2020-12"}),
}
"""Transfers that are one function under two names (H.273, table 3): their replacement is not reported."""


_MAX_LISTED_COLOURS = 4
"""Combinations of tags that are named when they change. Judgement: a damaged stream may have any number, and
the sentence is kept in the ledger."""


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
    def filter_arguments(self) -> str:
        """The tags as arguments of the `setparams` filter."""
        numbers = get_colour_numbers(self.primaries, self.transfer, self.matrix)
        return (
            f"range={self.range}:color_primaries={numbers.primaries}"
            f":color_trc={numbers.transfer}:colorspace={numbers.matrix}"
        )

    @property
    def range(self) -> str:
        """`pc` for full, `tv` for limited range."""
        return "pc" if self.full_range else "tv"


STANDARD_TAGS = ColourTags(*_BT709, full_range=False)
"""Tags of frames that were tone-mapped to standard range: BT.709, limited range."""


def complete_tags(video: VideoStream) -> ColourTags:
    """Return the tags of a source: those that it carries, completed by the usual ones."""
    colour = video.colour
    lines = min(video.width, video.height)
    usual = _TAGS_BY_MATRIX.get(colour.matrix or "") or _guess_tags(lines)
    return ColourTags(
        primaries=colour.primaries or usual[0],
        transfer=colour.transfer or usual[1],
        matrix=usual[2] if colour.matrix in {None, RGB} else str(colour.matrix),
        full_range=colour.full_range and colour.matrix != RGB,
    )


def choose_tags(video: VideoStream, limits: TagLimits) -> ColourTags:
    """Return the tags for a rendition of `video` whose codec can carry those of `limits`."""
    source = complete_tags(video)
    return ColourTags(
        primaries=_limit_tag("primaries", source.primaries, limits.primaries),
        transfer=_limit_tag("transfer", source.transfer, limits.transfers),
        matrix=_limit_tag("matrix", source.matrix, limits.matrices),
        full_range=source.full_range and limits.full_range,
    )


def describe_tags(video: VideoStream, tags: ColourTags) -> Iterator[str]:
    """Yield a sentence on every tag that the source does not have, and on every one that is not kept.

    `tags` are those that `choose_tags` chose.
    """
    colour, source = video.colour, complete_tags(video)
    named = (
        ("primaries", colour.primaries, source.primaries, tags.primaries),
        ("transfer", colour.transfer, source.transfer, tags.transfer),
        ("matrix", colour.matrix, source.matrix, tags.matrix),
    )
    absent = [kind for kind, own, _, _ in named if own is None]
    if len(absent) == len(named):
        yield "the source has no colour tags: those usual for its frame size are assumed"
    elif absent:
        yield f"the source does not tag its colour {' and '.join(absent)}: the usual one is assumed"
    for kind, own, whole, written in named:
        if own not in {None, RGB} and written != whole and frozenset({whole, written}) not in _SAME:
            yield f"its codec cannot carry the colour {kind} {whole}: {written} is written instead"


def describe_changing_tags(colours: Sequence[Colour]) -> Iterator[str]:
    """Yield a sentence if a clip has frames with different tags; `colours` are all that occur, in order."""
    if len(colours) > 1:
        listed = ", ".join(map(_format_colour, colours[:_MAX_LISTED_COLOURS]))
        listed += ", ..." if len(colours) > _MAX_LISTED_COLOURS else ""
        yield f"the colour tags change ({listed}): the file carries those of the first frame"


def _format_colour(colour: Colour) -> str:
    names = "/".join(tag or "-" for tag in (colour.primaries, colour.transfer, colour.matrix))
    return f"{names} {'full' if colour.full_range else 'limited'}"


def _limit_tag(kind: str, name: str, carried: frozenset[str]) -> str:
    if name in carried:
        return name
    stand_in = _STAND_INS[kind].get(name, "bt709")
    return stand_in if stand_in in carried else "bt709"


def _guess_tags(lines: int) -> tuple[str, str, str]:
    if lines >= _HD_LINES:
        return _BT709
    return _PAL if lines in _PAL_LINES else _NTSC
