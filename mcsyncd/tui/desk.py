"""The session under review, as it lies on the desk: what is recorded, what the hand moved. Pure."""

from __future__ import annotations

from mcsyncd.api import Nudge, SessionBody
from mcsyncd.tui import view
from mcsyncd.tui.nudges import Nudges
from mcsyncd.tui.walk import Walk

MS_US = 1000


class Desk:
    """One session at the revision that is looked at, with the hand's moves and the way through it.

    Angles below `review_below` are the ones that must be looked at.
    """

    def __init__(self, session: SessionBody, review_below: float) -> None:
        self.session = session
        self.nudges = Nudges(_recorded(session))
        self.walk = Walk(session, review_below)

    @property
    def camera(self) -> str:
        """The angle that is looked at."""
        return self.walk.current

    def accepts(self, body: SessionBody) -> bool:
        """Tell whether news may be laid on the desk now.

        Another revision may not while the hand has moved something: what is approved must be
        what was seen, and the daemon will say that somebody was faster.
        """
        return body.revision == self.session.revision or not self.nudges.changed

    def adopt(self, body: SessionBody) -> list[str]:
        """Take a session as it now is; return the cameras that are recorded elsewhere than before."""
        before = _recorded(self.session)
        self.session = body
        self.nudges.rebase(_recorded(body))
        return [camera for camera, at in self.nudges.recorded.items() if before.get(camera) != at]

    def stands_still(self) -> str:
        """Say why the angle cannot be moved; empty when it can."""
        if self.session.state != "in_review":
            return f"nothing to move: {view.look(self.session).word}"
        if self.camera == self.session.reference:
            return "the reference stands still: choose another angle with j and k"
        return ""

    def to_candidate(self, by: int) -> None:
        """Lay the angle at the next place that explains the sound (or the one before), best first."""
        evidence = self.session.angles.get(self.camera)
        if evidence is None or not evidence.candidates:
            return
        found = sorted(evidence.candidates, key=lambda candidate: -candidate.score)
        places = [round(candidate.offset_ms * MS_US) for candidate in found]
        here = self.nudges.offset_us(self.camera)
        at = places.index(here) + by if here in places else 0
        self.nudges.lay(self.camera, places[at % len(places)])

    def to_machine(self) -> None:
        """Lay the angle where the machine has it."""
        at_us = self.machine_us(self.camera)
        if at_us is not None:
            self.nudges.lay(self.camera, at_us)

    def machine_us(self, camera: str) -> int | None:
        """Where the machine laid a camera: after a nudge by hand, that is its best candidate."""
        evidence = self.session.angles.get(camera)
        if self.session.sync_method == "manual" and evidence is not None and evidence.candidates:
            best = max(evidence.candidates, key=lambda candidate: candidate.score)
            return round(best.offset_ms * MS_US)
        return _recorded(self.session).get(camera)

    def decisions(self) -> list[Nudge]:
        """What must be recorded before an approval: a nudge for each camera that was moved."""
        return [Nudge(camera=camera, to=laid(at)) for camera, at in self.nudges.changed.items()]

    def unsent(self) -> str:
        """The moves that were not sent, in words."""
        moved = self.nudges.changed.items()
        return ", ".join(
            f"{view.label(self.session, camera)} {view.offset(at / MS_US)}" for camera, at in moved
        )


def laid(at_us: int) -> str:
    """An offset as a nudge decision writes it: `=-134ms`, `=33.367ms`."""
    return f"={at_us / MS_US:.3f}".rstrip("0").rstrip(".") + "ms"


def _recorded(session: SessionBody) -> dict[str, int | None]:
    return {key: None if ms is None else round(ms * MS_US) for key, ms in session.offsets_ms.items()}
