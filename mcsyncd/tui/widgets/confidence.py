"""The confidence of a session: the floored percentage with a bar beside it."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from mcsyncd.present.numbers import format_percent
from mcsyncd.tui.content import LONG_BAR_CELLS, build_content, format_bar


class ConfidenceBar(Widget):
    """`confidence` is the solver's probability; a person's nudge does not change it."""

    confidence: reactive[float | None] = reactive(None)
    tone: reactive[str] = reactive("")

    def render(self) -> Content:
        """Return `Sync Confidence: 92%   ██████████████████░░`."""
        text = f"Sync Confidence: {format_percent(self.confidence)}"
        if self.confidence is None:
            return build_content((text, "bold"))
        return build_content((text, "bold"), "   ", (format_bar(self.confidence, LONG_BAR_CELLS), self.tone))
