"""Whose an offset is: those that a person set, and what the machine had instead. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mcsyncd.model.alignment import Alignment, AngleMatch, Disposition, Placement
from mcsyncd.model.session import Actor, Move, Session


@dataclass(frozen=True, slots=True)
class HandSetOffset:
    """An offset that a person set, of the clip `clip` of `camera`, or (empty) of all its clips at once.

    `move` says who and when. `solved_us` is where the machine had the clip, if anywhere, and
    `solved_confidence` how sure it was.
    """

    camera: str
    clip: str
    offset_us: int
    move: Move
    solved_us: int | None
    solved_confidence: float | None


def record_moves(session: Session, alignment: Alignment | None, by: Actor, at: str) -> tuple[Move, ...]:
    """Return who set what, after `by` made `alignment` of the session: what stood already stays theirs."""
    if alignment is None:
        return ()
    known = {move.clip: move for move in session.moves}
    return tuple(
        known[key] if key in known and known[key].offset_us == offset_us else Move(key, offset_us, by, at)
        for key, offset_us in _list_manual(alignment)
    )


def list_hand_set_offsets(session: Session) -> tuple[HandSetOffset, ...]:
    """Return the offsets that a person set, camera by camera; one for a camera that moved as a whole."""
    if session.alignment is None:
        return ()
    return tuple(found for angle in session.alignment.angles for found in _list_of_angle(session, angle))


def _list_of_angle(session: Session, angle: AngleMatch) -> list[HandSetOffset]:
    moves = {move.clip: move for move in session.moves}
    placed = [one for one in angle.placements if one.offset_us is not None]
    own = [(one, moves.get(f"{angle.camera}/{one.clip}")) for one in placed]
    found = [_describe_move(session, angle, one, move) for one, move in own if move is not None]
    times = {move.at if move is not None else "" for _, move in own}
    moved_as_one = len(found) == len(placed) > 0 and len(times) == 1
    return [replace(found[0], clip="")] if moved_as_one else found


def _describe_move(session: Session, angle: AngleMatch, placed: Placement, move: Move) -> HandSetOffset:
    solved = session.solved.find_placement(angle.camera, placed.clip) if session.solved is not None else None
    if session.solved is None or solved is None or solved.offset_us is None:
        return HandSetOffset(angle.camera, placed.clip, move.offset_us, move, None, None)
    solved_angle, sure = session.solved.find_angle(angle.camera), solved.confidence
    if sure is None and solved_angle is not None:
        sure = solved_angle.confidence
    return HandSetOffset(angle.camera, placed.clip, move.offset_us, move, solved.offset_us, sure)


def _list_manual(alignment: Alignment) -> list[tuple[str, int]]:
    return [
        (f"{angle.camera}/{placed.clip}", placed.offset_us)
        for angle in alignment.angles
        for placed in angle.placements
        if placed.disposition is Disposition.MANUAL and placed.offset_us is not None
    ]
