"""The last line: the keys that matter here. A key that does not fit is left out, never cut in two."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from mcsyncd.tui.content import build_content

_HELP_KEY = ("?", "All keys")
_GAP_CELLS = 3


class KeyLine(Widget):
    """`keys` are (key, what it does), the most wanted first; help always comes last."""

    keys: reactive[Sequence[tuple[str, str]]] = reactive[Sequence[tuple[str, str]]](())

    def render(self) -> Content:
        """Lay out as many as fit."""
        room = self.size.width - _measure_key(_HELP_KEY)
        shown = []
        for key in self.keys:
            room -= _measure_key(key) + _GAP_CELLS
            if room < 0:
                break
            shown.append(key)
        line = build_content()
        for sign, does in [*shown, _HELP_KEY]:
            gap = " " * _GAP_CELLS if line else ""
            line = build_content(line, gap, (sign, "bold"), (f" {does}", "muted"))
        return line


def _measure_key(key: tuple[str, str]) -> int:
    return len(key[0]) + 1 + len(key[1])
