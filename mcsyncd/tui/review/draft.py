"""The review draft: a session as recorded, and a supervisor's unsent changes to it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from mcsyncd.api import NudgeRequest, SessionBody
from mcsyncd.present.numbers import format_offset
from mcsyncd.present.session import get_camera_label, label_session
from mcsyncd.review.nudge import format_nudge_target
from mcsyncd.tui.review.checklist import AngleChecklist
from mcsyncd.tui.review.nudges import PendingNudges

US_PER_MS = 1000

AS_MOVED = "As Moved"
"""What a button says of an offset that only the person who moved it calls good."""


class ReviewDraft:
    """One session at the revision on screen, with its pending nudges and the checklist of its angles.

    Angles with a confidence below `review_below` have to be checked by a person.
    """

    def __init__(self, session: SessionBody, review_below: float) -> None:
        self.session = session
        self.nudges = PendingNudges(_get_recorded_offsets(session))
        self.checklist = AngleChecklist(session, review_below)
        self._left_us: dict[str, int] = {}

    @property
    def camera(self) -> str:
        """The current angle."""
        return self.checklist.current

    def can_adopt(self, body: SessionBody) -> bool:
        """Return whether `adopt` may be called now.

        Not for another revision while nudges are pending: what is approved must be what was on
        screen, and the daemon will report the conflict.
        """
        return body.revision == self.session.revision or not self.nudges.pending

    def adopt(self, body: SessionBody) -> list[str]:
        """Take over the session's current state; return the cameras whose recorded offset changed."""
        before = _get_recorded_offsets(self.session)
        self.session = body
        self.nudges.rebase(_get_recorded_offsets(body))
        return [camera for camera, at in self.nudges.recorded.items() if before.get(camera) != at]

    def explain_immovable(self) -> str:
        """Return why the current angle cannot be moved; empty if it can."""
        if self.session.state != "in_review":
            state = label_session(self.session).word
            return f"offsets can only be changed in review; this session is {state}"
        if self.camera == self.session.reference:
            return "the reference cannot be moved; choose another angle"
        return ""

    @property
    def is_placed(self) -> bool:
        """Whether the current angle has a place to move it from.

        A place is given on purpose only, by an offset that a person types.
        """
        return self.nudges.get_offset_us(self.camera) is not None

    @property
    def awaits_place(self) -> bool:
        """Whether the next thing to do is to give the current angle a place."""
        return not self.is_placed and self.camera in self.checklist.list_unchecked(self.session)

    def list_moved(self) -> list[str]:
        """Return the cameras with a pending offset that is not the machine's own."""
        pending = self.nudges.pending
        return [camera for camera in pending if pending[camera] != self.get_computed_offset_us(camera)]

    def label_button(self) -> str:
        """Return what the button says: what enter does now."""
        if self.awaits_place:
            return f"Place {get_camera_label(self.session, self.camera)}"
        moved, unchecked = self.list_moved(), self.checklist.list_unchecked(self.session)
        if moved and not unchecked:
            return f"Approve {AS_MOVED}"
        if self.camera in moved and self.camera in unchecked:
            return f"{get_camera_label(self.session, self.camera)} {AS_MOVED}"
        return self.checklist.label_button(self.session)

    def list_candidates(self) -> list[float]:
        """Return the possible offsets of the current angle in milliseconds, best first."""
        evidence = self.session.angles.get(self.camera)
        found = evidence.candidates if evidence is not None else []
        return [one.offset_ms for one in sorted(found, key=lambda one: -one.score)]

    def select_candidate(self, by: int) -> None:
        """Move the current angle to its next (1) or previous (-1) candidate, by falling score.

        From an offset that is not a candidate, it moves to the best one.
        """
        offsets_us = [round(offset_ms * US_PER_MS) for offset_ms in self.list_candidates()]
        if not offsets_us:
            return
        current_us = self.nudges.get_offset_us(self.camera)
        index = offsets_us.index(current_us) + by if current_us in offsets_us else 0
        self.nudges.set_offset(self.camera, offsets_us[index % len(offsets_us)])

    def get_rival_us(self) -> int | None:
        """Return the offset to compare the current angle's with; None if there is none.

        That is the one which `swap_candidate` left, or else its best candidate that is not where it is.
        """
        current_us = self.nudges.get_offset_us(self.camera)
        candidates_us = (round(offset_ms * US_PER_MS) for offset_ms in self.list_candidates())
        left_us = self._left_us.get(self.camera)
        rivals_us = (*([left_us] if left_us is not None else []), *candidates_us)
        return next((offset_us for offset_us in rivals_us if offset_us != current_us), None)

    def swap_candidate(self) -> None:
        """Move the current angle to its rival; again, back to where it was."""
        current_us, rival_us = self.nudges.get_offset_us(self.camera), self.get_rival_us()
        if current_us is not None and rival_us is not None:
            self._left_us[self.camera] = current_us
            self.nudges.set_offset(self.camera, rival_us)

    def reset_to_computed(self) -> None:
        """Move the current angle back to its computed offset."""
        offset_us = self.get_computed_offset_us(self.camera)
        if offset_us is not None:
            self.nudges.set_offset(self.camera, offset_us)

    def get_computed_offset_us(self, camera: str) -> int | None:
        """Return the offset the machine found; None where it found none."""
        shown_ms = self.session.offsets_ms.get(camera)
        by_hand = [one for one in self.session.hand_set if (one.camera, one.offset_ms) == (camera, shown_ms)]
        if by_hand:
            solved_ms = by_hand[0].solved_ms
            return None if solved_ms is None else round(solved_ms * US_PER_MS)
        return _get_recorded_offsets(self.session).get(camera)

    def build_nudges(self) -> list[NudgeRequest]:
        """Return what must be recorded before an approval: a nudge for each camera that was moved."""
        return [
            NudgeRequest(camera=camera, to=format_nudge_target(offset_us))
            for camera, offset_us in self.nudges.pending.items()
        ]

    def format_unsent(self) -> str:
        """Return the pending nudges in one line: `Cam B −134 ms, Cam C +87 ms`."""  # noqa: RUF002  # the sign that is shown
        return format_moves(self.session, self.nudges.pending)


def format_moves(session: SessionBody, offsets_us: Mapping[str, int]) -> str:
    """Return moved cameras with their offsets in one line: `Cam B −134 ms, Cam C +87 ms`."""  # noqa: RUF002  # the sign that is shown
    return ", ".join(
        f"{get_camera_label(session, camera)} {format_offset(offset_us / US_PER_MS)}"
        for camera, offset_us in offsets_us.items()
    )


def _get_recorded_offsets(session: SessionBody) -> dict[str, int | None]:
    return {key: None if ms is None else round(ms * US_PER_MS) for key, ms in session.offsets_ms.items()}
