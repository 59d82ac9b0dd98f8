"""Numbers and times as people read them.

Digits that nobody can act on are left out; `--json` has them all. Text is in the reader's order:
sign, number, unit.
"""

from __future__ import annotations

from datetime import datetime

from mcsyncd.model.alignment import floor_percent
from mcsyncd.model.rate import FALLBACK_RATE, Rate
from mcsyncd.model.text import escape_text

MINUS = "−"  # noqa: RUF001  # as wide as the plus, so offsets line up
NO_VALUE = "–"  # noqa: RUF001  # an en dash where a number would be
NOT_PLACED = "not placed"

_SECONDS_FROM_MS = 10_000
"""Offsets from 10 s on are shown in seconds. Judgement: `+83.412 s` reads faster than `+83412 ms`."""

_TENTHS_BELOW_MS = 10
"""Differences below 10 ms keep a tenth, or the finest nudge (half a millisecond) would show as zero."""


def format_percent(fraction: float | None) -> str:
    """Return a confidence or progress (0..1) as a floored percentage: 0.8499 is `84%`.

    Rounding up would show 85% below a threshold of 85%.
    """
    return NO_VALUE if fraction is None else f"{floor_percent(fraction)}%"


def format_offset(ms: float | None) -> str:
    """Return an offset with its sign as `+87 ms`, from ten seconds on as `+83.412 s`."""
    if ms is None:
        return NOT_PLACED
    if round(abs(ms)) >= _SECONDS_FROM_MS:
        return f"{_sign(ms)}{abs(ms) / 1000:.3f} s"
    return f"{_sign(round(ms))}{abs(round(ms))} ms"


def format_offset_change(ms: float) -> str:
    """Return how far an offset was moved: like an offset, but with a tenth where that matters."""
    tenths = round(ms, 1)
    if abs(tenths) < _TENTHS_BELOW_MS and tenths != round(tenths):
        return f"{_sign(tenths)}{abs(tenths):.1f} ms"
    return format_offset(ms)


def format_frames(offset_us: float, frames_per_s: float) -> str:
    """Return an offset in frames, with its sign: `+4.02`."""
    frames = round(offset_us * frames_per_s / 1e6, 2)
    return f"{_sign(frames)}{abs(frames):.2f}"


def format_drift(ppm: float) -> str:
    """Return a clock drift as `+11.8 ppm`."""
    tenths = round(ppm, 1)
    return f"{_sign(tenths)}{abs(tenths):.1f} ppm"


def format_duration(seconds: float | None) -> str:
    """Return a length of time as media players do: `0:42`, `3:10`, `1:02:03`."""
    if seconds is None:
        return NO_VALUE
    minutes, second = divmod(max(0, round(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def format_utc(at: str) -> str:
    """Return a moment of the ledger (UTC, ISO 8601) to the second, as `2026-11-27 11:00:00 UTC`."""
    return f"{at.partition('.')[0].rstrip('Z').replace('T', ' ')} UTC"


def format_size(count: float) -> str:
    """Return a number of bytes in powers of ten, as card makers count, to about three digits."""
    for unit in ("B", "kB", "MB", "GB"):
        if round(count) < 1000:
            return f"{_three_digits(count) if unit != 'B' else round(count)} {unit}"
        count /= 1000
    return f"{_three_digits(count)} TB"


def format_free_space(free_bytes: int | None) -> str:
    """Return `1.8 TB free`; None is a disk that has not answered yet."""
    return "free space unknown" if free_bytes is None else f"{format_size(free_bytes)} free"


def parse_rate(text: str | None) -> Rate | None:
    """Return a session's frame rate; None where it is unknown, or no rate at all."""
    try:
        return Rate.parse(text or "")
    except (ValueError, ZeroDivisionError):
        return None


def read_rate(text: str | None) -> Rate:
    """Return the rate in which frames are counted: the session's, or that of the grid where it has none."""
    return parse_rate(text) or FALLBACK_RATE


def format_frame_rate(text: str | None) -> str:
    """Return a frame rate as people call it: `29.97 fps` for `30000/1001`; empty if unknown."""
    rate = parse_rate(text)
    return "" if rate is None else f"{round(float(rate.fraction), 3):g} fps"


def format_time(at: str | None, now: datetime) -> str:
    """Return a recorded time (ISO 8601) on the reader's clock, no longer than needed.

    `14:02` today, `21 Nov 14:02` this year, `21 Nov 2025 14:02` before. `now` gives the reader's
    time zone. Text that is not a time is returned as it came, made safe to print.
    """
    moment = _parse_time(at, now)
    if moment is None:
        return escape_text(at or "", 32)
    if moment.date() == now.date():
        return moment.strftime("%H:%M")
    return moment.strftime("%d %b %H:%M" if moment.year == now.year else "%d %b %Y %H:%M")


def format_age(at: str | None, now: datetime) -> str:
    """Return the age of a recorded time in one unit: `4 min old`, `3 h old`, `12 days old`; or nothing."""
    moment = _parse_time(at, now)
    if moment is None:
        return ""
    minutes = max(0, int((now - moment).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min old"
    hours = minutes // 60
    return f"{hours} h old" if hours < 48 else f"{hours // 24} days old"


def format_alert_times(since: str | None, retry_at: str | None, now: datetime) -> str:
    """Return since when something is wrong and when it is tried again: `since 14:02, next try 14:07`."""
    said = (
        f"since {format_time(since, now)}" if since else "",
        f"next try {format_time(retry_at, now)}" if retry_at else "",
    )
    return ", ".join(part for part in said if part)


def format_timestamp(at: str | None, now: datetime) -> str:
    """Return a recorded time in full on the reader's clock: `2026-11-23 14:02:11`, for logs."""
    moment = _parse_time(at, now)
    return escape_text(at or "", 32) if moment is None else moment.strftime("%Y-%m-%d %H:%M:%S")


def _parse_time(at: str | None, now: datetime) -> datetime | None:
    try:
        return datetime.fromisoformat(at or "").astimezone(now.tzinfo)
    except (ValueError, OverflowError):
        return None


def _sign(value: float) -> str:
    return MINUS if value < 0 else "+"


def _three_digits(value: float) -> str:
    return f"{value:.0f}" if round(value, 1) >= 100 else f"{value:.1f}"
