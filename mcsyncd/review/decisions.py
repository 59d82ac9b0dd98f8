"""What a person may decide on a session, checked against the revision they reviewed.

`require_applicable` turns the model's objection to a fact into the error that the person sees. Who may
decide is not judged here.
"""

from __future__ import annotations

from typing import assert_never

from mcsyncd.errors import Conflict, McsyncError, UsageError
from mcsyncd.model.facts import Fact
from mcsyncd.model.objection import find_objection
from mcsyncd.model.objection_basis import Objection
from mcsyncd.model.session import Actor, Session


def require_applicable(session: Session, fact: Fact, awaited: frozenset[str]) -> None:
    """Raise Conflict or UsageError, with the next command, if the decision `fact` does not apply.

    `awaited` holds the ids of the jobs whose results are still missing.
    """
    objection = find_objection(session, fact, awaited)
    if objection is not None:
        raise _build_error(objection)


def is_repeated_approval(session: Session, by: Actor, revision: int) -> bool:
    """Tell whether `by` has approved this very revision already: a double click is no conflict."""
    done = session.approval
    return done is not None and done.by.uid == by.uid and done.revision == revision == session.revision


def _build_error(objection: Objection) -> McsyncError:
    match objection.kind:
        case "moved_on" | "wrong_state" | "not_awaited":
            return Conflict(objection.message, objection.hint)
        case "invalid":
            return UsageError(objection.message, objection.hint)
        case _:
            assert_never(objection.kind)
