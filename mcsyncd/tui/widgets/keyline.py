"""The last line: the keys that matter here. A key that does not fit is left out, never cut in two."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from mcsyncd.tui.paint import words

_LAST = ("?", "All keys")
_GAP = 3


class KeyLine(Widget):
    """`keys` are (key, what it does), the most wanted first; help always comes last."""

    keys: reactive[Sequence[tuple[str, str]]] = reactive[Sequence[tuple[str, str]]](())

    def render(self) -> Content:
        """Lay out as many as fit."""
        room = self.size.width - _length(_LAST)
        shown = []
        for key in self.keys:
            room -= _length(key) + _GAP
            if room < 0:
                break
            shown.append(key)
        line = words()
        for sign, does in [*shown, _LAST]:
            gap = " " * _GAP if line else ""
            line = words(line, gap, (sign, "bold"), (f" {does}", "muted"))
        return line


def _length(key: tuple[str, str]) -> int:
    return len(key[0]) + 1 + len(key[1])
