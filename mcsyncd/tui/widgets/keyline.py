"""The last lines: the keys of the screen. A key that does not fit is left out, never cut."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

from mcsyncd.tui.content import build_content, pack_lines

_GAP_CELLS = 3
"""Cells between two keys. Judgement: two would read as one phrase."""
_MAX_LINES = 2
"""Lines of keys at most. Judgement: all that a decision needs fits in two of 60 cells; a third is missed
by the waveforms."""


class KeyLine(Widget):
    """`keys` are (key, what it does), most wanted first; the last of them, the help, is always shown."""

    keys: reactive[Sequence[tuple[str, str]]] = reactive[Sequence[tuple[str, str]]]((), layout=True)

    def render(self) -> Content:
        """Return as many keys as fit into the lines."""
        return pack_keys(self.keys, self.size.width)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002  # Textual's form
        """Return the lines that the keys take."""
        return len(pack_keys(self.keys, width).split())


def pack_keys(keys: Sequence[tuple[str, str]], width: int) -> Content:
    """Return the keys in lines of this width, the least wanted left out where they are too many."""
    hints = [build_content((key, "bold"), (f" {effect}", "muted")) for key, effect in keys]
    *others, last = hints or [Content()]
    for count in range(len(others), 0, -1):
        packed = pack_lines([*others[:count], last], width, _GAP_CELLS)
        if len(packed.split()) <= _MAX_LINES:
            return packed
    return last
