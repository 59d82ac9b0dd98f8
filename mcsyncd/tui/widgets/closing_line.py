"""The line that says that what the app was opened for is done."""

from __future__ import annotations

from textual.widgets import Static

from mcsyncd.tui.content import build_content


class ClosingLine(Static):
    """Hidden until the app has a `closing_line`."""

    def __init__(self) -> None:
        super().__init__(markup=False)

    def on_mount(self) -> None:
        """Wait for the line."""
        self.watch(self.app, "closing_line", self._show_line)

    def _show_line(self, text: str) -> None:
        self.display = bool(text)
        self.update(build_content((f"✔ {text}", "success")))
