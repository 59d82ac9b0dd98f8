"""One angle in the review: a header line and its waveform."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from mcsyncd.tui.angle_marks import get_angle_class
from mcsyncd.tui.content import justify_line
from mcsyncd.tui.review.waveform import Waveform


class LaneHeader(Widget):
    """A line with `left` (angle and offset) and `right` (confidence) at its ends, and a rule between."""

    left: reactive[Content] = reactive(Content())
    right: reactive[Content] = reactive(Content())

    def render(self) -> Content:
        """Return the line; where it does not fit, the left side is cut."""
        return justify_line(
            Content.assemble(self.left, " "), Content.assemble(" ", self.right), self.size.width, "─"
        )


class AngleLane(Vertical):
    """The lane of `camera`, the angle at `index`; `LaneStack` fills its `header` and its `waveform`."""

    def __init__(self, camera: str, index: int) -> None:
        super().__init__(classes=get_angle_class(index))
        self.camera = camera
        self.header = LaneHeader()
        self.waveform = Waveform()

    def compose(self) -> ComposeResult:
        """Yield the header above the waveform."""
        yield self.header
        yield self.waveform
