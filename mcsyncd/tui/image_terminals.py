"""Which terminals show images. Judged by names alone; see `kitty_images`, which loads numpy, for why."""

from __future__ import annotations

from collections.abc import Mapping

_TERMINALS = frozenset({"xterm-kitty", "xterm-ghostty"})
"""What `TERM` is in terminals that know placeholders. Others claim the protocol without them."""
_BETWEEN = ("TMUX", "STY", "ZELLIJ", "TEXTUAL_DRIVER")
"""Variables of what draws the screen in the terminal's place: tmux, screen, zellij, `textual serve`. They
drop the pixels, or draw the placeholders as characters."""


def can_show_images(environ: Mapping[str, str], *, is_terminal: bool) -> bool:
    """Return whether the terminal of this environment shows images; it is not asked.

    `is_terminal` tells whether input and output are one.
    """
    return (
        is_terminal and environ.get("TERM") in _TERMINALS and not any(environ.get(name) for name in _BETWEEN)
    )
