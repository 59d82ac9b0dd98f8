"""How sure the machine is: the number, floored, and a bar beside it."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from mcsyncd.present.numbers import format_percent
from mcsyncd.tui.content import build_content, format_bar

_BAR_CELLS = 20


class ConfidenceBar(Widget):
    """`confidence` is the machine's probability; a person's nudge never changes it."""

    confidence: reactive[float | None] = reactive(None)
    tone: reactive[str] = reactive("")

    def render(self) -> Content:
        """`Sync Confidence: 92%   ██████████████████░░`, in one line."""
        said = f"Sync Confidence: {format_percent(self.confidence)}"
        if self.confidence is None:
            return build_content((said, "bold"))
        return build_content((said, "bold"), "   ", (format_bar(self.confidence, _BAR_CELLS), self.tone))
