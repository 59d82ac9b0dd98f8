"""Weigh an offset found by audio against the cameras' clocks, which can lower its confidence only.

Audio has one blind spot: the same recorded music played at two events matches like one event. Clocks
see that, where they are right. A clock that contradicts is weighed by Bayes' rule: how likely is such
a miss if the audio is right (then the clock is wrong), and how likely if it is wrong (then the clock
may well be right)? A clock that agrees is reported and raises nothing: it cannot tell an offset from
one a frame away, and two clips of one song can start at the same time of day. Timecode that agrees to
a frame or two answers one doubt, though: that the clips are of two events.

How such clocks err:

* Timecode, jammed: by frames, by a second at most after a long day. A drop-frame clock against
  another kind: by 0.1 % of the time of day. In rec-run or free-run mode it is arbitrary, and a whole
  hour is where a camera starts counting if nobody set it.
* Recording time: set by hand, so by minutes. Written at the start of a recording, at its end, or at
  the start of its first file. UTC or local time, so by whole hours. Sometimes the time of a copy, or
  of a clock that was never set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcsyncd.model.alignment import Witness
from mcsyncd.model.reason import Reason, ReasonCode, build_reason
from mcsyncd.sync.recording import Clock, Recording

# Microseconds.
DAY_US = 86_400_000_000
_HOUR_US = 3_600_000_000
_SECOND_US = 1_000_000
_WHOLE_HOUR_US = 50_000
"""Microseconds from a whole hour at which a clock still counts as never set: linear timecode is read between
frames. Judgement: a frame; wider calls a clock unset once in ten thousand clips."""
_TIMECODE_TOLERANCE_US = 2 * _SECOND_US
"""Microseconds within which timecode agrees. Judgement: twice what jammed clocks drift in a day. Wider lets
the next take agree, narrower calls drifting clocks wrong."""
_LTC_TOLERANCE_US = 200_000
"""The same where both are linear timecode. Judgement: sync boxes drift by a frame or two in a day, and sound
takes 0.1 s for 34 m. Narrower calls a box wrong that was jammed the day before."""
_CLOSE_TIMECODE_US = 100_000
"""Microseconds within which timecode tells one event from another. Judgement: two frames and a half, as
jammed cameras keep them. At two events, timecodes agree so closely once in 400 000. Wider lets counters
agree that were started by hand."""
_DROP_FRAME_ERROR = 0.001
"""Share of the time of day by which drop-frame and non-drop timecode differ (SMPTE 12M: 108 frames an
hour)."""
_RECORDING_TIME_TOLERANCE_US = 120 * _SECOND_US
"""Microseconds within which recording times agree. Judgement: clocks set by hand."""
_MAX_CLOCK_ERROR_US = 30 * 60 * _SECOND_US
"""Microseconds up to which a recording time does not contradict. Judgement: a badly set clock. Lower punishes
those, higher misses a second set on the same evening."""
_MAX_ZONE_HOURS = 26
"""Hours between the outermost time zones (UTC-12 to UTC+14): a whole-hour miss up to this is a zone."""
_UNSET_CLOCK_US = 60 * DAY_US
"""Microseconds from which a miss is ignored. Judgement: cards of events so far apart do not arrive together,
but a clock that lost its battery is common."""
_MIN_WRONG_CHANCE = 0.03
"""Chance that even the best match is a recording played at two events. Judgement: the prior of Bayes' rule;
at 0 no clock could lower a confidence of 1."""
_TIMECODE_ODDS = 0.5
"""Likelihood ratio of a contradicting timecode: right audio to wrong audio. Judgement: free-run is common.
With this one 0.999 becomes 0.94, still accepted."""
_PROVEN_TIMECODE_ODDS = 0.1
"""The same where other timecodes of the session agree, or where both are linear timecode: who sends it to two
cameras has jammed it. Judgement: 0.999 becomes 0.76, which asks for review."""
_RECORDING_TIME_ODDS = 0.1
"""The same for recording times. Judgement, as above."""


@dataclass(frozen=True, slots=True)
class ClockEvidence:
    """What clocks say about an offset, and the reason to report.

    `odds` is the likelihood of that if the audio is right over its likelihood if the audio is wrong;
    1 where the clocks agree.
    """

    odds: float
    reason: Reason

    @property
    def contradicts(self) -> bool:
        """Whether the clocks contradict the audio."""
        return self.odds < 1.0


def weigh_clocks(anchor: Recording, clip: Recording, offset_us: int, *, proven: bool) -> ClockEvidence | None:
    """Weigh `t_anchor = offset + t_clip` against the clocks of both; None where they say nothing.

    `proven` means that other timecodes of this session agree with audio: then somebody jammed them,
    and one that disagrees counts more. The two clocks of a camera are one witness, since timecode is
    often set from the camera's time; only the one that contradicts more counts.
    """
    by_code = _weigh_timecode(anchor, clip, offset_us, proven=proven)
    by_clock = weigh_recording_time(anchor, clip, offset_us)
    if by_code is not None and not by_code.contradicts:
        return by_code
    if by_clock is not None and not by_clock.contradicts and not _is_finer(by_code, anchor, clip, offset_us):
        return by_clock
    known = [one for one in (by_code, by_clock) if one is not None]
    return min(known, key=lambda one: one.odds, default=None)


def _is_finer(by_code: ClockEvidence | None, anchor: Recording, clip: Recording, offset_us: int) -> bool:
    """Whether timecode contradicts an offset by less than recording times can tell."""
    miss_us = _compute_timecode_miss_us(anchor, clip, offset_us)
    return by_code is not None and miss_us <= 2 * _RECORDING_TIME_TOLERANCE_US


def apply_clock_evidence(confidence: float, evidence: ClockEvidence) -> float:
    """Return the confidence updated by Bayes' rule, never above what it was."""
    wrong = max(1.0 - confidence, _MIN_WRONG_CHANCE)
    right = (1.0 - wrong) * evidence.odds
    return min(confidence, right / (right + wrong)) if evidence.contradicts else confidence


def has_jammed_timecodes(
    recordings: Sequence[Recording], offsets_us: Sequence[int | None], excluded: int
) -> bool:
    """Whether timecodes of two angles agree with their offsets by audio, not counting `excluded`."""
    known = [
        (one, offset)
        for at, (one, offset) in enumerate(zip(recordings, offsets_us, strict=True))
        if at != excluded and offset is not None and is_set(one.clock)
    ]
    return any(
        one.angle != other.angle
        and _compute_timecode_miss_us(one, other, theirs - ours) <= _TIMECODE_TOLERANCE_US
        for one, ours in known
        for other, theirs in known
    )


def compute_timecode_offset_us(anchor: Recording, clip: Recording) -> int | None:
    """Return how much later `clip` starts by timecode, the shorter way around midnight; None without one."""
    if anchor.clock is None or clip.clock is None:
        return None
    return wrap_at_midnight(clip.clock.time_us - anchor.clock.time_us)


def is_one_event(anchor: Recording, clip: Recording, offset_us: int) -> bool:
    """Whether jammed timecode shows that two clips are of one event, by their offset.

    Not where both start with the same label, or nearly: counters that nobody set do.
    """
    apart_us = compute_timecode_offset_us(anchor, clip)
    return (
        apart_us is not None
        and is_set(anchor.clock)
        and is_set(clip.clock)
        and not is_alike(apart_us)
        and _compute_timecode_miss_us(anchor, clip, offset_us) <= _CLOSE_TIMECODE_US
    )


def is_set(clock: Clock | None) -> bool:
    """Whether somebody set a clock: one that nobody set starts at a whole hour."""
    if clock is None:
        return False
    return abs(clock.time_us - round(clock.time_us / _HOUR_US) * _HOUR_US) > _WHOLE_HOUR_US


def is_alike(apart_us: int) -> bool:
    """Whether two clocks start so near each other that agreement means nothing: all counters do."""
    return abs(apart_us) <= _TIMECODE_TOLERANCE_US


def contradict_by_timecode(anchor: Clock, clip: Clock, miss_us: int) -> bool:
    """Whether two times of day miss an offset by more than clocks err that are set."""
    lag_us = 0.0 if anchor.lags == clip.lags else _DROP_FRAME_ERROR * max(anchor.time_us, clip.time_us)
    return is_set(anchor) and is_set(clip) and miss_us > _get_tolerance_us(anchor, clip) + lag_us


def _get_tolerance_us(anchor: Clock, clip: Clock) -> int:
    return _LTC_TOLERANCE_US if _are_sent(anchor, clip) else _TIMECODE_TOLERANCE_US


def _are_sent(anchor: Clock, clip: Clock) -> bool:
    return anchor.witness is clip.witness is Witness.LINEAR_TIMECODE


def _weigh_timecode(
    anchor: Recording, clip: Recording, offset_us: int, *, proven: bool
) -> ClockEvidence | None:
    if anchor.clock is None or clip.clock is None or not (is_set(anchor.clock) and is_set(clip.clock)):
        return None
    miss_us = _compute_timecode_miss_us(anchor, clip, offset_us)
    if miss_us <= _get_tolerance_us(anchor.clock, clip.clock):
        reason = build_reason(ReasonCode.TIMECODE_AGREES, clip.angle, miss_s=miss_us / 1e6)
        return ClockEvidence(1.0, reason)
    if not contradict_by_timecode(anchor.clock, clip.clock, miss_us):
        return None
    odds = _PROVEN_TIMECODE_ODDS if proven or _are_sent(anchor.clock, clip.clock) else _TIMECODE_ODDS
    reason = build_reason(
        ReasonCode.TIMECODE_CONTRADICTS, clip.angle, miss_s=miss_us / 1e6, others_agree=float(proven)
    )
    return ClockEvidence(odds, reason)


def weigh_recording_time(anchor: Recording, clip: Recording, offset_us: int) -> ClockEvidence | None:
    """Weigh an offset against the recording times of both; None where they say nothing."""
    if anchor.recorded_at_us is None or clip.recorded_at_us is None:
        return None
    miss_us = clip.recorded_at_us - anchor.recorded_at_us - offset_us
    # Either camera may have written the end of its recording.
    ends = (0, -clip.duration_us, anchor.duration_us, anchor.duration_us - clip.duration_us)
    misses = [miss_us + end for end in ends]
    if any(abs(one) <= _RECORDING_TIME_TOLERANCE_US for one in misses):
        return ClockEvidence(1.0, build_reason(ReasonCode.RECORDING_TIME_AGREES, clip.angle))
    nearest_us = min(abs(one) for one in misses)
    if (
        nearest_us <= _MAX_CLOCK_ERROR_US
        or nearest_us > _UNSET_CLOCK_US
        or any(_is_zone_difference(one) for one in misses)
    ):
        return None
    miss_s = abs(miss_us) / 1e6
    reason = build_reason(ReasonCode.RECORDING_TIME_CONTRADICTS, clip.angle, miss_s=miss_s)
    return ClockEvidence(_RECORDING_TIME_ODDS, reason)


def _compute_timecode_miss_us(anchor: Recording, clip: Recording, offset_us: int) -> int:
    apart_us = compute_timecode_offset_us(anchor, clip)
    return DAY_US if apart_us is None else abs(wrap_at_midnight(apart_us - offset_us))


def wrap_at_midnight(time_us: int) -> int:
    """Return a difference of two times of day, the shorter way around midnight."""
    return (time_us + DAY_US // 2) % DAY_US - DAY_US // 2


def _is_zone_difference(miss_us: int) -> bool:
    hours = round(miss_us / _HOUR_US)
    return abs(hours) <= _MAX_ZONE_HOURS and abs(miss_us - hours * _HOUR_US) <= _RECORDING_TIME_TOLERANCE_US
