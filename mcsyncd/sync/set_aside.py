"""Clips that have no place on the timeline, although their camera has one: b-roll, tests, slow motion.

Every card has some. One of them must not block a session; nor may one that belongs on the timeline
disappear without a word. What tells them apart is the camera's own clock: the offsets of its other
clips are known by sound, so it says where the clip would lie. It counts seconds, which is no sync, but
enough to know whether the others recorded at that time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mcsyncd.model.alignment import Disposition
from mcsyncd.model.reason import Reason, ReasonCode, build_reason
from mcsyncd.sync.measurement import MIN_LIKELY_CONFIDENCE
from mcsyncd.sync.recording import Recording
from mcsyncd.sync.report import ClipResult

_ASIDE_BELOW = 0.25
"""Chance below which a placement by sound is not used where the camera has a better one. Judgement: three of
four such answers are wrong. Higher takes clips off the timeline that a person would find right; lower puts
b-roll on it at the place of its best chance match, and makes the whole session look as unsure."""
_CLOCK_MARGIN_S = 10.0
"""Seconds by which two recording times of one camera may err. Judgement: such times are of whole seconds,
and written some seconds after the button. The clips' difference in length is added, as some cameras write
the end. Wider doubts b-roll that was shot just before; narrower lets a clip of the take pass as b-roll."""


def set_clips_aside(clips: Sequence[ClipResult], root: Recording) -> list[ClipResult]:
    """Give every clip its disposition, and take those aside that fit nowhere.

    Only where another clip of the camera has a place: a camera without any needs a person. `root` gives the
    session clock.
    """
    return [_choose_disposition(clip, clips, root) for clip in clips]


def _choose_disposition(clip: ClipResult, clips: Sequence[ClipResult], root: Recording) -> ClipResult:
    is_likely = clip.recording is root or clip.is_fallback or clip.confidence >= _ASIDE_BELOW
    if clip.placement is not None and is_likely:
        found = Disposition.FALLBACK if clip.is_fallback else Disposition.SYNCED
        return replace(clip, disposition=found)
    anchors = [other for other in clips if other is not clip and _is_anchor(other, clip.recording.angle)]
    if not anchors:
        return replace(clip, disposition=None if clip.placement is None else Disposition.SYNCED)
    overlaps = tuple(reason for reason in clip.reasons if reason.code is ReasonCode.OVERLAPS_OWN_CLIP)
    return ClipResult(
        clip.recording,
        None,
        0.0,
        None,
        overlaps or (_explain_aside(clip.recording, anchors, clips),),
        disposition=Disposition.SET_ASIDE,
    )


def _is_anchor(clip: ClipResult, angle: str) -> bool:
    return (
        clip.recording.angle == angle
        and clip.placement is not None
        and not clip.is_fallback
        and clip.confidence >= MIN_LIKELY_CONFIDENCE
    )


def _explain_aside(
    recording: Recording, anchors: Sequence[ClipResult], clips: Sequence[ClipResult]
) -> Reason:
    key = f"{recording.angle}/{recording.name}"
    about = _locate_by_clock(recording, anchors)
    values = {} if about is None else {"about_s": round(about[0], 1)}
    silent = not recording.channels
    is_small = recording.duration_us <= sum(one.recording.duration_us for one in anchors)
    is_outside = about is not None and not _meets_others(recording, *about, clips)
    if is_small and (silent or is_outside):
        return build_reason(ReasonCode.SET_ASIDE, key, silent=float(silent), **values)
    return build_reason(ReasonCode.MAYBE_INSIDE, key, **values)


def _locate_by_clock(recording: Recording, anchors: Sequence[ClipResult]) -> tuple[float, float] | None:
    """Return where the clip would begin by its camera's clock, and by how much that may err, in seconds."""
    places = []
    for anchor in anchors:
        theirs = anchor.recording
        if anchor.placement is None or recording.recorded_at_us is None or theirs.recorded_at_us is None:
            continue
        apart_s = (recording.recorded_at_us - theirs.recorded_at_us) / 1e6
        margin_s = _CLOCK_MARGIN_S + abs(recording.duration_us - theirs.duration_us) / 1e6
        places.append((abs(apart_s), anchor.placement.offset_s + apart_s, margin_s))
    if not places:
        return None
    _, about_s, margin_s = min(places)
    return about_s, margin_s


def _meets_others(recording: Recording, about_s: float, margin_s: float, clips: Sequence[ClipResult]) -> bool:
    """Tell whether another angle may have recorded while the clip was, if it begins at `about_s`."""
    begin_s, end_s = about_s - margin_s, about_s + recording.duration_us / 1e6 + margin_s
    return any(
        other.placement.map_time(0.0) < end_s
        and other.placement.map_time(other.recording.duration_us / 1e6) > begin_s
        for other in clips
        if other.recording.angle != recording.angle and other.placement is not None
    )
