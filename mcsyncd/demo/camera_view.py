"""From where a camera looks: stage coordinates to its pixels, and its eye for colour.

Stage coordinates: x right, y down, the stage's height is 1, the picture's shape 16:9.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcsyncd.demo.painting import Colour
from mcsyncd.demo.truth import CameraKind

ASPECT = 16 / 9


@dataclass(frozen=True, slots=True)
class CameraView:
    """A camera's place: what it centres, how close it is, and its white balance."""

    x: float
    y: float
    zoom: float
    white_balance: Colour


CAMERA_VIEWS: dict[CameraKind, CameraView] = {
    "cinema": CameraView(ASPECT / 2, 0.5, 1.0, (1.0, 0.98, 0.97)),
    "mirrorless": CameraView(0.66, 0.53, 1.35, (0.93, 1.0, 1.08)),
    "phone": CameraView(1.20, 0.50, 1.3, (1.08, 0.98, 0.86)),
}


@dataclass(frozen=True, slots=True)
class CameraLens:
    """A view at a picture size in pixels."""

    view: CameraView
    width: int
    height: int

    def compute_unit_px(self, depth: float = 1.0) -> float:
        """Return the stage's height in pixels, for things at `depth` (1 the actors, below 1 behind)."""
        return self.view.zoom * depth * self.height

    def project_point(self, x: float, y: float, depth: float = 1.0) -> tuple[float, float]:
        """Return where a point of the stage is in the picture; what is behind moves less."""
        unit = self.compute_unit_px(depth)
        return self.width / 2 + (x - self.view.x) * unit, self.height / 2 + (y - self.view.y) * unit
