"""What a person may decide on a session, checked against what they were looking at.

Each function returns the fact to tell the loop, or raises: `Conflict` when the session has moved
on, `UsageError` when the request makes no sense. Who may decide is not judged here.
"""

from __future__ import annotations

import re
from fractions import Fraction

from mcsyncd.errors import Conflict, UsageError
from mcsyncd.model.decide import all_placed
from mcsyncd.model.facts import Approve, FileIdentity, Nudge, Reject, Reopen, Resync, Retry
from mcsyncd.model.rate import Rate
from mcsyncd.model.session import Actor, Session, State, Terms

_MOVE = re.compile(r"(?P<how>[=+-])(?P<value>[+-]?\d+(?:\.\d+)?)(?P<unit>f|ms|us|s)")
_UNIT_US = {"us": 1, "ms": 1_000, "s": 1_000_000}
_FARTHEST_US = 24 * 3600 * 1_000_000

HALTED_STATES = frozenset({State.FAILED, State.STALE, State.QUARANTINED})


def approve(session: Session, by: Actor, revision: int, at: str) -> Approve:
    """Looks good."""
    _same_revision(session, revision)
    _in_state(session, {State.IN_REVIEW})
    if not all_placed(session):
        raise UsageError(
            f"{session.id}: not every clip has a place on the clock",
            f"lay it by hand first: mcsyncd nudge {session.id} CAMERA =0ms",
        )
    return Approve(at, by, revision)


def is_repeated(session: Session, by: Actor, revision: int) -> bool:
    """Tell whether `by` has approved this very revision already: a double click is no conflict."""
    done = session.approval
    return done is not None and done.by.uid == by.uid and done.revision == revision == session.revision


def reject(session: Session, by: Actor, revision: int, reason: str, at: str) -> Reject:
    """Throw it out."""
    _same_revision(session, revision)
    _in_state(session, {State.WORKING, State.IN_REVIEW, *HALTED_STATES})
    return Reject(at, by, revision, reason)


def reopen(session: Session, by: Actor, revision: int, reason: str, at: str) -> Reopen:
    """Look again at what was decided."""
    _same_revision(session, revision)
    _in_state(session, {State.APPROVED, State.PUBLISHING, State.PUBLISHED, State.REJECTED})
    return Reopen(at, by, revision, reason)


def nudge(session: Session, by: Actor, revision: int, *, camera: str, to: str, at: str) -> Nudge:
    """Lay a camera by hand: `+1f`, `-12ms` from where it is, or `=-134ms`."""
    _same_revision(session, revision)
    _in_state(session, {State.IN_REVIEW})
    angle = session.alignment.angle(camera) if session.alignment else None
    if angle is None or session.alignment is None or session.rate is None:
        raise UsageError(f"{session.id}: no camera {camera}", "see `mcsyncd show` for its cameras")
    if camera == session.alignment.reference:
        raise UsageError(
            f"{camera} is the reference: the clock itself can't move", "nudge the other cameras instead"
        )
    return Nudge(at, by, revision, camera, nudge_target(to, angle.offset_us, session.rate))


def nudge_target(to: str, current_us: int | None, rate: Rate) -> int:
    """Return the offset in microseconds that a nudge asks for. Raises UsageError."""
    found = _MOVE.fullmatch(to.strip())
    if found is None or (found["how"] != "=" and found["value"][0] in "+-"):
        raise UsageError(f"cannot read the nudge {to!r}", "write +1f, -12ms or =-134ms")
    unit = rate.tick_us if found["unit"] == "f" else Fraction(_UNIT_US[found["unit"]])
    move = Fraction(found["value"]) * unit
    if found["how"] == "=":
        target = move
    elif current_us is None:
        raise UsageError("the camera has no place yet to move it from", "lay it first, for example =0ms")
    else:
        target = current_us + (move if found["how"] == "+" else -move)
    if abs(target) > _FARTHEST_US:
        raise UsageError(f"{to} is more than a day away", "check the number and its unit")
    return round(target)


def retry(session: Session, by: Actor, originals: tuple[FileIdentity, ...], at: str) -> Retry:
    """Try again where it failed, or at once what waits for its next attempt."""
    if session.state not in HALTED_STATES and not session.attempts:
        raise UsageError(f"{session.id} is {session.state}: nothing failed there", "see `mcsyncd status`")
    return Retry(at, by, originals)


def resync(session: Session, by: Actor, terms: Terms, originals: tuple[FileIdentity, ...], at: str) -> Resync:
    """Find the offsets again under the terms of today."""
    if session.state in {State.COLLECTING, State.WORKING} or not session.taken_in:
        raise UsageError(f"{session.id} is {session.state}: it is not synced yet", "wait for it")
    _in_state(session, set(State) - {State.REJECTED})
    return Resync(at, by, session.revision, terms, originals)


def _same_revision(session: Session, revision: int) -> None:
    if revision != session.revision:
        raise Conflict(
            f"{session.id} has moved on: you looked at revision {revision}, it is at {session.revision}",
            "look at it again and decide anew",
        )


def _in_state(session: Session, states: set[State]) -> None:
    if session.state not in states:
        raise Conflict(f"{session.id} is {session.state.replace('_', ' ')}{_by(session)}", "look at it again")


def _by(session: Session) -> str:
    return f" (by {session.approval.by.name}, {session.approval.at})" if session.approval else ""
