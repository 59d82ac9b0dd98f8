"""Where the parts of one recording lie: behind each other. Pure.

Sound places each part by itself. A part that has too little of it lies where its neighbour says, and
two parts that sound places apart are a doubt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from mcsyncd.model.alignment import (
    OFF_TIMELINE,
    Alignment,
    AngleMatch,
    Disposition,
    Placement,
    weigh_alignment,
)
from mcsyncd.model.clip import Clip
from mcsyncd.model.drift_curve import compute_shift_us
from mcsyncd.model.reason import Reason, ReasonCode, build_reason
from mcsyncd.model.spans import Continuation, find_continuations

_SURE_FROM = 0.85
"""Chance from which a part is not moved to its neighbour. Judgement: the default of `review_below`."""

_UNPROVEN_CONFIDENCE = 0.8
"""Chance at most of a part that lies where its neighbour says, where only sizes and numbers make it one, and
of parts that sound places apart. Judgement: below every sensible `review_below`, so that a person looks."""

_PROVEN_CONFIDENCE = 0.9
"""The same where its name or a clock proves the part. Judgement: cameras write chapters without a gap, but it
is not measured for all. Lower asks for a review of every silent chapter."""

_MAX_SEAM_US = 50_000
"""Microseconds by which a part may lie apart from the end of the one before. Judgement: cameras lose up to a
frame at a seam. Larger hides a loss; smaller doubts honest seams."""


def join_spans(alignment: Alignment, clips: Sequence[Clip]) -> Alignment:
    """Return the alignment with every part of a recording in its place, and what each continues.

    Clips that continue nothing, and are continued by nothing, keep their placement.
    """
    return place_spans(alignment, {clip.key: clip for clip in clips}, find_continuations(clips))


def place_spans(
    alignment: Alignment, by_key: Mapping[str, Clip], found: Mapping[str, Continuation]
) -> Alignment:
    """Do the same with what is known of the clips, by their keys."""
    if not found:
        return alignment
    angles: list[AngleMatch] = []
    new_reasons: list[Reason] = []
    settled: set[str] = set()
    for angle in alignment.angles:
        joined, reasons, moved = _join_angle(angle, found, by_key)
        angles.append(replace(joined, reasons=(*_drop_reasons(angle.reasons, moved), *reasons)))
        new_reasons += reasons
        settled |= moved
    kept = _drop_reasons(alignment.reasons, settled)
    return weigh_alignment(replace(alignment, angles=tuple(angles), reasons=(*kept, *new_reasons)))


def _join_angle(
    angle: AngleMatch, found: Mapping[str, Continuation], by_key: Mapping[str, Clip]
) -> tuple[AngleMatch, list[Reason], set[str]]:
    """Return an angle with its spans joined, reasons for what changed, and the keys of clips that moved."""
    placements = {f"{angle.camera}/{placed.clip}": placed for placed in angle.placements}
    pairs = [one for one in found.values() if one.clip in placements and one.follows in placements]
    pairs.sort(key=lambda one: one.clip)
    moved: set[str] = set()
    reasons: list[Reason] = []
    for one in [*pairs, *reversed(pairs)]:  # forwards, and backwards for parts before the first sure one
        moved |= _move_part(one, placements, by_key)
    for one in pairs:
        before, after = placements[one.follows], placements[one.clip]
        seam_us = _measure_seam(before, after, by_key[one.follows])
        if {one.clip, one.follows} & moved and not _is_off(after):
            reasons.append(_explain(ReasonCode.CONTINUES, one, proven=float(one.proven)))
        elif seam_us is not None and abs(seam_us) > _MAX_SEAM_US:
            reasons.append(_explain(ReasonCode.SEAM_APART, one, apart_ms=seam_us / 1000))
            for key in (one.follows, one.clip):
                placements[key] = _cap(placements[key])
        placements[one.clip] = replace(placements[one.clip], continues=by_key[one.follows].name)
    ordered = sorted(placements.values(), key=lambda one: (one.offset_us is None, one.offset_us or 0))
    return replace(angle, placements=tuple(ordered)), reasons, moved


def _explain(code: ReasonCode, one: Continuation, **values: float) -> Reason:
    return build_reason(code, one.clip, follows=one.follows.partition("/")[2], **values)


def _move_part(one: Continuation, placements: dict[str, Placement], by_key: Mapping[str, Clip]) -> set[str]:
    """Place the weaker of two parts at the surer one; return its key, or nothing if none is moved."""
    before, after = placements[one.follows], placements[one.clip]
    if _is_sure(before) and not _is_sure(after):
        key, anchor, offset_us = one.clip, before, _find_end(before, by_key[one.follows])
    elif _is_sure(after) and not _is_sure(before):
        length_us = _measure_length(after, by_key[one.follows])
        key, anchor, offset_us = one.follows, after, _find_beginning(after) - length_us
    else:
        return set()
    limit = _PROVEN_CONFIDENCE if one.proven else _UNPROVEN_CONFIDENCE
    placements[key] = replace(
        placements[key],
        offset_us=offset_us,
        drift_ppm=anchor.drift_ppm,
        curve=(),  # its own was measured where it does not lie
        disposition=anchor.disposition,
        confidence=min(anchor.confidence or 0.0, limit),
    )
    return {key}


def _measure_seam(before: Placement, after: Placement, clip: Clip) -> int | None:
    """Return the microseconds from the end of one placed part to the beginning of the next."""
    if before.offset_us is None or after.offset_us is None:
        return None
    return _find_beginning(after) - _find_end(before, clip)


def _find_beginning(placed: Placement) -> int:
    """Return the session time of a clip's first frame."""
    return (placed.offset_us or 0) + round(compute_shift_us(placed.curve, Fraction(0)))


def _find_end(placed: Placement, clip: Clip) -> int:
    """Return the session time of a clip's end."""
    length_us = clip.media.duration_us if clip.media is not None else 0
    shift_us = round(compute_shift_us(placed.curve, Fraction(length_us)))
    return (placed.offset_us or 0) + _measure_length(placed, clip) + shift_us


def _measure_length(placed: Placement, clip: Clip) -> int:
    """Return how long a clip is on the line of a placement, in microseconds."""
    length_us = clip.media.duration_us if clip.media is not None else 0
    return round(length_us * (1 + placed.drift_ppm * 1e-6))


def _is_sure(placed: Placement) -> bool:
    on_timeline = placed.offset_us is not None and placed.disposition is Disposition.SYNCED
    return on_timeline and (placed.confidence or 0.0) >= _SURE_FROM


def _is_off(placed: Placement) -> bool:
    return placed.offset_us is None or placed.disposition in OFF_TIMELINE


def _cap(placed: Placement) -> Placement:
    if placed.confidence is None:
        return placed
    return replace(placed, confidence=min(placed.confidence, _UNPROVEN_CONFIDENCE))


def _drop_reasons(reasons: Sequence[Reason], moved: set[str]) -> tuple[Reason, ...]:
    """Leave out what was said of clips that have a place now."""
    return tuple(reason for reason in reasons if reason.subject not in moved)
