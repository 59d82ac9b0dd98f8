"""Paint text as a dot matrix of lamps, 5 by 7 dots per letter, so that the demo needs no font file."""

from __future__ import annotations

import numpy as np

from mcsyncd.demo.painting import Canvas, Colour, Plane

_DARK: Colour = (0.10, 0.09, 0.14)

# For each letter seven rows of five dots; the leftmost dot is the highest bit.
_FONT = {
    "0": (14, 17, 19, 21, 25, 17, 14),
    "1": (4, 12, 4, 4, 4, 4, 14),
    "2": (14, 17, 1, 2, 4, 8, 31),
    "3": (31, 2, 4, 2, 1, 17, 14),
    "4": (2, 6, 10, 18, 31, 2, 2),
    "5": (31, 16, 30, 1, 1, 17, 14),
    "6": (6, 8, 16, 30, 17, 17, 14),
    "7": (31, 1, 2, 4, 8, 8, 8),
    "8": (14, 17, 17, 14, 17, 17, 14),
    "9": (14, 17, 17, 15, 1, 2, 12),
    ":": (0, 4, 4, 0, 4, 4, 0),
    ".": (0, 0, 0, 0, 0, 6, 6),
    "-": (0, 0, 0, 31, 0, 0, 0),
    " ": (0, 0, 0, 0, 0, 0, 0),
    "A": (14, 17, 17, 31, 17, 17, 17),
    "B": (30, 17, 17, 30, 17, 17, 30),
    "C": (14, 17, 16, 16, 16, 17, 14),
    "M": (17, 27, 21, 21, 17, 17, 17),
}


def paint_lamp_text(text: str, dot: float, colour: Colour) -> Canvas:
    """Return a dark panel of lamps that spells `text`, with dots `dot` pixels apart and a rim of one dot.

    Lamps that are off are faintly visible, as on a real panel.
    """
    columns, rows = 6 * len(text) + 1, 9
    canvas = Canvas(_round_to_even(columns * dot), _round_to_even(rows * dot))
    height, width = canvas.alpha.shape
    canvas.paint(canvas.draw_box(width / 2, height / 2, (width / 2, height / 2), dot), _DARK)
    lit = np.zeros((rows, columns), dtype=bool)
    for position, char in enumerate(text):
        for row, bits in enumerate(_FONT[char], start=1):
            lit[row, 6 * position + 1 : 6 * position + 6] = [bits >> shift & 1 for shift in (4, 3, 2, 1, 0)]
    _paint_dots(canvas, dot, lit, colour)
    return canvas


def _paint_dots(canvas: Canvas, dot: float, lit: np.ndarray, colour: Colour) -> None:
    """Paint all dots at once, by every pixel's distance from the centre of its own dot."""
    column, row = np.floor(canvas.x / dot), np.floor(canvas.y / dot)
    distance = np.sqrt((canvas.x - (column + 0.5) * dot) ** 2 + (canvas.y - (row + 0.5) * dot) ** 2)
    round_dot: Plane = np.clip(0.42 * dot - distance + 0.5, 0, 1).astype(np.float32)
    inside_row = np.clip(row, 0, lit.shape[0] - 1).astype(int)
    inside_column = np.clip(column, 0, lit.shape[1] - 1).astype(int)
    on = lit[inside_row, inside_column]
    canvas.paint(round_dot * on, colour)
    canvas.paint(round_dot * np.float32(0.06) * ~on, colour)


def _round_to_even(size: float) -> int:
    return 2 * max(1, round(size / 2))
