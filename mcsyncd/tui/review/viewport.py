"""What the lanes show: a window on the session clock, and a cursor in it. Pure."""

from __future__ import annotations

from mcsyncd.tui.review.window import REVIEW_ZOOM_MS, ViewWindow, fit_window

_DEFAULT_DURATION_MS = 60_000.0
"""Milliseconds that "the whole session" shows before its duration is known. Judgement: a minute."""


class Viewport:
    """A window and a cursor that stays in it. Zooming keeps the cursor where it is on screen."""

    def __init__(self) -> None:
        self.window = ViewWindow(0.0, REVIEW_ZOOM_MS, 2)
        self.cursor_ms = 0.0

    def show(self, window: ViewWindow, cursor_ms: float) -> None:
        """Show this window with the cursor at this moment."""
        self.window, self.cursor_ms = window, cursor_ms

    def resize(self, cells: int) -> None:
        """Adapt to lanes of this many cells."""
        self.window = self.window.resize(2 * cells, self.cursor_ms)

    def zoom(self, steps: int) -> None:
        """Zoom in (negative) or out (positive) around the cursor."""
        self.window = self.window.zoom(steps, self.cursor_ms)

    def fit(self, duration_s: float | None) -> None:
        """Show the whole session; if it is shown already, zoom back in to the cursor."""
        dots = self.window.dots
        whole = fit_window(duration_s * 1000.0 if duration_s else _DEFAULT_DURATION_MS, dots)
        close = ViewWindow(0.0, REVIEW_ZOOM_MS, dots).centre_on(self.cursor_ms)
        self.window = close if self.window == whole else whole

    def move_cursor(self, cells: int) -> None:
        """Move the cursor; the window follows near its edges."""
        self.place_cursor(self.cursor_ms + cells * 2 * self.window.dot_ms)

    def place_cursor(self, at_ms: float) -> None:
        """Put the cursor at a moment; the window follows near its edges."""
        self.cursor_ms = at_ms
        self.window = self.window.follow(at_ms)

    @property
    def cursor_cell(self) -> int:
        """The cell column of the cursor."""
        return self.window.cell_from_ms(self.cursor_ms)
