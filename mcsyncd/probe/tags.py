"""A container's text tags: timecode and recording time. Pure; no tag is trusted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from mcsyncd.model.timecode import Timecode

_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Earlier recording times are ignored: a camera whose clock was never set writes 1904 or 1970. Judgement:
no file-based camera is older. Later, recordings of a camera with a wrong year lose their time."""

_RECORDED_AT_KEYS = ("com.apple.quicktime.creationdate", "creation_time", "date")
"""Tags with a recording time, best first: Apple's own is when the recording began, whereas
`creation_time` is when the file was saved."""


def find_timecode(tags: Iterable[Mapping[str, str]]) -> str | None:
    """Return the first valid timecode among the tags as `HH:MM:SS:FF` or `HH:MM:SS;FF`, or None."""
    for mapping in tags:
        try:
            return str(Timecode.parse(mapping["timecode"]))
        except (KeyError, ValueError):
            continue
    return None


def find_recorded_at(tags: Iterable[Mapping[str, str]]) -> str | None:
    """Return the recording time in UTC (ISO 8601 with microseconds), or None.

    A time without a zone is taken as UTC, as ISO/IEC 14496-12 specifies.
    """
    all_tags = list(tags)
    for key in _RECORDED_AT_KEYS:
        for mapping in all_tags:
            time = _parse_time(mapping.get(key, ""))
            if time is not None:
                return time.isoformat(timespec="microseconds")
    return None


def _parse_time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text.strip())
        time = time.replace(tzinfo=time.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return time if time >= _EARLIEST else None
