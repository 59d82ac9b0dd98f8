"""Where a clip lies when sound does not say: timecode, then recording time. Never sure."""

from __future__ import annotations

from dataclasses import dataclass

from mcsyncd.sync.clock_evidence import compute_timecode_offset_us
from mcsyncd.sync.recording import Recording

_TIMECODE_CONFIDENCE = 0.5
_RECORDING_TIME_CONFIDENCE = 0.3


@dataclass(frozen=True, slots=True)
class FallbackOffset:
    """An offset to the anchor, how far it is believed, and why, in words."""

    offset_us: int
    confidence: float
    reason: str


def estimate_offset_from_clocks(anchor: Recording, clip: Recording) -> FallbackOffset | None:
    """Place `clip` against `anchor` by what their files say; None where they say nothing useful.

    Timecodes are times of day, so the nearer way round the clock is taken. A jammed timecode is
    right to a frame, a free-running one to anything; camera clocks count whole seconds and are set
    by hand. Neither can be told apart from here.
    """
    by_code = compute_timecode_offset_us(anchor, clip)
    if by_code is not None and _would_overlap(anchor, clip, by_code):
        return FallbackOffset(
            by_code, _TIMECODE_CONFIDENCE, f"{clip.angle} is placed by timecode alone, not by sound"
        )
    if anchor.recorded_at_us is not None and clip.recorded_at_us is not None:
        apart = clip.recorded_at_us - anchor.recorded_at_us
        if _would_overlap(anchor, clip, apart):
            return FallbackOffset(
                apart,
                _RECORDING_TIME_CONFIDENCE,
                f"{clip.angle} is placed by the cameras' clocks alone, to a second or so",
            )
    return None


def _would_overlap(anchor: Recording, clip: Recording, apart_us: int) -> bool:
    # Recordings that would not overlap at all were not made at one event, or their clocks are wrong.
    return -clip.duration_us < apart_us < anchor.duration_us
