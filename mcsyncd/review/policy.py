"""Which action a confidence calls for. Policy, not state: a new threshold changes every queue at once."""

from __future__ import annotations

from typing import Literal

from mcsyncd.model.due import is_confident, list_conform_warnings
from mcsyncd.model.session import Session, State

CallToAction = Literal["looks_good", "review_sync"]


def choose_call_to_action(
    session: Session, review_below: float, *, has_faulty_originals: bool = False
) -> CallToAction | None:
    """Return the label of the one button, or None where no decision is due.

    A confidence exactly at the threshold is enough, but only where the offsets are the machine's own by
    sound: the number says nothing about an offset that a person set. A session with a clip that conform
    warns about (`model.due.list_conform_warnings`), that may not be all there (`model.intake_doubts`), or
    that may belong on the timeline (`model.dispositions.list_clip_doubts`) always needs a review, and so does
    an answer with a doubt that has a name (`model.named_doubts`). The table is in docs/sync.md. One whose
    originals are missing or changed could not be published.
    """
    if session.state is not State.IN_REVIEW or session.alignment is None:
        return None
    sure = is_confident(session, review_below) and not list_conform_warnings(session)
    return "looks_good" if sure and not has_faulty_originals else "review_sync"
