"""Frames as cells of a terminal: half-blocks in colour, braille dots without. Pure.

A half-block shows two pixels, one above the other, in any terminal with colours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from mcsyncd.tui.review import braille

Pixels = NDArray[np.uint8]
"""A frame: red, green and blue, shaped (height, width, 3)."""

_UPPER_HALF = "▀"
_COLOUR_STEP = 4
"""Steps of a colour's 256 levels. Judgement: no eye tells them apart in pixels of this size, and neighbours
of one colour are sent to the terminal once. Finer, and more bytes travel over ssh; coarser shows bands."""
_STYLES = 8192
"""Styles that are kept: making one takes as long as sending it. Judgement: those of some frames."""
_LUMA = np.array([0.2126, 0.7152, 0.0722])
"""How bright red, green and blue look (ITU-R BT.709)."""
_BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]])
"""The order in which dots of a 4x4 field appear as it gets brighter (Bayer, 1973)."""
_FAINTEST, _BRIGHTEST = 2, 98
"""Percentiles of a frame that become black and white as dots. Judgement: a dim room is still seen."""


def draw_half_blocks(pixels: Pixels, width: int, height: int, blank: Style) -> list[Strip]:
    """Return a frame in the middle of `height` rows of `width` cells, a pixel wide and two high each.

    What does not fit is cut; what the frame leaves free has the style `blank`.
    """
    pixels = pixels[: 2 * height, :width] // _COLOUR_STEP * _COLOUR_STEP
    pixels = np.pad(pixels, ((0, pixels.shape[0] % 2), (0, 0), (0, 0)), mode="edge")
    rows = [_join_cells(top, bottom) for top, bottom in zip(pixels[::2], pixels[1::2], strict=True)]
    return centre_rows(rows, pixels.shape[1], width, height, blank)


def draw_dots(pixels: Pixels, width: int, height: int, blank: Style, *, is_dark: bool) -> list[Strip]:
    """Return the same without colour: a cell has two dots across and four down.

    In a dark terminal (`is_dark`) dots are what is bright, in a light one what is not.
    """
    luma = pixels[: 4 * height, : 2 * width] @ _LUMA
    luma = np.pad(luma, ((0, -luma.shape[0] % 4), (0, luma.shape[1] % 2)), mode="edge")
    low, high = np.percentile(luma, (_FAINTEST, _BRIGHTEST))
    bright = (luma - low) / max(1.0, float(high - low))
    down, across = luma.shape
    limits = np.tile((_BAYER + 0.5) / _BAYER.size, (-(-down // 4), -(-across // 4)))[:down, :across]
    dots: NDArray[np.bool_] = bright > limits if is_dark else bright <= limits
    rows = [[Segment(row, blank)] for row in braille.decode_rows(braille.pack_dots(dots))]
    return centre_rows(rows, across // 2, width, height, blank)


def _join_cells(top: Pixels, bottom: Pixels) -> list[Segment]:
    """Return a row of half-blocks; neighbours that look alike share a segment."""
    both = np.concatenate([top, bottom], axis=1)
    changes = np.flatnonzero((both[1:] != both[:-1]).any(axis=1)) + 1
    edges = [0, *changes.tolist(), len(both)]
    return [_build_segment(tuple(both[a].tolist()), b - a) for a, b in pairwise(edges) if b > a]


def _build_segment(colours: tuple[int, ...], cells: int) -> Segment:
    top, bottom = colours[:3], colours[3:]
    return Segment((" " if top == bottom else _UPPER_HALF) * cells, _get_style(top, bottom))


@lru_cache(_STYLES)
def _get_style(top: tuple[int, ...], bottom: tuple[int, ...]) -> Style:
    ground = Color.from_rgb(*bottom)
    return Style(bgcolor=ground) if top == bottom else Style(color=Color.from_rgb(*top), bgcolor=ground)


def centre_rows(
    rows: Sequence[Iterable[Segment]], used: int, width: int, height: int, blank: Style
) -> list[Strip]:
    """Return rows that are `used` cells wide in the middle of `height` rows of `width` cells."""
    left = (width - used) // 2
    above = (height - len(rows)) // 2
    right = width - used - left
    drawn = [
        Strip([Segment(" " * left, blank), *row, Segment(" " * right, blank)], width).simplify()
        for row in rows
    ]
    empty = Strip.blank(width, blank)
    return [empty] * above + drawn + [empty] * (height - above - len(rows))
