"""What is known of a session's originals, in words that claim what was looked at and no more. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from mcsyncd.api import OriginalsBody, SessionBody
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import format_time
from mcsyncd.present.session import format_clip

_MAX_NAMED = 2
"""Originals that are named with what to do about them. Judgement: more hide the rest of a small screen."""


def needs_look_at_originals(session: SessionBody) -> bool:
    """Tell whether whoever looks at a session must know of its originals: it halted, or is to be approved."""
    return session.error is not None or session.state == "in_review"


def withhold_looks_good(session: SessionBody, originals: OriginalsBody | None) -> SessionBody:
    """Return a session as it may be shown: it looks good only while its originals are as they were recorded.

    What is approved without them could not be published.
    """
    if session.call_to_action != "looks_good" or originals is None or not originals.faults:
        return session
    return session.model_copy(update={"call_to_action": "review_sync"})


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
    return format_original_faults(originals, labels)


def format_original_faults(originals: OriginalsBody | None, labels: Mapping[str, str]) -> tuple[str, ...]:
    """Return what is wrong with the originals, a sentence each; nothing where nothing was found."""
    faults = originals.faults if originals is not None else []
    named = [
        f"{format_clip(fault.file, labels)} {escape_text(fault.message)}: {escape_text(fault.hint, 400)}."
        for fault in faults[:_MAX_NAMED]
    ]
    more = len(faults) - len(named)
    verb = "is" if more == 1 else "are"
    return (*named, f"{more} more {verb} missing or changed.") if more else tuple(named)
