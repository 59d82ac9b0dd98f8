"""Where one looks and how closely: the window on the session clock and the cursor in it. Pure."""

from __future__ import annotations

from mcsyncd.tui.window import CLOSE_MS, Window, fitting

_UNKNOWN_MS = 60_000.0


class Lens:
    """A window and a cursor that stays in it. Zooming keeps the cursor where it is on screen."""

    def __init__(self) -> None:
        self.window = Window(0.0, CLOSE_MS, 2)
        self.cursor_ms = 0.0

    def point(self, window: Window, cursor_ms: float) -> None:
        """Look there."""
        self.window, self.cursor_ms = window, cursor_ms

    def resize(self, cells: int) -> None:
        """The lanes are so many cells wide now."""
        self.window = self.window.resized(2 * cells, self.cursor_ms)

    def zoom(self, steps: int) -> None:
        """Closer (negative) or farther."""
        self.window = self.window.zoomed(steps, self.cursor_ms)

    def fit(self, duration_s: float | None) -> None:
        """The whole session; and, seeing that already, close to the cursor again."""
        dots = self.window.dots
        whole = fitting(duration_s * 1000.0 if duration_s else _UNKNOWN_MS, dots)
        close = Window(0.0, CLOSE_MS, dots).around(self.cursor_ms)
        self.window = close if self.window == whole else whole

    def move(self, cells: int) -> None:
        """Move the cursor; the window follows at its edges."""
        self.cursor_ms += cells * 2 * self.window.dot_ms
        self.window = self.window.following(self.cursor_ms)

    @property
    def cursor_cell(self) -> int:
        """The cell column the cursor stands in."""
        return self.window.cell_of(self.cursor_ms)
