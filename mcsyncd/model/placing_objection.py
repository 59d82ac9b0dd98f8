"""What stands against placing a camera or a clip by hand, or taking a clip off the timeline. Pure."""

from __future__ import annotations

from mcsyncd.model import facts as fa
from mcsyncd.model.alignment import Alignment, Disposition
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
    if session.alignment is None or session.alignment.find_angle(fact.camera) is None:
        return Objection(
            "invalid", f"{session.id} has no camera {fact.camera}", f"see `mcsyncd show {session.id}`"
        )
    if not fact.clip:
        return _object_to_camera_nudge(session, session.alignment, fact.camera)
    return _object_to_clip_nudge(session, session.alignment, f"{fact.camera}/{fact.clip}")


def _object_to_clip_nudge(session: Session, alignment: Alignment, key: str) -> Objection | None:
    clip = session.find_clip(key)
    if clip is None:
        return _object_to_unknown_clip(session, key)
    if clip.fault or session.is_left_out(clip.key):
        why = f"cannot be read ({clip.fault})" if clip.fault else "is left out"
        hint = f"give it back to the machine first: mcsyncd clip {session.id} {clip.key} back"
        return Objection("invalid", f"{clip.key} {why}", "drop a good copy of it" if clip.fault else hint)
    if is_clock(alignment, clip):
        return _object_to_clock_nudge(clip.key)
    return None


def _object_to_camera_nudge(session: Session, alignment: Alignment, camera: str) -> Objection | None:
    if camera == alignment.reference:
        return _object_to_clock_nudge(camera)
    angle = alignment.find_angle(camera)
    if angle is not None and len(angle.placements) > 1 and angle.offset_us is None:
        return Objection(
            "invalid",
            f"no clip of {camera} has a place on the timeline",
            f"place them one by one: mcsyncd clip {session.id} {camera}/NAME place =12.5s",
        )
    return None


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
