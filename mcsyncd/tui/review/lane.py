"""One angle in the review: a header line and its waveform."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region
from textual.message import Message

from mcsyncd.tui.angle_marks import get_angle_class
from mcsyncd.tui.content import justify_line
from mcsyncd.tui.review.waveform import Waveform
from mcsyncd.tui.widgets.fixed_text import FixedText

_Ends = tuple[Content, Content]


class LaneHeader(FixedText):
    """A line with a text at each of its ends, and a rule between."""

    def __init__(self) -> None:
        super().__init__()
        self._ends = (Content(), Content())

    def show_ends(self, left: Content, right: Content) -> None:
        """Show `left` (angle and offset) and `right` (confidence); without room the left one is cut."""
        width = self.content_size.width
        before, self._ends = self._ends, (Content.assemble(left, " "), Content.assemble(" ", right))
        has_rule = self.content.cell_length == width
        changed = find_changed_ends(before, self._ends, width) if has_rule else None
        self.show(justify_line(*self._ends, width, "─"), changed)


def find_changed_ends(before: _Ends, after: _Ends, width: int) -> list[Region]:
    """Return the parts of a line of `width` cells in which two pairs of ends differ: not the rule between."""
    left, right = (
        0 if old.is_same(new) else min(width, max(old.cell_length, new.cell_length))
        for old, new in zip(before, after, strict=True)
    )
    parts = Region(0, 0, left, 1), Region(width - right, 0, right, 1)
    return [part for part in parts if part.width]


class AngleLane(Vertical):
    """The lane of `camera`, the angle at `index`; `LaneStack` fills its `header` and its `waveform`."""

    class Resized(Message):
        """The lane has its first size, or another one, and has to be drawn for it."""

    def __init__(self, camera: str, index: int) -> None:
        super().__init__(classes=get_angle_class(index))
        self.camera = camera
        self.header = LaneHeader()
        self.waveform = Waveform()

    def on_resize(self) -> None:
        """Have the lane drawn: the answer of the daemon may have come before there was room for it."""
        self.post_message(self.Resized())

    def compose(self) -> ComposeResult:
        """Yield the header above the waveform."""
        yield self.header
        yield self.waveform
