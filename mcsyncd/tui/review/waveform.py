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
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from mcsyncd.tui.review import braille
from mcsyncd.tui.review.peaks import PeaksSegment
from mcsyncd.tui.review.window import ViewWindow

_CURSOR = "┃"
_SPACE = ord(" ")

_GAP_CELLS = 12
"""Unchanged cells that are sent rather than left out. Counted, not tuned: a cell takes up to three bytes, and
a move of the cursor with a new colour about 30. Lower, and a row of many small changes takes more bytes;
higher, and a row of few does."""

_GHOST, _RIVAL, _TRACE, _CURSOR_LINE = 0, 1, 2, 3
"""What a cell shows; the index of its style."""

_Styles = tuple[Style, Style, Style, Style]


@dataclass(frozen=True)
class WaveformImage:
    """What a lane shows of `window`: `peaks` moved later by `shift_ms`, and the `ghost` behind them.

    Between the two is the same angle once more, `rival` moved by `rival_shift_ms`.
    Equal images look alike, so a lane that did not change is not sent to the terminal again.
    """

    peaks: PeaksSegment
    window: ViewWindow
    shift_ms: float
    ghost: PeaksSegment | None
    cursor_cell: int
    rival: PeaksSegment | None = None
    rival_shift_ms: float = 0.0


class Waveform(Widget):
    """Shows a `WaveformImage` in its own colour; what is behind it fills only cells that it leaves blank."""

    COMPONENT_CLASSES = {"waveform--ghost", "waveform--rival", "waveform--cursor"}  # noqa: RUF012  # Textual reads it so

    def __init__(self) -> None:
        super().__init__()
        self._image: WaveformImage | None = None
        self._cells: Cells | None = None
        self._strips: list[Strip] = []

    def show(self, image: WaveformImage | None) -> None:
        """Draw an image; None empties the lane. Only cells that change are sent to the terminal."""
        if image == self._image:
            return
        before, self._image = self._cells, image
        self._cells, self._strips = None, []
        if image is None or before is None or not before.has_size(*self.size):
            self.refresh()
            return
        self._cells = draw_cells(image, *self.size)
        if changed := before.find_changes(self._cells):
            self.refresh(*changed)

    def notify_style_update(self) -> None:
        """Forget the rows, which have the colours of another theme."""
        self._strips = []
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """Return a row, after building all of them if the image, the size or the colours are new."""
        width, height = self.size
        if self._image is None or not width:
            return Strip.blank(width, self.rich_style)
        if self._cells is None or not self._cells.has_size(width, height):
            self._cells, self._strips = draw_cells(self._image, width, height), []
        if not self._strips:
            self._strips = self._build_strips(self._cells)
        return self._strips[y] if y < len(self._strips) else Strip.blank(width, self.rich_style)

    def _build_strips(self, cells: Cells) -> list[Strip]:
        styles = self._resolve_styles()
        rows = zip(braille.decode_rows(cells.codes), cells.kinds, strict=True)
        return [Strip(_split_segments(row, kind, styles), len(row)) for row, kind in rows]

    def _resolve_styles(self) -> _Styles:
        # Each has the background: since Textual 6 a line-API widget gets none for blank cells.
        get = self.get_component_rich_style
        return get("waveform--ghost"), get("waveform--rival"), self.rich_style, get("waveform--cursor")


@dataclass(frozen=True, eq=False)
class Cells:
    """A drawn lane: the character `codes` of its cells and the `kinds` of what they show, (rows, columns)."""

    codes: NDArray[np.uint32]
    kinds: NDArray[np.int_]

    def has_size(self, width: int, height: int) -> bool:
        """Return whether it is as large as a widget."""
        return self.codes.shape == (height, width)

    def find_changes(self, after: Cells) -> list[Region]:
        """Return the parts of rows that another drawing of the same size shows differently."""
        is_other_kind = (self.kinds != after.kinds) & (after.codes != _SPACE)  # a space looks like any other
        differs = (self.codes != after.codes) | is_other_kind
        return [
            Region(int(run[0]), y, int(run[-1] + 1 - run[0]), 1)
            for y in np.flatnonzero(differs.any(axis=1)).tolist()
            for run in _split_runs(np.flatnonzero(differs[y]))
        ]


def _split_runs(columns: NDArray[np.int_]) -> list[NDArray[np.int_]]:
    """Split ascending columns where as many lie between two of them that it is cheaper to leave those out."""
    return np.split(columns, np.flatnonzero(np.diff(columns) > _GAP_CELLS) + 1)


def draw_cells(image: WaveformImage, width: int, height: int) -> Cells:
    """Return an image as cells: the angle, behind it its rival, behind that the ghost, and the cursor."""
    codes = _draw_envelope(image.peaks, image.window, image.shift_ms, (width, height))
    kinds = np.full(codes.shape, _TRACE)
    behind = ((_RIVAL, image.rival, image.rival_shift_ms), (_GHOST, image.ghost, 0.0))
    for kind, peaks, shift_ms in behind:
        if peaks is not None:
            blank = braille.find_blank_cells(codes)
            codes = np.where(blank, _draw_envelope(peaks, image.window, shift_ms, (width, height)), codes)
            kinds[blank] = kind
    codes, kinds = _simplify_blanks(codes, kinds)
    if 0 <= image.cursor_cell < width:
        codes[:, image.cursor_cell] = ord(_CURSOR)
        kinds[:, image.cursor_cell] = _CURSOR_LINE
    return Cells(codes, kinds)


def _simplify_blanks(
    codes: NDArray[np.uint32], kinds: NDArray[np.int_]
) -> tuple[NDArray[np.uint32], NDArray[np.int_]]:
    """Return the cells with a space for each blank one, in the style of what is left of it.

    The terminal gets a third of the bytes for them, and fewer changes of colour.
    """
    blank = braille.find_blank_cells(codes)
    sources = np.maximum.accumulate(np.where(blank, 0, np.arange(codes.shape[1])), axis=1)
    return np.where(blank, np.uint32(_SPACE), codes), np.take_along_axis(kinds, sources, axis=1)


def _draw_envelope(
    peaks: PeaksSegment, window: ViewWindow, shift_ms: float, size: tuple[int, int]
) -> NDArray[np.uint32]:
    """Return peaks as cells, cut or filled to the width: right after a resize they have the old one."""
    width, height = size
    low, high = peaks.resample(window, shift_ms)
    codes = braille.pack_dots(braille.draw_envelope(low, high, 4 * height))
    missing = max(0, width - codes.shape[1])
    return np.pad(codes, ((0, 0), (0, missing)), constant_values=braille.BLANK_CELL)[:, :width]


def _split_segments(row: str, kinds: NDArray[np.int_], styles: _Styles) -> list[Segment]:
    """Split a row wherever the style changes."""
    edges = [0, *(np.flatnonzero(np.diff(kinds)) + 1).tolist(), len(row)]
    return [Segment(row[a:b], styles[kinds[a]]) for a, b in pairwise(edges) if b > a]
