"""From tones and texts to Textual's `Content`. Everything shown goes through here, and nothing as markup."""

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

TonedText = tuple[str, str]
"""A text and the tone it is said in."""


def build_content(*parts: TonedText | str | Content) -> Content:
    """Put texts together, each in its tone; a plain string has none. `[` is just a `[`."""
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
    """Put two texts at the two ends of a line; the left one gives way when there is no room."""
    room = width - right.cell_length
    left = left.truncate(max(0, room - 1), ellipsis=True)
    gap = Content.styled(fill * max(0, room - left.cell_length), "$secondary 40%" if fill != " " else "")
    return Content.assemble(left, gap, right)


def pack_lines(items: list[Content], width: int, gap: int = 4) -> Content:
    """Lay items side by side, as many in a line as fit; never break within one."""
    lines: list[Content] = []
    for item in items:
        if lines and lines[-1].cell_length + gap + item.cell_length <= width:
            lines[-1] = Content.assemble(lines[-1], " " * gap, item)
        else:
            lines.append(item)
    return Content("\n").join(lines)
