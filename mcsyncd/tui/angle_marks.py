"""The glyph and the colour of each angle. The colour only repeats what the glyph says."""

from __future__ import annotations

ANGLE_GLYPHS = "●▲■◆"
"""One for each of the theme's colours `angle-1` to `angle-4`."""


def get_angle_glyph(index: int) -> str:
    """Return the glyph of the angle at this position; a fifth angle starts again with the first."""
    return ANGLE_GLYPHS[index % len(ANGLE_GLYPHS)]


def get_angle_colour(index: int) -> str:
    """Return the theme's variable for the colour of the angle at this position, as a style names it."""
    return f"${get_angle_class(index)}"


def get_angle_class(index: int) -> str:
    """Return the class that gives a widget the colour of the angle at this position."""
    return f"angle-{index % len(ANGLE_GLYPHS) + 1}"
