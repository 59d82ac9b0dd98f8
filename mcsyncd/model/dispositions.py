"""What becomes of each clip: what the machine found, and what a person made of it. Pure.

Every function returns a whole alignment, weighed again: the confidence describes what is on the timeline.
"""

from __future__ import annotations

from dataclasses import replace

from mcsyncd.model.alignment import (
    Alignment,
    AngleMatch,
    Disposition,
    Placement,
    weigh_alignment,
)
from mcsyncd.model.clip import Clip
from mcsyncd.model.reason import Reason, ReasonCode
from mcsyncd.model.session import Session

_SAME_PLACE_US = 500
"""Microseconds from the machine's offset within which a person means that one. Offsets are shown in whole
milliseconds, and who types one back as it was shown gives it back. Larger, and a nudge of a millisecond does
nothing."""

_ASIDE_DOUBTS = frozenset({ReasonCode.MAYBE_INSIDE, ReasonCode.OVERLAPS_OWN_CLIP})
"""Reasons of the machine for a clip that it set aside, which ask for a person all the same."""


def complete_alignment(session: Session, found: Alignment) -> Alignment:
    """Return the machine's answer with every clip of the session in it.

    Clips that were not compared get what a person decided, or no disposition if nobody has: those
    cannot be read.
    """
    missing = [clip for clip in session.clips if found.find_placement(clip.camera, clip.name) is None]
    angles = {angle.camera: angle for angle in found.angles}
    for clip in missing:
        angle = angles.get(clip.camera, AngleMatch(clip.camera, (), 0.0))
        angles[clip.camera] = replace(angle, placements=(*angle.placements, _place_unheard(session, clip)))
    return weigh_alignment(replace(found, angles=tuple(angles.values())))


def _place_unheard(session: Session, clip: Clip) -> Placement:
    ruling = session.find_ruling(clip.key)
    return Placement(clip.name, None, disposition=ruling.disposition if ruling is not None else None)


def select_solved(session: Session, alignment: Alignment) -> Alignment:
    """Return the part of a new answer that is the machine's own: the clips that were compared."""
    compared = {clip.key for clip in session.usable_clips}
    angles = tuple(
        replace(
            angle,
            placements=tuple(one for one in angle.placements if f"{angle.camera}/{one.clip}" in compared),
        )
        for angle in alignment.angles
    )
    return replace(alignment, angles=tuple(angle for angle in angles if angle.placements))


def move_clips(session: Session, camera: str, clip: str, offset_us: int) -> Alignment:
    """Return the alignment with a clip, and what was recorded at once with it, at `offset_us`, set by hand.

    Without a name, the camera's first clip moves and its other placed clips move along, since they share a
    clock. A clip that is moved to where the machine had it, as offsets are shown, is the machine's again.
    Raises ValueError for a session that has no alignment.
    """
    alignment = _require_alignment(session)
    moved = tuple(
        _move_angle(session, angle, clip, offset_us) if angle.camera == camera else angle
        for angle in alignment.angles
    )
    changed = replace(alignment, angles=moved)
    return weigh_alignment(_forget_aside_reason(changed, f"{camera}/{clip}") if clip else changed)


def _move_angle(session: Session, angle: AngleMatch, clip: str, offset_us: int) -> AngleMatch:
    first = angle.placements[0]
    by_us = offset_us - (first.offset_us or 0)
    beside = _list_parallels(angle, clip)

    def move(placed: Placement) -> Placement:
        if clip:
            moves = placed.clip == clip or (placed.clip in beside and placed.offset_us is not None)
            return _put_clip(session, angle, placed, offset_us) if moves else placed
        if placed.offset_us is None and placed is not first:
            return placed
        return _put_clip(session, angle, placed, (placed.offset_us or 0) + by_us)

    return _sort_placements(replace(angle, placements=tuple(move(placed) for placed in angle.placements)))


def _list_parallels(angle: AngleMatch, clip: str) -> set[str]:
    """Return the clips that were recorded at once with a clip, itself included: they share one place."""
    leader = next((one.parallel_to for one in angle.placements if one.clip == clip), "") or clip
    return {one.clip for one in angle.placements if leader in {one.clip, one.parallel_to}}


def _put_clip(session: Session, angle: AngleMatch, placed: Placement, offset_us: int) -> Placement:
    solved = session.solved.find_placement(angle.camera, placed.clip) if session.solved is not None else None
    solved_us = solved.offset_us if solved is not None else None
    if solved is not None and solved_us is not None and abs(solved_us - offset_us) < _SAME_PLACE_US:
        return solved
    confidence = angle.confidence if placed.is_unexplained else placed.confidence
    return replace(placed, offset_us=offset_us, disposition=Disposition.MANUAL, confidence=confidence)


def apply_disposition(session: Session, clip: Clip, disposition: Disposition | None) -> Alignment | None:
    """Return the alignment with a clip off the timeline or (None) as the machine had it.

    Return None where the offsets have to be found again: for the clip that gives the clock, for one that
    was not compared, and before there are any.
    """
    alignment = session.alignment
    placed = alignment.find_placement(clip.camera, clip.name) if alignment is not None else None
    if alignment is None or placed is None:
        return None
    if disposition is not None:
        if is_clock(alignment, clip):
            return None
        put_back, shown = replace(placed, offset_us=None, drift_ppm=0.0, curve=(), confidence=None), alignment
        put_back = replace(put_back, disposition=disposition)
    else:
        found = session.solved.find_placement(clip.camera, clip.name) if session.solved is not None else None
        if found is None or session.solved is None:
            return None
        put_back, shown = found, _restore_reasons(alignment, session.solved, clip.key)
    angles = tuple(
        _sort_placements(
            replace(
                angle,
                placements=tuple(put_back if one.clip == clip.name else one for one in angle.placements),
            )
        )
        if angle.camera == clip.camera
        else angle
        for angle in shown.angles
    )
    changed = replace(shown, angles=angles)
    return weigh_alignment(changed if disposition is None else _forget_aside_reason(changed, clip.key))


def is_clock(alignment: Alignment, clip: Clip) -> bool:
    """Tell whether a clip's clock is the session clock."""
    if clip.camera != alignment.reference:
        return False
    angle = alignment.find_angle(clip.camera)
    at_zero = [one.clip for one in angle.placements if one.offset_us == 0] if angle is not None else []
    return at_zero[:1] == [clip.name]


def list_undecided_clips(session: Session) -> tuple[str, ...]:
    """Return the keys of the clips that have neither a place nor a reason to have none."""
    found = session.alignment
    placements = {
        clip.key: found.find_placement(clip.camera, clip.name) if found else None for clip in session.clips
    }
    return tuple(key for key, placed in placements.items() if placed is None or placed.is_undecided)


def list_clip_doubts(session: Session) -> tuple[Reason, ...]:
    """Return why a clip that is off the timeline needs a person who decides about it."""
    found = session.alignment
    if found is None:
        return ()
    return tuple(reason for reason in found.reasons if reason.code in _ASIDE_DOUBTS)


def _require_alignment(session: Session) -> Alignment:
    if session.alignment is None:
        raise ValueError(f"{session.id} has no alignment")
    return session.alignment


def _sort_placements(angle: AngleMatch) -> AngleMatch:
    ordered = sorted(angle.placements, key=lambda one: (one.offset_us is None, one.offset_us or 0))
    return replace(angle, placements=tuple(ordered))


def _forget_aside_reason(alignment: Alignment, key: str) -> Alignment:
    """Drop what the machine said about a clip, once a person has decided about it."""
    angles = tuple(
        replace(angle, reasons=tuple(one for one in angle.reasons if one.subject != key))
        for angle in alignment.angles
    )
    reasons = tuple(one for one in alignment.reasons if one.subject != key)
    return replace(alignment, angles=angles, reasons=reasons)


def _restore_reasons(alignment: Alignment, solved: Alignment, key: str) -> Alignment:
    def restore(shown: tuple[Reason, ...], found: tuple[Reason, ...]) -> tuple[Reason, ...]:
        return (*shown, *(one for one in found if one.subject == key and one not in shown))

    found = {angle.camera: angle.reasons for angle in solved.angles}
    angles = tuple(
        replace(angle, reasons=restore(angle.reasons, found.get(angle.camera, ())))
        for angle in alignment.angles
    )
    return replace(alignment, angles=angles, reasons=restore(alignment.reasons, solved.reasons))
