"""Sends only the cells that changed, and of their styles only what is another one than before.

Textual sends a row from the beginning of the widget on, and each style in full. Through ssh and on a slow
terminal, what is sent is what a key costs. There is no public way to do this: `NarrowUpdate` and
`NarrowCompositor` are Textual's own, with one method each.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rich.cells import get_character_cell_size
from rich.color import Color, ColorSystem
from rich.console import COLOR_SYSTEMS, Console
from rich.control import Control
from rich.style import Style
from textual._compositor import ChopsUpdate, Compositor
from textual.strip import Strip

_PLAIN = Style.null()
_RESET = "\x1b[0m"
_ONE_CELL_EACH = re.compile("[ -~\u00a1-\u00ac\u2500-\u259f\u2800-\u28ff]*")
"""ASCII, Latin signs, lines, blocks and braille: nearly every row, and each character has one cell."""


class NarrowUpdate(ChopsUpdate):
    """An update of parts of the screen. Each part is cut at both of its ends."""

    def render_segments(self, console: Console) -> str:
        """Return what is written to the terminal: for each part a move of the cursor, and its cells."""
        pen = Pen(console)
        for y, begin, end in self.spans:
            for strip_end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=True):
                if strip is None or x >= end or strip_end <= begin:
                    continue
                if _can_cut(strip):
                    first = max(x, begin)
                    pen.write(first, y, strip.crop(first - x, min(strip_end, end) - x))
                else:
                    pen.write(x, y, strip)
        return pen.finish()


class NarrowCompositor(Compositor):
    """Textual's compositor with narrow updates."""

    def render_partial_update(self) -> NarrowUpdate | None:
        """Return an update of what changed; None if nothing did."""
        update = super().render_partial_update()
        return None if update is None else NarrowUpdate(update.chops, update.spans, update.chop_ends)


class Pen:
    """Writes strips for a terminal, which keeps a style until it gets another one."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._system = COLOR_SYSTEMS.get(console.color_system or "", ColorSystem.TRUECOLOR)
        self._sent: list[str] = []
        self._style = _PLAIN

    def write(self, x: int, y: int, strip: Strip) -> None:
        """Write a strip at a place of the screen."""
        self._sent.append(Control.move_to(x, y).segment.text)
        if any(style is not None and style.link for _, style, _ in strip):
            self._take(_PLAIN)
            self._sent.append(strip.render(self._console))
            return
        for text, style, _ in strip:
            self._take(style or _PLAIN)
            self._sent.append(text)

    def _take(self, style: Style) -> None:
        self._sent.append(format_change(self._style, style, self._system))
        self._style = style

    def finish(self) -> str:
        """Return all that was written, with no style at the end."""
        self._take(_PLAIN)
        return "".join(self._sent)


@lru_cache(maxsize=4096)
def format_change(before: Style, after: Style, system: ColorSystem) -> str:
    """Return the codes (ECMA-48, SGR) from one style to another: the colours alone where the rest stays."""
    old, new = _render_codes(before, system), _render_codes(after, system)
    if old == new:
        return ""
    if not old or not new or before.without_color != after.without_color:
        return f"{_RESET if old else ''}{new}"
    codes: list[str] = []
    if before.color != after.color:
        codes += (after.color or Color.default()).downgrade(system).get_ansi_codes()
    if before.bgcolor != after.bgcolor:
        codes += (after.bgcolor or Color.default()).downgrade(system).get_ansi_codes(foreground=False)
    return f"\x1b[{';'.join(codes)}m"


def _render_codes(style: Style, system: ColorSystem) -> str:
    """Return the codes that begin a style; empty if it is none."""
    return style.render(" ", color_system=system).partition(" ")[0]


def _can_cut(strip: Strip) -> bool:
    """Return whether each character takes one cell. Elsewhere, a cut could halve one, which erases it."""
    text = strip.text
    is_known = _ONE_CELL_EACH.fullmatch(text) is not None
    return is_known or all(get_character_cell_size(character) == 1 for character in text)
