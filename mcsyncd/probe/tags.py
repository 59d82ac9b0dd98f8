"""A container's text tags: timecode and recording time. Pure; no tag is trusted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from mcsyncd.model.timecode import Timecode

_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Earlier recording times are ignored: a camera whose clock was never set writes 1904 or 1970. Judgement:
no file-based camera is older. Later, recordings of a camera with a wrong year lose their time."""

_RECORDED_AT_KEYS = ("com.apple.quicktime.creationdate", "creation_time", "date")
"""Tags with a recording time, best first: Apple's own is when the recording began, whereas
`creation_time` is when the file was saved."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{2}:\d{2}:\d{2}")


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
            time = _read_time(mapping, key)
            if time is not None:
                return time.isoformat(timespec="microseconds")
    return None


def find_time_reference_us(tags: Iterable[Mapping[str, str]], sample_rate: int) -> int | None:
    """Return the time of day of the first sample, in microseconds since midnight, or None.

    Recorders write it as a number of samples (`TimeReference` of a broadcast wave file, EBU Tech 3285).
    0 is what those write that have no clock; more than a day is none.
    """
    for mapping in tags:
        text = mapping.get("time_reference", "")
        if text.isascii() and text.isdigit() and 0 < int(text) < 24 * 3600 * sample_rate:
            return round(int(text) * 1_000_000 / sample_rate)
    return None


def _read_time(tags: Mapping[str, str], key: str) -> datetime | None:
    """Return a tag's time. A date without a time says nothing; a recorder's time is in a tag of its own."""
    text = tags.get(key, "").strip()
    if _DATE.fullmatch(text):
        # FFmpeg names the origination date and time of a broadcast wave file `date` and `creation_time`.
        time = tags.get("creation_time", "").strip()
        text = f"{text}T{time}" if _TIME.fullmatch(time) else ""
    return _parse_time(text)


def _parse_time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text.strip())
        time = time.replace(tzinfo=time.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return time if time >= _EARLIEST else None
