"""OpenTimelineIO, which is an extra: loaded when a timeline of its form is written or read."""

from __future__ import annotations

from typing import Any

from mcsyncd.errors import UsageError


def load_otio() -> Any:
    """Return the library. Raises UsageError if it is not installed."""
    try:
        import opentimelineio  # noqa: PLC0415  # an extra
    except ImportError:
        raise UsageError(
            "OpenTimelineIO is not installed", "install mcsyncd with its extra: `pip install 'mcsyncd[otio]'`"
        ) from None
    return opentimelineio
