"""Images by the graphics protocol of kitty (sw.kovidgoyal.net/kitty/graphics-protocol) as placeholders.

The terminal gets the pixels once. After that the image is text, a placeholder in each cell, so that
whatever is drawn over it hides it, and what is cleared is gone. Whether the terminal can do that is judged by
its name alone: an answer to a question that comes late would arrive as keys, and here keys decide.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

CELL_PX = (8, 16)
"""Pixels of a cell, as (width, height), that an image is asked for. Judgement: as many as an ordinary font
has; the terminal scales. More travel in vain, fewer look soft."""

MAX_IMAGE_ID = 0xFFFFFF
"""Images are told apart by the colour of their cells, which has 24 bits."""

_CHUNK = 4096
"""Characters of pixels in one sequence at most (the protocol's limit)."""
_PLACEHOLDER = "\U0010eeee"
# fmt: off  # a table
_MARKS = "".join(
    chr(code)
    for first, last in (
        (0x305, 0x305),
        (0x30D, 0x30E),
        (0x310, 0x310),
        (0x312, 0x312),
        (0x33D, 0x33F),
        (0x346, 0x346),
        (0x34A, 0x34C),
        (0x350, 0x352),
        (0x357, 0x357),
        (0x35B, 0x35B),
        (0x363, 0x36F),
        (0x483, 0x487),
        (0x592, 0x595),
        (0x597, 0x599),
        (0x59C, 0x5A1),
        (0x5A8, 0x5A9),
        (0x5AB, 0x5AC),
        (0x5AF, 0x5AF),
        (0x5C4, 0x5C4),
        (0x610, 0x617),
        (0x657, 0x65B),
        (0x65D, 0x65E),
        (0x6D6, 0x6DC),
        (0x6DF, 0x6E2),
        (0x6E4, 0x6E4),
        (0x6E7, 0x6E8),
        (0x6EB, 0x6EC),
        (0x730, 0x730),
        (0x732, 0x733),
        (0x735, 0x736),
        (0x73A, 0x73A),
        (0x73D, 0x73D),
        (0x73F, 0x741),
        (0x743, 0x743),
        (0x745, 0x745),
        (0x747, 0x747),
        (0x749, 0x74A),
        (0x7EB, 0x7F1),
        (0x7F3, 0x7F3),
        (0x816, 0x819),
        (0x81B, 0x823),
        (0x825, 0x827),
    )
    for code in range(first, last + 1)
)
# fmt: on
"""The marks that number rows and columns, from 0: the beginning of the protocol's own list."""

MAX_CELLS = len(_MARKS)
"""Cells of an image in either direction at most."""


def build_image(number: int, pixels: NDArray[np.uint8], cells: tuple[int, int]) -> str:
    """Return what sends pixels, shaped (height, width, 3), as image `number`, to be shown in `cells`.

    `cells` are columns and rows. The terminal is told to answer nothing, not even an error.
    """
    height, width, _ = pixels.shape
    raw = base64.standard_b64encode(zlib.compress(pixels.tobytes())).decode("ascii")
    chunks = [raw[at : at + _CHUNK] for at in range(0, len(raw), _CHUNK)]
    head = f"a=t,f=24,o=z,s={width},v={height},i={number},q=2,"
    sent = "".join(
        f"\x1b_G{head if at == 0 else ''}m={int(at < len(chunks) - 1)};{chunk}\x1b\\"
        for at, chunk in enumerate(chunks)
    )
    return f"{sent}\x1b_Ga=p,U=1,i={number},c={cells[0]},r={cells[1]},q=2\x1b\\"


def build_removal(number: int) -> str:
    """Return what makes the terminal forget an image."""
    return f"\x1b_Ga=d,d=I,i={number},q=2\x1b\\"


def draw_placeholders(number: int, cells: tuple[int, int], blank: Style) -> Iterator[Strip]:
    """Yield the rows of an image: where it is shown, once it was sent."""
    columns, rows = cells
    ink = Style(color=Color.from_rgb(number >> 16, number >> 8 & 255, number & 255), bgcolor=blank.bgcolor)
    for row in range(rows):
        text = "".join(f"{_PLACEHOLDER}{_MARKS[row]}{_MARKS[column]}" for column in range(columns))
        yield Strip([Segment(text, ink)], columns)


def fit_cells(pixels: NDArray[np.uint8], room: tuple[int, int]) -> tuple[int, int]:
    """Return the columns and rows in which pixels, shaped (height, width, 3), keep their shape in `room`."""
    height, width, _ = pixels.shape
    columns, rows = width / CELL_PX[0], height / CELL_PX[1]
    scale = min(room[0] / columns, room[1] / rows, MAX_CELLS / max(columns, rows))
    return max(1, int(columns * scale)), max(1, int(rows * scale))
