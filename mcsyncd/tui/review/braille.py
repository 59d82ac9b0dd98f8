"""Braille characters as pixels: each terminal cell has eight dots, two wide and four high. Pure.

There is no loop over columns: one boolean matrix, one product with the dot weights, one decode.
That keeps drawing three lanes at 200 columns near a millisecond.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLANK_CELL = 0x2800
"""The code point of the braille cell without dots (Unicode block Braille Patterns)."""

_DOT_WEIGHTS = np.array([0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80], dtype=np.uint32)
"""The bit of each dot, row by row. Unicode numbers the dots 1-2-3-7 down the left and 4-5-6-8 down
the right side of a cell; dot n is bit n - 1.
"""

_MIDDLE_ROWS = 1.5
"""Rows within this distance from the middle are always drawn: the two that stand for silence."""


def pack_dots(dots: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """Return dots, shaped (4 · rows, 2 · columns), as braille code points, shaped (rows, columns)."""
    rows, columns = dots.shape[0] // 4, dots.shape[1] // 2
    eights = dots.reshape(rows, 4, columns, 2).transpose(0, 2, 1, 3).reshape(rows, columns, 8)
    packed: NDArray[np.uint32] = eights.astype(np.uint32) @ _DOT_WEIGHTS + np.uint32(BLANK_CELL)
    return packed


def decode_rows(codes: NDArray[np.uint32]) -> list[str]:
    """Return code points, shaped (rows, columns), as one string for each row."""
    return [row.astype("<u4").tobytes().decode("utf-32-le") for row in codes]


def find_blank_cells(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Return which cells have no dot, shaped as `codes`."""
    blank: NDArray[np.bool_] = codes == BLANK_CELL
    return blank


def draw_envelope(low: NDArray[np.float64], high: NDArray[np.float64], height: int) -> NDArray[np.bool_]:
    """Return the dots of a waveform, shaped (height, pairs): a column from `low` to `high` (-1..1) each.

    Silence is drawn as the two rows in the middle, so a silent lane does not look missing.
    """
    level = 1.0 - (2.0 * np.arange(height) + 1.0)[:, None] / height
    reached = (level >= low[None, :]) & (level <= high[None, :])
    drawn: NDArray[np.bool_] = reached | (np.abs(level) * height < _MIDDLE_ROWS)
    return drawn
