"""What stands against placing a camera or a clip by hand, or taking a clip off the timeline. Pure."""

from __future__ import annotations

from mcsyncd.model import facts as fa
from mcsyncd.model.alignment import Alignment, AngleMatch, Disposition
from mcsyncd.model.clip import Clip
from mcsyncd.model.dispositions import is_clock
from mcsyncd.model.objection_basis import Objection, require_review, require_revision, require_state
from mcsyncd.model.session import HALTED, Session, State


def object_to_undecided(session: Session, key: str) -> Objection:
    """Return why a session with this clip cannot be approved: nobody knows where it lies."""
    clip = session.find_clip(key)
    command = f"mcsyncd clip {session.id} {key}"
    if clip is not None and clip.fault:
        return Objection(
            "invalid",
            f"{session.id}: {key} cannot be read ({clip.fault})",
            f"drop a good copy of it, or leave it out: {command} leave-out --reason TEXT",
        )
    return Objection(
        "invalid",
        f"{session.id}: {key} has no place on the timeline",
        f"keep it off the timeline: {command} set-aside; or place it: {command} place =12.5s",
    )


def object_to_nudge(session: Session, fact: fa.Nudge) -> Objection | None:
    """Return what stands against moving a camera or a clip by hand."""
    objection = require_review(session, fact.revision)
    if objection is not None:
        return objection
    angle = session.alignment.find_angle(fact.camera) if session.alignment is not None else None
    if session.alignment is None or angle is None:
        return Objection(
            "invalid", f"{session.id} has no camera {fact.camera}", f"see `mcsyncd show {session.id}`"
        )
    if not fact.clip:
        return _object_to_camera_nudge(session, session.alignment, angle)
    return _object_to_clip_nudge(session, session.alignment, f"{fact.camera}/{fact.clip}")


def _object_to_clip_nudge(session: Session, alignment: Alignment, key: str) -> Objection | None:
    clip = session.find_clip(key)
    if clip is None:
        return _object_to_unknown_clip(session, key)
    if objection := _object_to_placing(session, clip):
        return objection
    if is_clock(alignment, clip):
        return _object_to_clock_nudge(clip.key)
    return None


def _object_to_placing(session: Session, clip: Clip) -> Objection | None:
    if clip.fault:
        return Objection("invalid", f"{clip.key} cannot be read ({clip.fault})", "drop a good copy of it")
    if session.is_left_out(clip.key):
        hint = f"give it back to the machine first: mcsyncd clip {session.id} {clip.key} back"
        return Objection("invalid", f"{clip.key} is left out", hint)
    return None


def _object_to_camera_nudge(session: Session, alignment: Alignment, angle: AngleMatch) -> Objection | None:
    if angle.camera == alignment.reference:
        return _object_to_clock_nudge(angle.camera)
    if angle.offset_us is not None:
        return None
    if len(angle.placements) > 1:
        return Objection(
            "invalid",
            f"no clip of {angle.camera} has a place on the timeline",
            f"place them one by one: mcsyncd clip {session.id} {angle.camera}/NAME place =12.5s",
        )
    only = session.find_clip(f"{angle.camera}/{angle.placements[0].clip}") if angle.placements else None
    return _object_to_placing(session, only) if only is not None else None


def _object_to_clock_nudge(key: str) -> Objection:
    return Objection(
        "invalid", f"{key} is the reference: the session clock cannot move", "nudge the others instead"
    )


def _object_to_unknown_clip(session: Session, key: str) -> Objection:
    return Objection("invalid", f"{session.id} has no clip {key}", f"see `mcsyncd show {session.id}`")


def object_to_disposition(session: Session, fact: fa.SetDisposition) -> Objection | None:
    """Return what stands against taking a clip off the timeline, or giving it back."""
    clip = session.find_clip(fact.clip)
    if clip is None:
        return _object_to_unknown_clip(session, fact.clip)
    objection = require_revision(session, fact.revision)
    if objection is None and not _can_go_on_without(session, clip, fact.disposition):
        objection = require_state(session, frozenset({State.IN_REVIEW}))
    if objection is not None:
        return objection
    if fact.disposition is Disposition.SET_ASIDE and clip.fault:
        hint = f"leave it out: mcsyncd clip {session.id} {clip.key} leave-out --reason TEXT"
        return Objection("invalid", f"{clip.key} cannot be read, so it cannot be conformed", hint)
    if fact.disposition is not None and {one.key for one in session.usable_clips} <= {clip.key}:
        hint = f"reject the session instead: mcsyncd reject {session.id} --reason TEXT"
        return Objection("invalid", f"without {clip.key} nothing is left to be synced", hint)
    if fact.disposition is None and session.find_ruling(clip.key) is None and session.solved is None:
        hint = f"find the offsets again: mcsyncd resync {session.id}"
        return Objection("invalid", f"what the machine found for {clip.key} is not known any more", hint)
    return None


def _can_go_on_without(session: Session, clip: Clip, disposition: Disposition | None) -> bool:
    """Tell whether a halted session goes on once a person has decided about a clip.

    It does if it halted because of that clip. Any other one that was taken in may be left out, too: of
    several originals that are missing, the session names the first that it needed.
    """
    if session.state not in HALTED:
        return False
    if session.error is not None and session.error.clip == clip.key:
        return True
    return disposition is Disposition.LEFT_OUT and session.offloaded and session.approval is None
