"""From where a camera looks: stage coordinates to its pixels, and its eye for colour.

Stage coordinates: x right, y down, the stage's height is 1, the picture's shape 16:9.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcsyncd.demo.shapes import Colour
from mcsyncd.demo.truth import Kind

ASPECT = 16 / 9


@dataclass(frozen=True, slots=True)
class View:
    """A camera's place: what it centres, how close it is, and its white balance."""

    x: float
    y: float
    zoom: float
    look: Colour


VIEWS: dict[Kind, View] = {
    "cinema": View(ASPECT / 2, 0.5, 1.0, (1.0, 0.98, 0.97)),
    "mirrorless": View(0.66, 0.53, 1.35, (0.93, 1.0, 1.08)),
    "phone": View(1.20, 0.50, 1.3, (1.08, 0.98, 0.86)),
}


@dataclass(frozen=True, slots=True)
class Lens:
    """A view at a picture size in pixels."""

    view: View
    width: int
    height: int

    def unit(self, depth: float = 1.0) -> float:
        """Return the stage's height in pixels, for things at `depth` (1 the actors, below 1 behind)."""
        return self.view.zoom * depth * self.height

    def at(self, x: float, y: float, depth: float = 1.0) -> tuple[float, float]:
        """Return where a point of the stage is in the picture; what is behind moves less."""
        unit = self.unit(depth)
        return self.width / 2 + (x - self.view.x) * unit, self.height / 2 + (y - self.view.y) * unit
