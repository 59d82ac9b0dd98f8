"""What a container says in words: timecode and recording time. Pure; nothing in it is trusted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from mcsyncd.model.timecode import Timecode

_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""A camera whose clock was never set says 1904 or 1970; that is no recording time."""

_RECORDED_AT_KEYS = ("com.apple.quicktime.creationdate", "creation_time", "date")
"""Apple's own first: it is when the recording began, where `creation_time` is when it was saved."""


def find_timecode(tags: Iterable[Mapping[str, str]]) -> str | None:
    """Return the first valid timecode, written `HH:MM:SS:FF` or `HH:MM:SS;FF`."""
    for mapping in tags:
        try:
            return str(Timecode.parse(mapping["timecode"]))
        except (KeyError, ValueError):
            continue
    return None


def find_recorded_at(tags: Iterable[Mapping[str, str]]) -> str | None:
    """Return when it was recorded, in UTC (ISO 8601 with microseconds), or None.

    A time without a zone is taken for UTC, as ISO/IEC 14496-12 has it.
    """
    known = list(tags)
    for key in _RECORDED_AT_KEYS:
        for mapping in known:
            moment = _parse_time(mapping.get(key, ""))
            if moment is not None:
                return moment.isoformat(timespec="microseconds")
    return None


def _parse_time(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip())
        moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment >= _EARLIEST else None
