"""How sure the machine is: the number, floored, and a bar beside it."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from mcsyncd.tui import view
from mcsyncd.tui.paint import words

_BAR = 20


class Confidence(Widget):
    """`confidence` is the machine's probability; a person's nudge never changes it."""

    confidence: reactive[float | None] = reactive(None)
    tone: reactive[str] = reactive("")

    def render(self) -> Content:
        """`Sync Confidence: 92%   ██████████████████░░`, in one line."""
        said = f"Sync Confidence: {view.percent(self.confidence)}"
        if self.confidence is None:
            return words((said, "bold"))
        return words((said, "bold"), "   ", (view.bar(self.confidence, _BAR), self.tone))
