"""The view of a camera: from stage coordinates to its pixels, and its white balance.

In stage coordinates x points right and y down; the stage's height is 1 and its aspect ratio 16:9.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcsyncd.demo.painting import Colour
from mcsyncd.demo.truth import CameraKind

ASPECT = 16 / 9
"""Width of the stage, and the aspect ratio of frames that show all of it."""


@dataclass(frozen=True, slots=True)
class CameraView:
    """A camera's view: the stage point at its centre, its zoom, and its white balance (gains of RGB)."""

    x: float
    y: float
    zoom: float
    white_balance: Colour


# Chosen by eye: a wide shot, a medium shot of the left figure, and one of the right figure from a phone.
CAMERA_VIEWS: dict[CameraKind, CameraView] = {
    "cinema": CameraView(ASPECT / 2, 0.5, 1.0, (1.0, 0.98, 0.97)),
    "mirrorless": CameraView(0.66, 0.53, 1.35, (0.93, 1.0, 1.08)),
    "phone": CameraView(1.20, 0.50, 1.3, (1.08, 0.98, 0.86)),
}


@dataclass(frozen=True, slots=True)
class CameraLens:
    """A view at a frame size in pixels."""

    view: CameraView
    width: int
    height: int

    def compute_unit_px(self, depth: float = 1.0) -> float:
        """Return the stage's height in pixels at `depth`: 1 is the actors', below 1 is behind them."""
        return self.view.zoom * depth * self.height

    def project_point(self, x: float, y: float, depth: float = 1.0) -> tuple[float, float]:
        """Return the pixel position of a stage point; points further back move less."""
        unit = self.compute_unit_px(depth)
        return self.width / 2 + (x - self.view.x) * unit, self.height / 2 + (y - self.view.y) * unit
