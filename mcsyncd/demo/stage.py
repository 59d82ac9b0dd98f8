"""The pictures: a small stage at night, with two people talking, a band's loudspeaker and a clock.

Everything is painted once; a picture is a copy of the background with a dozen sprites on it,
which makes three cameras of ten minutes at 1080p a matter of minutes.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, sin

import numpy as np

from mcsyncd.demo import actors
from mcsyncd.demo.lettering import lamps
from mcsyncd.demo.scene import Scene
from mcsyncd.demo.score import SCENE_RATE
from mcsyncd.demo.shapes import Bytes, Canvas, Colour, Picture, Sprite, background, sprite
from mcsyncd.demo.view import ASPECT, Lens

_BEHIND = 0.85
_BEFORE = 1.12
_FLOOR_Y = 0.78
_AMBER: Colour = (1.0, 0.72, 0.25)
_HOMES = ((0.60, 0.90), (1.10, 0.92))
_SPEAKER = (1.52, 0.64)
_CLOCK = (1.00, 0.20)
_BALLOONS: tuple[tuple[float, float, Colour], ...] = (
    (0.19, 0.48, (0.95, 0.52, 0.45)),
    (0.37, 0.42, (0.98, 0.80, 0.42)),
    (1.46, 0.30, (0.55, 0.70, 0.95)),
)


class Stage:
    """The stage of a scene as one camera sees it."""

    def __init__(self, scene: Scene, lens: Lens, label: str) -> None:
        self._scene = scene
        self._lens = lens
        self._empty = background(_painted_set(lens), lens.view.look)
        self._picture = Picture(lens.width, lens.height)
        self._mouths = [_Mouth(scene, who) for who in range(len(actors.FIGURES))]
        self._kicks = np.array([hit.start for hit in scene.hits if hit.drum == "kick"]) / SCENE_RATE
        self._label = self._sprite(lamps(f"CAM {label}", lens.height / 120, (0.92, 0.95, 1.0)))
        self._rec = self._sprite(actors.rec_lamp(lens.height))
        self._props()

    def picture(self, at_s: float) -> Bytes:
        """Return the stage at an instant of the session clock: yuv420p, shape (height * 3 / 2, width).

        The block is used again for the next picture.
        """
        np.copyto(self._picture.block, self._empty.block)
        self._paste_band(at_s)
        for who in range(len(actors.FIGURES)):
            self._paste_figure(who, at_s)
        self._paste_balloons(at_s)
        if self._scene.flashing(at_s):
            self._picture.flash()
        self._paste_marks(at_s)
        return self._picture.block

    def _props(self) -> None:
        unit = self._lens.unit()
        self._torsos = [self._sprite(actors.torso(figure, unit)) for figure in actors.FIGURES]
        self._heads = {
            (who, mouth, shut): self._sprite(actors.head(figure, unit, mouth, blinking=shut))
            for who, figure in enumerate(actors.FIGURES)
            for mouth in range(actors.MOUTHS)
            for shut in (False, True)
        }
        behind = self._lens.unit(_BEHIND)
        self._cones = [self._sprite(actors.cone(behind, stroke)) for stroke in range(actors.CONES)]
        before = self._lens.unit(_BEFORE)
        self._balloons = [self._sprite(actors.balloon(before, colour)) for _, _, colour in _BALLOONS]
        # The tenths change ten times a second, so a face is kept for as long as it is shown.
        self._face = lru_cache(maxsize=2)(self._clock_face)

    def _clock_face(self, tenths: int) -> Sprite:
        minutes, rest = divmod(abs(tenths), 600)
        sign = "-" if tenths < 0 else ""
        text = f"{sign}{minutes:02d}:{rest // 10:02d}.{rest % 10}"
        return self._sprite(lamps(text, self._lens.unit(_BEHIND) / 76, _AMBER))

    def _paste_band(self, at_s: float) -> None:
        self._picture.paste(self._face(int(np.floor(at_s * 10))), *self._lens.at(*_CLOCK, _BEHIND))
        last = int(np.searchsorted(self._kicks, at_s, side="right")) - 1
        since = at_s - self._kicks[last] if last >= 0 else 1.0
        stroke = round((actors.CONES - 1) * exp(-since * 9))
        for down in (0.0, 0.17):
            self._picture.paste(
                self._cones[stroke], *self._lens.at(_SPEAKER[0], _SPEAKER[1] - 0.085 + down, _BEHIND)
            )

    def _paste_figure(self, who: int, at_s: float) -> None:
        figure, (home_x, feet) = actors.FIGURES[who], _HOMES[who]
        mouth = self._mouths[who].openness(at_s)
        sway = 0.012 * sin(at_s * 0.9 + who) + 0.006 * sin(at_s * 2.3 + 2 * who)
        nod = 0.008 * mouth / actors.MOUTHS + 0.004 * sin(at_s * 1.7 + who)
        middle = feet - (figure.tall - 0.14) / 2
        self._picture.paste(self._torsos[who], *self._lens.at(home_x + sway / 2, middle))
        blink = sin(at_s * 1.31 + 3 * who) * sin(at_s * 0.73 + who) > 0.94
        head = self._heads[who, mouth, blink]
        self._picture.paste(head, *self._lens.at(home_x + sway, feet - figure.tall + 0.06 - nod))

    def _paste_balloons(self, at_s: float) -> None:
        for number, (x, y, _) in enumerate(_BALLOONS):
            drift_x = 0.05 * sin(at_s * 0.41 + 2.1 * number) + 0.02 * sin(at_s * 1.13 + number)
            drift_y = 0.04 * sin(at_s * 0.67 + 1.3 * number)
            self._picture.paste(self._balloons[number], *self._lens.at(x + drift_x, y + drift_y, _BEFORE))

    def _paste_marks(self, at_s: float) -> None:
        height = self._lens.height
        self._picture.paste(self._label, 0.18 * height, 0.93 * height)
        if at_s % 1.0 < 0.6:
            self._picture.paste(self._rec, self._lens.width - 0.08 * height, 0.08 * height)

    def _sprite(self, canvas: Canvas) -> Sprite:
        return sprite(canvas, self._lens.view.look)


class _Mouth:
    """How far one person's mouth is open: wide in the middle of a syllable, closed between."""

    def __init__(self, scene: Scene, who: int) -> None:
        spoken = [syllable for syllable in scene.syllables if syllable.who == who]
        self._starts = np.array([syllable.start for syllable in spoken]) / SCENE_RATE
        self._lengths = np.array([syllable.length for syllable in spoken]) / SCENE_RATE

    def openness(self, at_s: float) -> int:
        """Return 0 (closed) to `MOUTHS - 1` (wide open)."""
        last = int(np.searchsorted(self._starts, at_s, side="right")) - 1
        if last < 0:
            return 0
        along = (at_s - self._starts[last]) / self._lengths[last]
        return round((actors.MOUTHS - 1) * sin(np.pi * along)) if along < 1 else 0


def _painted_set(lens: Lens) -> Canvas:
    """Paint what does not move: wall, moon, lamps on a string, floor, loudspeaker, clock's frame."""
    canvas = Canvas(lens.width, lens.height)
    everywhere = np.ones_like(canvas.alpha)
    down = canvas.y / lens.height + 0 * canvas.x
    canvas.paint(everywhere, (0.20, 0.19, 0.38), (1.0 + 0.5 * down).astype(np.float32))
    unit = lens.unit(_BEHIND)
    for x, y, reach, colour in (
        (0.85, 0.60, 0.55, (0.70, 0.40, 0.48)),
        (0.20, 0.20, 0.35, (0.45, 0.42, 0.62)),
    ):
        canvas.paint(0.8 * canvas.glow(*lens.at(x, y, _BEHIND), reach * unit), colour)
    canvas.paint(canvas.disc(*lens.at(0.20, 0.24, _BEHIND), 0.105 * unit), (0.99, 0.94, 0.80))
    dusk = canvas.disc(*lens.at(0.245, 0.215, _BEHIND), 0.09 * unit, 0.03 * unit)
    canvas.paint(0.25 * dusk, (0.95, 0.80, 0.62))
    _hang_lamps(canvas, lens, unit)
    _lay_floor(canvas, lens)
    _put_speaker(canvas, lens, unit)
    return canvas


def _hang_lamps(canvas: Canvas, lens: Lens, unit: float) -> None:
    for number in range(19):
        x = -0.2 + number * 0.12
        sag = 0.05 + 0.055 * (1 - ((x - ASPECT / 2) / 1.1) ** 2)
        spot = lens.at(x, sag, _BEHIND)
        colour = ((1.0, 0.86, 0.55), (1.0, 0.70, 0.50), (0.75, 0.85, 1.0))[number % 3]
        canvas.paint(canvas.glow(*spot, 0.035 * unit) * 0.45, colour)
        canvas.paint(canvas.disc(*spot, 0.010 * unit), colour)


def _lay_floor(canvas: Canvas, lens: Lens) -> None:
    _, horizon = lens.at(0, _FLOOR_Y)
    floor = np.clip(canvas.y - horizon + 0.5, 0, 1) + 0 * canvas.x
    near = np.clip((canvas.y - horizon) / (lens.height - horizon + 1), 0, 1) + 0 * canvas.x
    canvas.paint(floor.astype(np.float32), (0.36, 0.22, 0.27), (0.85 + 0.5 * near).astype(np.float32))
    for x, y in _HOMES:
        middle_x, middle_y = lens.at(x, y)
        wide = lens.unit() * 0.17
        flat = np.sqrt((canvas.x - middle_x) ** 2 + ((canvas.y - middle_y) * 5) ** 2)
        shadow = np.clip(1 - flat / wide, 0, 1) * floor
        canvas.paint((0.6 * shadow).astype(np.float32), (0.12, 0.07, 0.12))


def _put_speaker(canvas: Canvas, lens: Lens, unit: float) -> None:
    x, y = lens.at(*_SPEAKER, _BEHIND)
    canvas.paint(canvas.box(x, y, (0.115 * unit, 0.20 * unit), 0.02 * unit), (0.13, 0.12, 0.18))
    canvas.paint(canvas.box(x, y, (0.105 * unit, 0.19 * unit), 0.018 * unit), (0.20, 0.19, 0.27))
