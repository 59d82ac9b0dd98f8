"""The themes: dark, light, ansi, none. Colour only repeats what a glyph and a word say."""

from __future__ import annotations

from collections.abc import Mapping

from textual.theme import BUILTIN_THEMES, Theme

# Text colours have a contrast of at least 4.5:1 on the background (WCAG 2 AA); a paler one could not
# be read in a lit room. Each theme also says how angles, the ghost and the rules between lanes are drawn.

_DARK = Theme(
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
    # The angles have four colours of the Okabe-Ito palette, which colour-blind readers can tell apart.
    variables={
        "angle-1": "#e69f00",
        "angle-2": "#56b4e9",
        "angle-3": "#cc79a7",
        "angle-4": "#009e73",
        "ghost": "#7a8490",
        "rule": "#41474e",
    },
)

_LIGHT = Theme(
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
    # The same four hues, dark enough to be read as text.
    variables={
        "angle-1": "#8f5c00",
        "angle-2": "#1769a0",
        "angle-3": "#99406f",
        "angle-4": "#006e50",
        "ghost": "#8b929a",
        "rule": "#b8bbbd",
    },
)


def _build_ansi(name: str, colours: Mapping[str, str]) -> Theme:
    """Return a theme of the terminal's own colours; what `colours` does not name is its text colour."""
    default = "ansi_default"
    known = BUILTIN_THEMES["ansi-dark"].variables  # Textual's own stylesheets need some of them
    drawn = ("angle-1", "angle-2", "angle-3", "angle-4", "ghost", "rule")
    return Theme(
        name=name,
        primary=colours.get("primary", default),
        secondary=default,
        accent=colours.get("accent", default),
        warning=colours.get("warning", default),
        error=colours.get("error", default),
        success=colours.get("success", default),
        foreground=default,
        background=default,
        surface=default,
        panel=default,
        ansi=True,
        variables=known | {part: colours.get(part, default) for part in drawn},
    )


# Neither blue nor bright black carries text: the first cannot be read on many dark palettes, and the
# second is the very background in Solarized. So grey text is the terminal's own, and the ghost is dim.
_ANSI = _build_ansi(
    "mcsync-ansi",
    {
        "primary": "ansi_cyan",
        "accent": "ansi_yellow",
        "warning": "ansi_yellow",
        "error": "ansi_red",
        "success": "ansi_green",
        "angle-1": "ansi_yellow",
        "angle-2": "ansi_cyan",
        "angle-3": "ansi_magenta",
        "angle-4": "ansi_green",
        "rule": "ansi_bright_black",
    },
)

THEMES: Mapping[str, Theme] = {
    "dark": _DARK,
    "light": _LIGHT,
    "ansi": _ANSI,
    "none": _build_ansi("mcsync-none", {}),
}
"""The themes by the name that a person uses; the settings of the app name the same four."""
