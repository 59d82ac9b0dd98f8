"""Texts and tones as Textual's `Content`. Everything shown goes through here, and nothing as markup."""

from __future__ import annotations

from textual.content import Content

_TONES = {
    "muted": "$secondary",
    "primary": "$primary",
    "success": "$success",
    "warning": "$warning",
    "error": "$error",
    "bold": "bold",
    "": "",
}
"""The style of each tone, as colours of the theme; a tone that is not here is a style itself."""

SHORT_BAR_CELLS = 10
"""A bar with a cell for ten percent, for lines that hold other columns as well at 80 cells."""

LONG_BAR_CELLS = 20
"""A bar with a cell for five percent, for lines of its own."""

TonedText = tuple[str, str]
"""A text and its tone."""


def build_content(*parts: TonedText | str | Content) -> Content:
    """Return texts joined, each in its tone; a plain string has none. `[` is just a `[`, not markup."""
    return Content.assemble(
        *(
            part if isinstance(part, str | Content) else (part[0], _TONES.get(part[1], part[1]))
            for part in parts
        )
    )


def format_bar(fraction: float, width: int) -> str:
    """Return a bar of `width` cells for 0..1; full only at 1."""
    filled = int(max(0.0, min(1.0, fraction)) * width)
    return "█" * filled + "░" * (width - filled)


def justify_line(left: Content, right: Content, width: int, fill: str = " ") -> Content:
    """Return two texts at the ends of a line, with `fill` between; without room the left one is cut."""
    room = width - right.cell_length
    left = left.truncate(max(0, room - 1), ellipsis=True)
    gap = Content.styled(fill * max(0, room - left.cell_length), "$rule" if fill != " " else "")
    return Content.assemble(left, gap, right)


def pack_lines(items: list[Content], width: int, gap: int = 4) -> Content:
    """Return items side by side, as many in a line as fit; no item is broken."""
    lines: list[Content] = []
    for item in items:
        if lines and lines[-1].cell_length + gap + item.cell_length <= width:
            lines[-1] = Content.assemble(lines[-1], " " * gap, item)
        else:
            lines.append(item)
    return Content("\n").join(lines)
