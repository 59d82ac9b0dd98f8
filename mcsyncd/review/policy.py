"""What a confidence asks of a person. Policy, not state: a new threshold changes every queue at once."""

from __future__ import annotations

from typing import Literal

from mcsyncd.model.alignment import SyncMethod
from mcsyncd.model.due import list_conform_warnings
from mcsyncd.model.session import Session, State

CallToAction = Literal["looks_good", "review_sync"]


def choose_call_to_action(session: Session, review_below: float) -> CallToAction | None:
    """Return what the one button says, or None where no decision is due.

    Exactly at the threshold looks good. A nudge does not change it: the confidence is the
    machine's, and a second pair of eyes should still be asked to look. However sure the sync is, a
    session with a doubtful clip (`model.due.doubts`) is one to look at.
    """
    found = session.alignment
    if session.state is not State.IN_REVIEW or found is None:
        return None
    sure = (
        found.method is not SyncMethod.FALLBACK
        and found.confidence >= review_below
        and not list_conform_warnings(session)
    )
    return "looks_good" if sure else "review_sync"
