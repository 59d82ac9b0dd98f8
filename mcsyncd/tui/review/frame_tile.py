"""One angle's frame in the review: its name, its moment, and the picture or why there is none."""

from __future__ import annotations

from itertools import cycle
from textwrap import wrap

from rich.segment import Segment
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from mcsyncd.tui.kitty_images import (
    CELL_PX,
    MAX_IMAGE_ID,
    build_image,
    build_removal,
    draw_placeholders,
    fit_cells,
)
from mcsyncd.tui.review.frame_cells import Pixels, centre_rows, draw_dots, draw_half_blocks
from mcsyncd.tui.shell import Shell

_IMAGE_NUMBERS = cycle(range(1, MAX_IMAGE_ID + 1))


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
        self._image: int | None = None

    @property
    def has_colour(self) -> bool:
        """Whether frames are drawn in colour."""
        return not self.app.no_color

    @property
    def has_images(self) -> bool:
        """Whether the terminal shows the frames as images. They are told apart by exact colours."""
        app = self.app
        is_exact = self.has_colour and app.console.color_system == "truecolor"
        return is_exact and isinstance(app, Shell) and app.has_images

    @property
    def frame_size(self) -> tuple[int, int]:
        """The largest frame that fits, as (width, height) in pixels."""
        width, height = self.size
        if not self.has_colour:
            return 2 * width, 4 * height
        across, down = CELL_PX if self.has_images else (1, 2)
        return width // 2 * 2 * across, height * down

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
        if self.has_images:
            cells = self._send_image(self._pixels)
            rows = list(draw_placeholders(self._image or 0, cells, self.rich_style))
            return centre_rows(rows, cells[0], width, height, self.rich_style)
        if self.has_colour:
            return draw_half_blocks(self._pixels, width, height, self.rich_style)
        is_dark = self.app.current_theme.dark
        return draw_dots(self._pixels, width, height, self.rich_style, is_dark=is_dark)

    def _send_image(self, pixels: Pixels) -> tuple[int, int]:
        """Send a frame to the terminal in place of the one before; return the columns and rows it takes."""
        self._remove_image()
        self._image = next(_IMAGE_NUMBERS)
        cells = fit_cells(pixels, self.size)
        self._write_terminal(build_image(self._image, pixels, cells))
        return cells

    def _remove_image(self) -> None:
        if self._image is not None:
            self._write_terminal(build_removal(self._image))
            self._image = None

    def _write_terminal(self, text: str) -> None:
        driver = self.app._driver  # noqa: SLF001  # Textual has no public way to send what is not text
        if driver is not None:
            driver.write(text)

    def on_unmount(self) -> None:
        """Have the terminal forget the image."""
        self._remove_image()

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
