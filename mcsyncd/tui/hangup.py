"""Noticing that the terminal is gone.

The kernel sends SIGHUP only to the session that the terminal controls. An app that was started in another
way lives on, reads the end of its input again and again, and takes half a core for it.
"""

from __future__ import annotations

import sys
import termios
from collections.abc import Callable

CHECK_INTERVAL_S = 2.0
"""Seconds between two looks. Judgement: a core is lost for no longer than that, and a look costs nothing."""


def watch_terminal() -> Callable[[], bool]:
    """Return a function that tells whether the terminal of stdin is gone; never, if there is none."""
    stdin = sys.__stdin__
    if stdin is None or stdin.closed or not stdin.isatty():
        return lambda: False
    descriptor = stdin.fileno()

    def is_gone() -> bool:
        try:
            termios.tcgetattr(descriptor)
        except termios.error:
            return True
        return False

    return is_gone
