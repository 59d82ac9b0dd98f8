"""Which angles of a session a person still has to check, and which is the current one. Pure."""

from __future__ import annotations

from mcsyncd.api import SessionBody
from mcsyncd.present.session import LOOKS_GOOD, get_camera_label, order_cameras


class AngleChecklist:
    """Leads from one unsure angle to the next, so that holding enter never approves an unseen angle.

    An angle is unsure if its confidence is below `review_below`, if it was not placed, or if a person
    set it: the confidence is that of another offset. The review starts at an angle that a person set,
    or else at the one with the lowest confidence.
    """

    def __init__(self, session: SessionBody, review_below: float) -> None:
        self.angles = order_cameras(session)
        self._checked: set[str] = set()
        self._review_below = review_below
        others = [key for key in self.angles if key != session.reference] or self.angles
        by_hand = self.list_hand_set(session)
        self.current = min(
            others, key=lambda key: (key not in by_hand, _get_confidence(session, key)), default=""
        )

    def step(self, by: int) -> None:
        """Go to the next (1) or previous (-1) angle, wrapping around."""
        if self.current in self.angles:
            self.current = self.angles[(self.angles.index(self.current) + by) % len(self.angles)]

    def list_unchecked(self, session: SessionBody) -> list[str]:
        """Return the unsure angles that are not checked yet."""
        return [
            key
            for key in self.angles
            if key not in self._checked
            and (key != session.reference or key in self.list_hand_set(session))
            and self._is_unsure(session, key)
        ]

    def _is_unsure(self, session: SessionBody, camera: str) -> bool:
        if session.offsets_ms.get(camera) is None:  # not unsure if somebody decided about all its clips
            return any(clip.disposition is None for clip in session.cameras[camera].clips)
        is_weak = _get_confidence(session, camera) < self._review_below
        return is_weak or camera in self.list_hand_set(session)

    @staticmethod
    def list_hand_set(session: SessionBody) -> set[str]:
        """Return the cameras of which a person set the offset of at least one clip."""
        return {one.camera for one in session.hand_set}

    def is_checked(self, camera: str) -> bool:
        """Return whether a person has called this angle good."""
        return camera in self._checked

    def label_button(self, session: SessionBody) -> str:
        """Return what the button says: what enter does now."""
        unchecked = self.list_unchecked(session)
        if not unchecked:
            return LOOKS_GOOD
        if self.current in unchecked:
            return f"{get_camera_label(session, self.current)} {LOOKS_GOOD}"
        return f"Review {get_camera_label(session, unchecked[0])}"

    def advance(self, session: SessionBody) -> bool:
        """Check the current angle if it is unsure, and go to the next unsure one.

        Returns True, and changes nothing, once every angle is checked: now enter approves.
        """
        unchecked = self.list_unchecked(session)
        if not unchecked:
            return True
        if self.current in unchecked:
            self._checked.add(self.current)
            unchecked.remove(self.current)
        if unchecked:
            self.current = unchecked[0]
        return False


def _get_confidence(session: SessionBody, camera: str) -> float:
    evidence = session.angles.get(camera)
    if evidence is not None:
        return evidence.confidence
    return 1.0 if camera == session.reference else 0.0
