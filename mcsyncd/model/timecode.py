"""Timecode: the label that a camera or a recorder gives to every frame.

Drop frame (SMPTE ST 12-1) skips *labels*, never frames: at 30000/1001 the labels 00 and 01
are left out at the start of every minute except each tenth, so that the label keeps up with the
clock. It is defined for 29.97 and its multiples only, and written with a semicolon.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from mcsyncd.model.rate import Rate

_TIMECODE = re.compile(r"(\d{2}):(\d{2}):(\d{2})([:;.,])(\d{2,3})")
"""`HH:MM:SS:FF`; three digits of frames occur above 99 frames per second."""
_DROP_FRAME_SEPARATORS = ";.,"
"""What cameras and tools write before the frames of a drop-frame label; ST 12-1 prescribes none."""


@dataclass(frozen=True, slots=True)
class Timecode:
    """A label `HH:MM:SS:FF`; with `drop_frame` it is written `HH:MM:SS;FF`."""

    hours: int
    minutes: int
    seconds: int
    frames: int
    drop_frame: bool = False

    def __post_init__(self) -> None:
        if not (0 <= self.hours < 24 and 0 <= self.minutes < 60 and 0 <= self.seconds < 60):
            raise ValueError(f"not a time of day: {self}")
        if self.frames < 0:
            raise ValueError(f"a frame number is not negative: {self}")

    @classmethod
    def parse(cls, text: str) -> Timecode:
        """Read `HH:MM:SS:FF`, or `HH:MM:SS;FF` (also `.FF`, `,FF`) for drop frame. Raises ValueError."""
        found = _TIMECODE.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"not a timecode: {text!r}")
        hours, minutes, seconds, frames = (int(found[part]) for part in (1, 2, 3, 5))
        return cls(hours, minutes, seconds, frames, found[4] in _DROP_FRAME_SEPARATORS)

    @classmethod
    def from_frame_number(cls, number: int, rate: Rate, *, drop_frame: bool = False) -> Timecode:
        """Return the label of frame `number`, counted from midnight; it wraps after 24 hours.

        Raises ValueError where drop frame is not defined for the rate.
        """
        nominal, dropped = _count_labels(rate, drop_frame=drop_frame)
        per_minute = nominal * 60 - dropped
        per_ten_minutes = per_minute * 10 + dropped
        tens, rest = divmod(number % (per_ten_minutes * 6 * 24), per_ten_minutes)
        # In each ten minutes the first minute has all its labels, the nine others lack `dropped`.
        skipped = dropped * (9 * tens + max(0, (rest - dropped) // per_minute))
        seconds, frames = divmod(number % (per_ten_minutes * 6 * 24) + skipped, nominal)
        return cls(seconds // 3600, seconds // 60 % 60, seconds % 60, frames, drop_frame)

    def to_frame_number(self, rate: Rate) -> int:
        """Return the number of the frame with this label, counted from midnight.

        Raises ValueError for a label that does not exist at that rate.
        """
        nominal, dropped = _count_labels(rate, drop_frame=self.drop_frame)
        if self.frames >= nominal:
            raise ValueError(f"{self} does not exist at {rate} frames per second")
        minutes = self.hours * 60 + self.minutes
        if self.seconds == 0 and self.frames < dropped and self.minutes % 10:
            raise ValueError(f"{self} is one of the labels that drop frame leaves out")
        labels = (minutes * 60 + self.seconds) * nominal + self.frames
        return labels - dropped * (minutes - minutes // 10)

    def to_seconds(self, rate: Rate) -> Fraction:
        """Return the real time since the label 00:00:00:00, in seconds, exactly."""
        return self.to_frame_number(rate) / rate.fraction

    def __str__(self) -> str:
        mark = ";" if self.drop_frame else ":"
        return f"{self.hours:02}:{self.minutes:02}:{self.seconds:02}{mark}{self.frames:02}"


def _count_labels(rate: Rate, *, drop_frame: bool) -> tuple[int, int]:
    """Return the labels in a second, and how many are left out at the start of a minute."""
    nominal = -(-rate.num // rate.den)
    if not drop_frame:
        return nominal, 0
    if rate.den != 1001 or nominal % 30:
        raise ValueError(f"drop frame is not defined at {rate} frames per second")
    return nominal, nominal // 15
