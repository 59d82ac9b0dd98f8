"""One angle in the review: a line that says what it is, and its waveform."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from mcsyncd.tui.content import justify_line
from mcsyncd.tui.review.waveform import Waveform


class LaneHeader(Widget):
    """`left` (which angle, where it lies) and `right` (how sure), with a rule between."""

    left: reactive[Content] = reactive(Content())
    right: reactive[Content] = reactive(Content())

    def render(self) -> Content:
        """One line, whole at any width: the left side gives way."""
        return justify_line(
            Content.assemble(self.left, " "), Content.assemble(" ", self.right), self.size.width, "─"
        )


class AngleLane(Vertical):
    """The lane of `camera`; the screen fills `head` and `wave`."""

    def __init__(self, camera: str, colour: str) -> None:
        super().__init__()
        self.camera = camera
        self.header = LaneHeader()
        self.waveform = Waveform(colour)

    def compose(self) -> ComposeResult:
        """The head above the waveform."""
        yield self.header
        yield self.waveform
