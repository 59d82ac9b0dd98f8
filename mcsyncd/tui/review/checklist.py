"""The way through a review: which angle is looked at, which are settled, what the button then says. Pure."""

from __future__ import annotations

from mcsyncd.api import SessionBody
from mcsyncd.present.session import LOOKS_GOOD, get_camera_label, order_cameras


class AngleChecklist:
    """Goes from one unsure angle to the next, so that enter alone never approves what nobody saw.

    An angle is unsure below `review_below`, or where it could not be placed.
    """

    def __init__(self, session: SessionBody, review_below: float) -> None:
        self.angles = order_cameras(session)
        self._checked: set[str] = set()
        self._review_below = review_below
        others = [key for key in self.angles if key != session.reference] or self.angles
        self.current = min(others, key=lambda key: _get_confidence(session, key), default="")

    def step(self, by: int) -> None:
        """Go to the next angle, or the one before; round at the ends."""
        if self.current in self.angles:
            self.current = self.angles[(self.angles.index(self.current) + by) % len(self.angles)]

    def list_unchecked(self, session: SessionBody) -> list[str]:
        """The unsure angles that no person has called good yet."""
        return [
            key
            for key in self.angles
            if key not in self._checked | {session.reference}
            and (_get_confidence(session, key) < self._review_below or session.offsets_ms.get(key) is None)
        ]

    def is_checked(self, camera: str) -> bool:
        """Tell whether a person has called this angle good."""
        return camera in self._checked

    def label_button(self, session: SessionBody) -> str:
        """What enter does now, in words."""
        left = self.list_unchecked(session)
        if not left:
            return LOOKS_GOOD
        if self.current in left:
            return f"{get_camera_label(session, self.current)} {LOOKS_GOOD}"
        return f"Review {get_camera_label(session, left[0])}"

    def advance(self, session: SessionBody) -> bool:
        """Go on: call the angle good, or go to the next unsure one. True when all is said."""
        left = self.list_unchecked(session)
        if not left:
            return True
        if self.current in left:
            self._checked.add(self.current)
            left.remove(self.current)
        if left:
            self.current = left[0]
        return False


def _get_confidence(session: SessionBody, camera: str) -> float:
    evidence = session.angles.get(camera)
    if evidence is not None:
        return evidence.confidence
    return 1.0 if camera == session.reference else 0.0
