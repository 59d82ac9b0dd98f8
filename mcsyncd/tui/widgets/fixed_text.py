"""Lines in a box whose size does not depend on them."""

from __future__ import annotations

from itertools import zip_longest

from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget


class FixedText(Widget):
    """Shows a text; only what changes of it is sent to the terminal. The stylesheet gives its size."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's own name
        super().__init__(id=id)
        self.content = Content()

    def show(self, content: Content, changed: list[Region] | None = None) -> None:
        """Show another text; `changed` are the parts that differ, where the caller knows better."""
        if changed is None:
            changed = find_changes(self.content, content)
        if changed:
            self.content = content
            self.refresh(*changed)

    def render(self) -> Content:
        """Return the text."""
        return self.content


def find_changes(before: Content, after: Content) -> list[Region]:
    """Return the parts of the lines that are not the same in two texts: each from its beginning on."""
    nothing = Content()
    old, new = (text.split("\n", allow_blank=True) for text in (before, after))
    pairs = zip_longest(old, new, fillvalue=nothing)
    return [
        Region(0, y, width, 1)
        for y, (one, other) in enumerate(pairs)
        if (width := _measure_change(one, other)) > 0
    ]


def _measure_change(one: Content, other: Content) -> int:
    """Return the cells from the beginning of two lines to where the last of them differs."""
    if one.is_same(other):
        return 0
    if len(one) != len(other) or one.cell_length != other.cell_length:
        return max(one.cell_length, other.cell_length)
    same, differs = 0, len(one)
    while differs - same > 1:  # how many characters at the end are the same
        middle = (same + differs) // 2
        start = len(one) - middle
        same, differs = (middle, differs) if one[start:].is_same(other[start:]) else (same, middle)
    end = len(one) - same
    return max(one[:end].cell_length, other[:end].cell_length)
