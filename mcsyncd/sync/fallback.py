"""Where a clip lies when sound does not say: timecode, then recording time. Never sure."""

from __future__ import annotations

from dataclasses import dataclass

from mcsyncd.sync.clocks import timecode_apart_us
from mcsyncd.sync.recording import Recording

_BY_TIMECODE = 0.5
_BY_CLOCK = 0.3


@dataclass(frozen=True, slots=True)
class Guess:
    """An offset to the anchor, how far it is believed, and why, in words."""

    offset_us: int
    confidence: float
    reason: str


def guess(anchor: Recording, clip: Recording) -> Guess | None:
    """Place `clip` against `anchor` by what their files say; None where they say nothing useful.

    Timecodes are times of day, so the nearer way round the clock is taken. A jammed timecode is
    right to a frame, a free-running one to anything; camera clocks count whole seconds and are set
    by hand. Neither can be told apart from here.
    """
    by_code = timecode_apart_us(anchor, clip)
    if by_code is not None and _meet(anchor, clip, by_code):
        return Guess(by_code, _BY_TIMECODE, f"{clip.angle} is placed by timecode alone, not by sound")
    if anchor.recorded_at_us is not None and clip.recorded_at_us is not None:
        apart = clip.recorded_at_us - anchor.recorded_at_us
        if _meet(anchor, clip, apart):
            return Guess(
                apart, _BY_CLOCK, f"{clip.angle} is placed by the cameras' clocks alone, to a second or so"
            )
    return None


def _meet(anchor: Recording, clip: Recording, apart_us: int) -> bool:
    # Recordings that would not overlap at all were not made at one event, or their clocks are wrong.
    return -clip.duration_us < apart_us < anchor.duration_us
