"""One angle's frame in the review: its name, its moment, and the picture or why there is none."""

from __future__ import annotations

from textwrap import wrap

from rich.segment import Segment
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from mcsyncd.tui.review.frame_cells import Pixels, draw_dots, draw_half_blocks


class FrameLabel(Widget):
    """A line above a frame."""

    text: reactive[Content] = reactive(Content())

    def render(self) -> Content:
        """Return the line, cut where it does not fit."""
        return self.text.truncate(self.size.width, ellipsis=True)


class FrameCanvas(Widget):
    """Draws `pixels`, or `words` where there are none. What it shows already is not drawn again."""

    def __init__(self) -> None:
        super().__init__()
        self._pixels: Pixels | None = None
        self._words = ""
        self._strips: list[Strip] = []
        self._built_for: Size | None = None

    @property
    def has_colour(self) -> bool:
        """Whether frames are drawn in colour."""
        return not self.app.no_color

    @property
    def frame_size(self) -> tuple[int, int]:
        """The largest frame that fits, as (width, height) in pixels."""
        width, height = self.size
        return (width // 2 * 2, 2 * height) if self.has_colour else (2 * width, 4 * height)

    def show(self, pixels: Pixels | None, words: str) -> None:
        """Draw a frame, shaped (height, width, 3), or words."""
        if pixels is not self._pixels or words != self._words:
            self._pixels, self._words, self._built_for = pixels, words, None
            self.refresh()

    def notify_style_update(self) -> None:
        """Draw again in the colours of a new theme, or without any."""
        self._built_for = None
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """Return a row, after building all of them if the frame or the size is new."""
        if self._built_for != self.size:
            self._strips, self._built_for = self._build_strips(), self.size
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width, self.rich_style)

    def _build_strips(self) -> list[Strip]:
        width, height = self.size
        if self._pixels is None:
            return self._write_words(width, height)
        if self.has_colour:
            return draw_half_blocks(self._pixels, width, height, self.rich_style)
        is_dark = self.app.current_theme.dark
        return draw_dots(self._pixels, width, height, self.rich_style, is_dark=is_dark)

    def _write_words(self, width: int, height: int) -> list[Strip]:
        lines = [line.center(width) for line in wrap(self._words, max(1, width))[:height]]
        above = (height - len(lines)) // 2
        blank = Strip.blank(width, self.rich_style)
        return [blank] * above + [Strip([Segment(line, self.rich_style)], width) for line in lines]


class FrameTile(Vertical):
    """The frame of `camera`; `FrameRow` fills its labels and its canvas."""

    def __init__(self, camera: str) -> None:
        super().__init__()
        self.camera = camera
        self.title_label = FrameLabel()
        self.moment_label = FrameLabel()
        self.canvas = FrameCanvas()

    def compose(self) -> ComposeResult:
        """Yield the labels above the picture."""
        yield self.title_label
        yield self.moment_label
        yield self.canvas
