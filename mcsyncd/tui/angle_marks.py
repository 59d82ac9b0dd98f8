"""The glyph and the colour of each angle. The colour only repeats what the glyph says."""

from __future__ import annotations

ANGLE_GLYPHS = "●▲■◆"

ANGLE_COLOURS = ("#E69F00", "#56B4E9", "#CC79A7", "#009E73")
"""Four colours of the Okabe-Ito palette, which colour-blind readers can tell apart."""


def get_angle_glyph(index: int) -> str:
    """Return the glyph of the angle at this position; a fifth angle starts again with the first."""
    return ANGLE_GLYPHS[index % len(ANGLE_GLYPHS)]


def get_angle_colour(index: int) -> str:
    """Return the colour of the angle at this position, as Textual reads it."""
    return ANGLE_COLOURS[index % len(ANGLE_COLOURS)]
