"""What is known of a session's originals, in words that claim what was looked at and no more. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from mcsyncd.api import OriginalsBody
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import format_time
from mcsyncd.present.session import format_clip

_MAX_NAMED = 2
"""Originals that are named with what to do about them. Judgement: more hide the rest of a small screen."""


def format_originals(
    originals: OriginalsBody | None, labels: Mapping[str, str], now: datetime
) -> tuple[str, ...]:
    """Return what a look at the originals found, a sentence each; nothing where nobody looked.

    `labels` are what people call the cameras, by key.
    """
    if originals is None or originals.count == 0:
        return ()
    at = format_time(originals.checked_at, now)
    if not originals.faults:
        if originals.count == 1:
            return (f"At {at} the original was there, size and date as recorded.",)
        return (f"At {at} all {originals.count} originals were there, sizes and dates as recorded.",)
    named = [
        f"{format_clip(fault.file, labels)} {escape_text(fault.message)}: {escape_text(fault.hint, 400)}."
        for fault in originals.faults[:_MAX_NAMED]
    ]
    more = len(originals.faults) - len(named)
    return (*named, f"{more} more are missing or changed.") if more else tuple(named)
