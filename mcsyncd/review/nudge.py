"""Reading an offset as a person writes it. Pure.

A nudge goes from where the camera is (`+1f`, `-12ms`) or to an offset (`=-134ms`); where only an offset
is asked for, the sign in front and the unit may be missing.
"""

from __future__ import annotations

import re
from fractions import Fraction

from mcsyncd.errors import UsageError
from mcsyncd.model.rate import Rate
from mcsyncd.model.timecode import Timecode

_NUDGE = re.compile(r"(?P<how>[=+-])(?P<value>[+-]?\d+(?:\.\d+)?)(?P<unit>f|ms|us|s)")
_OFFSET = re.compile(r"=?(?P<value>[+-]?\d+(?:\.\d+)?)(?P<unit>f|ms|us|s)?")
_TIMECODE = re.compile(r"=?(?P<sign>[+-]?)(?P<label>\d\d:\d\d:\d\d[:;.,]\d\d)")
_UNIT_US = {"us": 1, "ms": 1_000, "s": 1_000_000}
"""Microseconds in each unit of time that a nudge may name; a frame depends on the session's rate."""
_MAX_OFFSET_US = 24 * 3600 * 1_000_000
"""A day in microseconds. Judgement: no shoot is longer, so a larger offset is a slip of the keyboard."""


def parse_nudge(text: str, current_us: int | None, rate: Rate) -> int:
    """Return the offset in microseconds that a nudge asks for, for a camera now at `current_us`.

    `current_us` is None for a camera that has no position yet. Raises UsageError.
    """
    found = _NUDGE.fullmatch(text.strip())
    if found is None or (found["how"] != "=" and found["value"][0] in "+-"):
        raise UsageError(f"cannot read the nudge {text!r}", "write +1f, -12ms or =-134ms")
    move = Fraction(found["value"]) * _get_unit_us(found["unit"], rate)
    if found["how"] == "=":
        target = move
    elif current_us is None:
        raise UsageError("the camera has no position yet to move it from", "set one first, for example =0ms")
    else:
        target = current_us + (move if found["how"] == "+" else -move)
    return _require_near(target, text)


def parse_offset(text: str, rate: Rate) -> int:
    """Return the offset in microseconds that a text names: `-134`, `-134 ms`, `4f`, `1.5s`, `00:00:12:05`.

    A number alone is in milliseconds, and a timecode is counted from the start of the session, at `rate`.
    Raises UsageError.
    """
    compact = "".join(text.split()).replace("\N{MINUS SIGN}", "-")
    if found := _TIMECODE.fullmatch(compact):
        try:
            since_start_s = Timecode.parse(found["label"]).to_seconds(rate)
        except ValueError as error:
            raise UsageError(
                f"cannot read the timecode {text!r}: {error}", "write it as 00:00:12:05"
            ) from error
        return _require_near(since_start_s * (-1_000_000 if found["sign"] == "-" else 1_000_000), text)
    found = _OFFSET.fullmatch(compact)
    if found is None:
        raise UsageError(f"cannot read the offset {text!r}", "write -134 ms, 4f, 1.5 s or 00:00:12:05")
    return _require_near(Fraction(found["value"]) * _get_unit_us(found["unit"] or "ms", rate), text)


def format_nudge_target(offset_us: int) -> str:
    """Return an offset as a nudge request has it: `=-134ms`, `=33.367ms`."""
    return f"={offset_us / _UNIT_US['ms']:.3f}".rstrip("0").rstrip(".") + "ms"


def _get_unit_us(unit: str, rate: Rate) -> Fraction:
    return rate.tick_us if unit == "f" else Fraction(_UNIT_US[unit])


def _require_near(target: Fraction, text: str) -> int:
    if not -_MAX_OFFSET_US <= target <= _MAX_OFFSET_US:
        raise UsageError(f"{text} is more than a day away", "check the number and its unit")
    return round(target)
