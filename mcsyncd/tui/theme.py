"""A dark and a light theme. Colour only repeats what a glyph and a word say."""

from __future__ import annotations

from textual.theme import Theme

# Text colours have a contrast of at least 4.5:1 on the background (WCAG 2 AA); a paler one could not
# be read in a lit room.

DARK = Theme(
    name="mcsync-dark",
    primary="#7fb4d9",
    secondary="#8b949e",
    accent="#e6b450",
    warning="#e6b450",
    error="#f07f6b",
    success="#8fce9f",
    foreground="#d7dce2",
    background="#101418",
    surface="#101418",
    panel="#1b2129",
    dark=True,
)

LIGHT = Theme(
    name="mcsync-light",
    primary="#1f5f8b",
    secondary="#5c6570",
    accent="#8a5a00",
    warning="#8a5a00",
    error="#a8321d",
    success="#1e6b38",
    foreground="#1d2329",
    background="#f6f5f1",
    surface="#f6f5f1",
    panel="#e7e5de",
    dark=False,
)
