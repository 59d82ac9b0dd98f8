"""Reading a nudge as a person writes it: `+1f`, `-12ms` from where the camera is, or `=-134ms`. Pure."""

from __future__ import annotations

import re
from fractions import Fraction

from mcsyncd.errors import UsageError
from mcsyncd.model.rate import Rate

_NUDGE = re.compile(r"(?P<how>[=+-])(?P<value>[+-]?\d+(?:\.\d+)?)(?P<unit>f|ms|us|s)")
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
    unit = rate.tick_us if found["unit"] == "f" else Fraction(_UNIT_US[found["unit"]])
    move = Fraction(found["value"]) * unit
    if found["how"] == "=":
        target = move
    elif current_us is None:
        raise UsageError("the camera has no position yet to move it from", "set one first, for example =0ms")
    else:
        target = current_us + (move if found["how"] == "+" else -move)
    if abs(target) > _MAX_OFFSET_US:
        raise UsageError(f"{text} is more than a day away", "check the number and its unit")
    return round(target)
