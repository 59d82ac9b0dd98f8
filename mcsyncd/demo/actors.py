"""Paint the people and things that move on the stage, as sprites at the size in which a camera sees them.

All sizes and colours are chosen by eye; nothing depends on them.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcsyncd.demo.painting import Canvas, Colour

_INK: Colour = (0.16, 0.10, 0.20)
_CREAM: Colour = (0.99, 0.93, 0.84)


@dataclass(frozen=True, slots=True)
class Figure:
    """A person on the stage: colours of coat, skin and hair, and height (1 = the stage's height)."""

    coat: Colour
    skin: Colour
    hair: Colour
    height: float


FIGURES = (
    Figure((0.16, 0.55, 0.56), (0.93, 0.72, 0.58), (0.24, 0.15, 0.16), 0.60),
    Figure((0.90, 0.42, 0.33), (0.70, 0.47, 0.36), (0.93, 0.72, 0.36), 0.52),
)

MOUTH_SHAPES = 4
"""Number of mouth shapes, from closed to wide open."""


def paint_head(figure: Figure, unit: float, mouth: int, *, blinking: bool) -> Canvas:
    """Paint a head; `unit` is the stage's height in pixels."""
    radius = 0.088 * unit
    canvas = _create_canvas(2.5 * radius, 2.6 * radius)
    height, width = canvas.alpha.shape
    x, y = width / 2, height / 2 + 0.08 * radius
    canvas.paint(canvas.draw_disc(x, y - 0.16 * radius, 1.06 * radius), figure.hair)
    canvas.paint(canvas.draw_disc(x, y + 0.05 * radius, 0.97 * radius), figure.skin)
    fringe = canvas.draw_disc(x - 0.25 * radius, y - 0.95 * radius, 0.72 * radius)
    canvas.paint(fringe * canvas.draw_disc(x, y - 0.16 * radius, 1.06 * radius), figure.hair)
    for side in (-1, 1):
        eye_x = x + side * 0.36 * radius
        open_eye = (0.10 * radius, 0.025 * radius if blinking else 0.14 * radius)
        canvas.paint(canvas.draw_box(eye_x, y - 0.08 * radius, open_eye, open_eye[1]), _INK)
        cheek = canvas.draw_disc(eye_x + side * 0.14 * radius, y + 0.28 * radius, 0.16 * radius, radius / 6)
        canvas.paint(cheek * 0.35, (0.95, 0.45, 0.42))
    half_width = (0.24, 0.26, 0.24, 0.20)[mouth] * radius
    half_height = (0.03, 0.09, 0.16, 0.23)[mouth] * radius
    corner = min(half_width, half_height)
    lips = canvas.draw_box(x, y + 0.44 * radius, (half_width, half_height), corner)
    canvas.paint(lips, (0.45, 0.12, 0.16))
    return canvas


def paint_torso(figure: Figure, unit: float) -> Canvas:
    """Paint a figure from the neck down."""
    canvas = _create_canvas(0.24 * unit, (figure.height - 0.14) * unit)
    height, width = canvas.alpha.shape
    x = width / 2
    shade = 1.06 - 0.32 * (canvas.y / height) ** 2 + 0.0 * canvas.x
    neck = canvas.draw_box(x, 0.04 * unit, (0.03 * unit, 0.06 * unit), 0.02 * unit)
    canvas.paint(neck, figure.skin)
    coat = canvas.draw_box(x, height / 2 + 0.05 * unit, (0.46 * width, height / 2), 0.11 * unit)
    canvas.paint(coat, figure.coat, shade)
    for button in range(3):
        canvas.paint(canvas.draw_disc(x, (0.16 + 0.08 * button) * unit, 0.010 * unit), _CREAM)
    return canvas


def paint_balloon(unit: float, colour: Colour) -> Canvas:
    """Paint a balloon with a highlight and its string."""
    radius = 0.062 * unit
    canvas = _create_canvas(2.2 * radius, 4.2 * radius)
    height, width = canvas.alpha.shape
    x, y = width / 2, 1.1 * radius
    string = canvas.draw_box(x, (y + height) / 2, (0.05 * radius, (height - y) / 2), 0.04 * radius)
    canvas.paint(string, _CREAM)
    canvas.paint(canvas.draw_disc(x, y, radius), colour)
    shine = canvas.draw_disc(x - 0.35 * radius, y - 0.35 * radius, 0.28 * radius, 0.3 * radius)
    canvas.paint(0.6 * shine, (1.0, 1.0, 1.0))
    return canvas


CONE_SIZES = 5
"""Number of sizes of the loudspeaker's cone, from rest to full stroke."""


def paint_speaker_cone(unit: float, stroke: int) -> Canvas:
    """Paint the loudspeaker's cone; it grows with `stroke`, 0 to `CONE_SIZES - 1`."""
    radius = (0.058 + 0.004 * stroke) * unit
    canvas = _create_canvas(0.16 * unit, 0.16 * unit)
    height, width = canvas.alpha.shape
    x, y = width / 2, height / 2
    canvas.paint(canvas.draw_disc(x, y, radius), (0.30, 0.28, 0.36))
    canvas.paint(canvas.draw_disc(x, y, 0.86 * radius), (0.17, 0.16, 0.22))
    canvas.paint(canvas.draw_disc(x, y, 0.34 * radius), (0.93, 0.65 + 0.04 * stroke, 0.30))
    return canvas


def paint_rec_lamp(unit: float) -> Canvas:
    """Paint the red dot of a recording camera."""
    canvas = _create_canvas(0.04 * unit, 0.04 * unit)
    height, width = canvas.alpha.shape
    canvas.paint(canvas.draw_disc(width / 2, height / 2, 0.016 * unit), (0.95, 0.22, 0.22))
    return canvas


def _create_canvas(width: float, height: float) -> Canvas:
    return Canvas(2 * max(1, round(width / 2)), 2 * max(1, round(height / 2)))
