"""The waveform of one angle in braille, with the reference as a grey ghost behind it.

With the ghost a person need not compare two waveforms: where grey and colour part, the angle is
off. It is a line-API widget: its rows are built when the image changes, `render_line` only
returns them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from mcsyncd.tui.review import braille
from mcsyncd.tui.review.peaks import Floats, PeaksSegment
from mcsyncd.tui.review.window import ViewWindow

_CURSOR = "┃"

_GHOST, _TRACE, _CURSOR_LINE = 0, 1, 2
"""What a cell shows; the index of its style."""


@dataclass(frozen=True)
class WaveformImage:
    """What a lane shows of `window`: `peaks` moved later by `shift_ms`, and the `ghost` behind them.

    Equal images look alike, so a lane that did not change is not sent to the terminal again.
    """

    peaks: PeaksSegment
    window: ViewWindow
    shift_ms: float
    ghost: PeaksSegment | None
    cursor_cell: int


class Waveform(Widget):
    """Shows a `WaveformImage` in its own colour; the ghost fills only cells that the angle leaves blank."""

    COMPONENT_CLASSES = {"waveform--ghost", "waveform--cursor"}  # noqa: RUF012  # Textual reads it so

    def __init__(self) -> None:
        super().__init__()
        self._image: WaveformImage | None = None
        self._strips: list[Strip] = []
        self._built_for: tuple[WaveformImage, Size] | None = None

    def show(self, image: WaveformImage | None) -> None:
        """Draw an image; None empties the lane."""
        if image != self._image:
            self._image = image
            self.refresh()

    def notify_style_update(self) -> None:
        """Forget the rows, which have the colours of another theme."""
        self._built_for = None
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """Return a row, after building all of them if the image or the size is new."""
        image = self._image
        if image is None or not self.size.width:
            return Strip.blank(self.size.width, self.rich_style)
        if self._built_for != (image, self.size):
            self._strips = self._build_strips(image)
            self._built_for = (image, self.size)
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width, self.rich_style)

    def _build_strips(self, image: WaveformImage) -> list[Strip]:
        width, height = self.size
        codes = _draw_cells(*image.peaks.resample(image.window, image.shift_ms), height, width)
        kinds = np.full(codes.shape, _TRACE)
        if image.ghost is not None:
            ghost = _draw_cells(*image.ghost.resample(image.window), height, width)
            behind = braille.find_blank_cells(codes)
            codes = np.where(behind, ghost, codes)
            kinds[behind] = _GHOST
        if 0 <= image.cursor_cell < width:
            codes[:, image.cursor_cell] = ord(_CURSOR)
            kinds[:, image.cursor_cell] = _CURSOR_LINE
        styles = self._resolve_styles()
        rows = zip(braille.decode_rows(codes), kinds, strict=True)
        return [Strip(_split_segments(row, kind, styles), width) for row, kind in rows]

    def _resolve_styles(self) -> tuple[Style, Style, Style]:
        # Each has the background: since Textual 6 a line-API widget gets none for blank cells.
        ghost, cursor = map(self.get_component_rich_style, ("waveform--ghost", "waveform--cursor"))
        return ghost, self.rich_style, cursor


def _draw_cells(low: Floats, high: Floats, height: int, width: int) -> NDArray[np.uint32]:
    """Return the cells of a waveform, cut or filled to `width`: right after a resize it has the old width."""
    codes = braille.pack_dots(braille.draw_envelope(low, high, 4 * height))
    missing = max(0, width - codes.shape[1])
    return np.pad(codes, ((0, 0), (0, missing)), constant_values=braille.BLANK_CELL)[:, :width]


def _split_segments(row: str, kinds: NDArray[np.int_], styles: tuple[Style, Style, Style]) -> list[Segment]:
    """Split a row wherever the style changes."""
    edges = [0, *(np.flatnonzero(np.diff(kinds)) + 1).tolist(), len(row)]
    return [Segment(row[a:b], styles[kinds[a]]) for a, b in pairwise(edges) if b > a]
