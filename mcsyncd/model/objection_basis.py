"""What every guard of the state machine needs: the objection, and the reasons that decisions share. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, assert_never

from mcsyncd.model.session import Session, State

ObjectionKind = Literal["moved_on", "wrong_state", "invalid", "not_awaited"]


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a fact does not apply, and the caller's next action.

    `moved_on`: the decision names another revision. `wrong_state`: the session's state does not allow
    it. `invalid`: it makes no sense for this session at all. `not_awaited`: nobody waits for this result.
    """

    kind: ObjectionKind
    message: str
    hint: str


_DROP_AGAIN = "drop its originals again: they become a new session"


def suggest_next_step(session: Session) -> str:  # noqa: PLR0911  # one line for each state
    """Return the command that takes a session on from the state it is in."""
    match session.state:
        case State.COLLECTING:
            return f"wait until it is sealed, or start it now: mcsyncd seal --session {session.id}"
        case State.WORKING:
            return "wait for the sync: mcsyncd status --follow"
        case State.IN_REVIEW:
            return f"it is in review: mcsyncd review {session.id}"
        case State.PUBLISHED if session.are_originals_deleted:
            withdrawal = f"mcsyncd reject {session.id} --reason TEXT"
            return f"to replace what is published, withdraw it ({withdrawal}) and {_DROP_AGAIN}"
        case State.APPROVED | State.PUBLISHING | State.PUBLISHED:
            return f"reopen it first: mcsyncd reopen {session.id} --reason TEXT"
        case State.REJECTED if session.are_originals_deleted:
            return _DROP_AGAIN
        case State.REJECTED:
            return f"to undo the rejection: mcsyncd reopen {session.id} --reason TEXT"
        case State.FAILED | State.QUARANTINED:
            return f"fix what it reports, then: mcsyncd retry {session.id}"
        case State.STALE:
            return f"if the new file is the right one: mcsyncd resync {session.id}"
        case _:
            assert_never(session.state)


def require_review(session: Session, revision: int) -> Objection | None:
    """Return an objection unless the session is in review, at this revision."""
    return require_revision(session, revision) or require_state(session, frozenset({State.IN_REVIEW}))


def require_revision(session: Session, revision: int) -> Objection | None:
    """Return an objection to a decision on another revision."""
    if revision == session.revision:
        return None
    return Objection(
        "moved_on",
        f"{session.id} is at revision {session.revision} now; you decided on revision {revision}",
        f"read it again, then decide: mcsyncd show {session.id}",
    )


def require_state(session: Session, allowed: frozenset[State]) -> Objection | None:
    """Return an objection unless the session is in one of these states."""
    if session.state in allowed:
        return None
    return Objection("wrong_state", describe_state(session), suggest_next_step(session))


def describe_state(session: Session) -> str:
    """Return a clause: the session, its state, and who approved it."""
    by = f" (by {session.approval.by.name}, {session.approval.at})" if session.approval else ""
    return f"{session.id} is {session.state.replace('_', ' ')}{by}"
