"""Place a clip by clocks when audio cannot: by timecode, otherwise by recording time. Never certain."""

from __future__ import annotations

from dataclasses import dataclass

from mcsyncd.model.reason import Reason, ReasonCode, build_reason
from mcsyncd.sync.clock_evidence import compute_timecode_offset_us, weigh_recording_time
from mcsyncd.sync.recording import Recording

_TIMECODE_CONFIDENCE = 0.5
"""Chance. A rule (ADR 11): a jammed timecode is right to a frame, a free-running one is arbitrary, and
nothing here tells them apart. It must stay below `review_below`."""
_RECORDING_TIME_CONFIDENCE = 0.3
"""Chance. A rule, as above: such clocks count whole seconds and are set by hand."""


@dataclass(frozen=True, slots=True)
class FallbackOffset:
    """An offset to the anchor in microseconds, its confidence, 0..1, and the reason to report."""

    offset_us: int
    confidence: float
    reason: Reason


def estimate_offset_from_clocks(anchor: Recording, clip: Recording) -> FallbackOffset | None:
    """Return the offset of `clip` to `anchor` by their clocks, or None without a usable clock.

    Timecodes are times of day, so the shorter way around midnight is taken. A clock is not usable
    if, by it, the two recordings would not overlap.
    """
    by_code = compute_timecode_offset_us(anchor, clip)
    if by_code is not None and _would_overlap(anchor, clip, by_code):
        reason = build_reason(ReasonCode.PLACED_BY_TIMECODE, clip.angle)
        by_clock = weigh_recording_time(anchor, clip, by_code)
        is_doubted = by_clock is not None and by_clock.contradicts
        confidence = _RECORDING_TIME_CONFIDENCE if is_doubted else _TIMECODE_CONFIDENCE
        return FallbackOffset(by_code, confidence, reason)
    if anchor.recorded_at_us is not None and clip.recorded_at_us is not None:
        apart = clip.recorded_at_us - anchor.recorded_at_us
        if _would_overlap(anchor, clip, apart):
            reason = build_reason(ReasonCode.PLACED_BY_RECORDING_TIME, clip.angle)
            return FallbackOffset(apart, _RECORDING_TIME_CONFIDENCE, reason)
    return None


def _would_overlap(anchor: Recording, clip: Recording, apart_us: int) -> bool:
    # Recordings that do not overlap are not of one event, or their clocks are wrong.
    return -clip.duration_us < apart_us < anchor.duration_us
