"""The session under review, as it lies on the desk: what is recorded, what the hand moved. Pure."""

from __future__ import annotations

from mcsyncd.api import NudgeRequest, SessionBody
from mcsyncd.model.rate import Rate
from mcsyncd.present.numbers import format_offset
from mcsyncd.present.session import get_camera_label, label_session
from mcsyncd.tui.review.checklist import AngleChecklist
from mcsyncd.tui.review.nudges import PendingNudges

US_PER_MS = 1000

_DEFAULT_FRAME_US = 40_000
"""A frame at 25 fps. Judgement: a nudge by a frame needs a length before the rate is known."""


class ReviewDraft:
    """One session at the revision that is looked at, with the hand's moves and the way through it.

    Angles below `review_below` are the ones that must be looked at.
    """

    def __init__(self, session: SessionBody, review_below: float) -> None:
        self.session = session
        self.nudges = PendingNudges(_get_recorded_offsets(session))
        self.checklist = AngleChecklist(session, review_below)

    @property
    def camera(self) -> str:
        """The angle that is looked at."""
        return self.checklist.current

    def can_adopt(self, body: SessionBody) -> bool:
        """Tell whether news may be laid on the desk now.

        Another revision may not while the hand has moved something: what is approved must be
        what was seen, and the daemon will say that somebody was faster.
        """
        return body.revision == self.session.revision or not self.nudges.pending

    def adopt(self, body: SessionBody) -> list[str]:
        """Take a session as it now is; return the cameras that are recorded elsewhere than before."""
        before = _get_recorded_offsets(self.session)
        self.session = body
        self.nudges.rebase(_get_recorded_offsets(body))
        return [camera for camera, at in self.nudges.recorded.items() if before.get(camera) != at]

    def explain_immovable(self) -> str:
        """Say why the angle cannot be moved; empty when it can."""
        if self.session.state != "in_review":
            return f"nothing to move: {label_session(self.session).word}"
        if self.camera == self.session.reference:
            return "the reference stands still: choose another angle with j and k"
        return ""

    def select_candidate(self, by: int) -> None:
        """Lay the angle at the next place that explains the sound (or the one before), best first."""
        evidence = self.session.angles.get(self.camera)
        if evidence is None or not evidence.candidates:
            return
        found = sorted(evidence.candidates, key=lambda candidate: -candidate.score)
        places = [round(candidate.offset_ms * US_PER_MS) for candidate in found]
        here = self.nudges.get_offset_us(self.camera)
        at = places.index(here) + by if here in places else 0
        self.nudges.set_offset(self.camera, places[at % len(places)])

    def reset_to_machine(self) -> None:
        """Lay the angle where the machine has it."""
        at_us = self.get_machine_offset_us(self.camera)
        if at_us is not None:
            self.nudges.set_offset(self.camera, at_us)

    def get_machine_offset_us(self, camera: str) -> int | None:
        """Where the machine laid a camera: after a nudge by hand, that is its best candidate."""
        evidence = self.session.angles.get(camera)
        if self.session.sync_method == "manual" and evidence is not None and evidence.candidates:
            best = max(evidence.candidates, key=lambda candidate: candidate.score)
            return round(best.offset_ms * US_PER_MS)
        return _get_recorded_offsets(self.session).get(camera)

    def build_nudges(self) -> list[NudgeRequest]:
        """What must be recorded before an approval: a nudge for each camera that was moved."""
        return [
            NudgeRequest(camera=camera, to=format_nudge_target(at))
            for camera, at in self.nudges.pending.items()
        ]

    def format_unsent(self) -> str:
        """The moves that were not sent, in words."""
        moved = self.nudges.pending.items()
        return ", ".join(
            f"{get_camera_label(self.session, camera)} {format_offset(at / US_PER_MS)}"
            for camera, at in moved
        )


def format_nudge_target(offset_us: int) -> str:
    """An offset as a nudge decision writes it: `=-134ms`, `=33.367ms`."""
    return f"={offset_us / US_PER_MS:.3f}".rstrip("0").rstrip(".") + "ms"


def _get_recorded_offsets(session: SessionBody) -> dict[str, int | None]:
    return {key: None if ms is None else round(ms * US_PER_MS) for key, ms in session.offsets_ms.items()}


def compute_frame_us(rate: str | None) -> int:
    """Return the length of a frame in microseconds; that of 25 fps where the rate is unknown."""
    try:
        return round(Rate.parse(rate or "").tick_us)
    except (ValueError, ZeroDivisionError):
        return _DEFAULT_FRAME_US
