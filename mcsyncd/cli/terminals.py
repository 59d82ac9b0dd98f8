"""Whether there is a person at the other end."""

from __future__ import annotations

from typing import TextIO


def are_terminals(*streams: TextIO | None) -> bool:
    """Tell whether all of these are terminals; one that was closed before the start is None."""
    return all(one is not None and not one.closed and one.isatty() for one in streams)
