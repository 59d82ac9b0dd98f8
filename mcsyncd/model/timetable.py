"""How fast uploads may be at which time of day. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

_ENTRY = re.compile(r"(?:(\d{2}):(\d{2})-(\d{2}):(\d{2})\s+)?(full|0|(\d+(?:\.\d+)?)\s*(kbit|Mbit|Gbit))")
_HOURS = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})")
_BYTES_PER_UNIT = {"kbit": 125.0, "Mbit": 125_000.0, "Gbit": 125_000_000.0}
"""Bytes a second in each unit, which are those of network providers (SI)."""
MINUTES_PER_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class HoursOfDay:
    """From a minute of the local day up to another, over midnight if that is earlier."""

    start: int
    end: int

    def covers(self, minute: int) -> bool:
        """Tell whether a minute of the day lies in these hours."""
        if self.start < self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end


@dataclass(frozen=True, slots=True)
class _Span(HoursOfDay):
    bytes_per_s: float


@dataclass(frozen=True, slots=True)
class Timetable:
    """Rates by local time of day. Where no span is, the line is free."""

    spans: tuple[_Span, ...] = ()

    def choose_rate(self, minute: int) -> float:
        """Return the bytes a second that are allowed at a minute of the day; 0 for none, infinity for all."""
        return next((span.bytes_per_s for span in self.spans if span.covers(minute)), math.inf)

    def find_opening(self, minute: int) -> int | None:
        """Return the minute of the day, from this one on, at which something may be sent; None if never."""
        ahead = ((minute + offset) % MINUTES_PER_DAY for offset in range(MINUTES_PER_DAY))
        return next((one for one in ahead if self.choose_rate(one)), None)


FREE_LINE = Timetable()
"""No limit at any time."""


def parse_timetable(entries: Iterable[str]) -> Timetable:
    """Return the timetable of entries such as `07:00-19:00 4Mbit`, `19:00-07:00 full` or `20Mbit`.

    `0` sends nothing. Raises ValueError for an entry that is none, and for two that overlap.
    """
    spans: list[_Span] = []
    for entry in entries:
        span = _parse_entry(entry)
        if any(span.covers(other.start) or other.covers(span.start) for other in spans):
            raise ValueError(f"{entry!r} overlaps another entry: name each time of day once")
        spans.append(span)
    return Timetable(tuple(spans))


def parse_hours(text: str) -> HoursOfDay:
    """Return the hours in a text such as `22:00-07:00`. Raises ValueError if it is none."""
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r}: write two times of day: 22:00-07:00")
    hours = HoursOfDay(_parse_time(found[1], found[2]), _parse_time(found[3], found[4]))
    if hours.start == hours.end:
        raise ValueError(f"{text!r}: the two times are the same")
    return hours


def _parse_entry(entry: str) -> _Span:
    found = _ENTRY.fullmatch(entry.strip())
    if found is None:
        raise ValueError(f"{entry!r}: write a rate, or times and a rate: 20Mbit, 07:00-19:00 4Mbit, full, 0")
    from_hour, from_minute, to_hour, to_minute, rate, number, unit = found.groups()
    bytes_per_s = {"full": math.inf, "0": 0.0}.get(rate)
    if bytes_per_s is None:
        bytes_per_s = float(number) * _BYTES_PER_UNIT[unit]
    if from_hour is None:
        return _Span(0, MINUTES_PER_DAY, bytes_per_s)
    return _Span(_parse_time(from_hour, from_minute), _parse_time(to_hour, to_minute), bytes_per_s)


def _parse_time(hour: str, minute: str) -> int:
    if int(hour) > 23 or int(minute) > 59:
        raise ValueError(f"{hour}:{minute} is no time of day: 00:00 to 23:59")
    return int(hour) * 60 + int(minute)
