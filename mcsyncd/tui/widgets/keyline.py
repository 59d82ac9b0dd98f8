"""The last line: the keys of the screen. A key that does not fit is left out, never cut."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from mcsyncd.tui.content import build_content

_HELP_KEY = ("?", "All keys")
_GAP_CELLS = 3
"""Cells between two keys. Judgement: two would read as one phrase."""


class KeyLine(Widget):
    """`keys` are (key, what it does), most wanted first; the help key always comes last."""

    keys: reactive[Sequence[tuple[str, str]]] = reactive[Sequence[tuple[str, str]]](())

    def render(self) -> Content:
        """Return as many keys as fit."""
        room = self.size.width - _measure_key(_HELP_KEY)
        shown = []
        for hint in self.keys:
            room -= _measure_key(hint) + _GAP_CELLS
            if room < 0:
                break
            shown.append(hint)
        line = build_content()
        for key, effect in [*shown, _HELP_KEY]:
            gap = " " * _GAP_CELLS if line else ""
            line = build_content(line, gap, (key, "bold"), (f" {effect}", "muted"))
        return line


def _measure_key(hint: tuple[str, str]) -> int:
    return len(hint[0]) + 1 + len(hint[1])
