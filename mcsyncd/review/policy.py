"""Which action a confidence calls for. Policy, not state: a new threshold changes every queue at once."""

from __future__ import annotations

from typing import Literal

from mcsyncd.model.alignment import SyncMethod
from mcsyncd.model.due import list_conform_warnings
from mcsyncd.model.intake_doubts import list_intake_doubts
from mcsyncd.model.session import Session, State

CallToAction = Literal["looks_good", "review_sync"]


def choose_call_to_action(session: Session, review_below: float) -> CallToAction | None:
    """Return the label of the one button, or None where no decision is due.

    A confidence exactly at the threshold is enough. A nudge does not change the label: the
    confidence stays the machine's, and a second person should still review. A session with a clip
    that conform warns about (`model.due.list_conform_warnings`), or that may not be all there
    (`model.intake_doubts`), always needs a review.
    """
    found = session.alignment
    if session.state is not State.IN_REVIEW or found is None:
        return None
    sure = (
        found.method is not SyncMethod.FALLBACK
        and found.confidence >= review_below
        and not list_conform_warnings(session)
        and not list_intake_doubts(session)
    )
    return "looks_good" if sure else "review_sync"
