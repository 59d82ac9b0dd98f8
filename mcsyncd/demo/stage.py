"""Paint the frames: a small stage at night with two people talking, a loudspeaker and a clock.

Everything is painted once. A frame is a copy of the background with a dozen sprites pasted on it, so
ten minutes of three cameras at 1080p take only minutes. Positions and sizes are chosen by eye, in the
coordinates of `camera_view`.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, sin

import numpy as np

from mcsyncd.demo import actors
from mcsyncd.demo.camera_view import ASPECT, CameraLens
from mcsyncd.demo.lettering import paint_lamp_text
from mcsyncd.demo.painting import Canvas, Colour, Pixels, Sprite, YuvFrame, build_background, build_sprite
from mcsyncd.demo.scene import Scene
from mcsyncd.demo.sound_events import SCENE_RATE

_BACK_DEPTH = 0.85
_FRONT_DEPTH = 1.12
_FLOOR_Y = 0.78
_AMBER: Colour = (1.0, 0.72, 0.25)
_FIGURE_POSITIONS = ((0.60, 0.90), (1.10, 0.92))
_SPEAKER_POSITION = (1.52, 0.64)
_CLOCK_POSITION = (1.00, 0.20)
_BALLOONS: tuple[tuple[float, float, Colour], ...] = (
    (0.19, 0.48, (0.95, 0.52, 0.45)),
    (0.37, 0.42, (0.98, 0.80, 0.42)),
    (1.46, 0.30, (0.55, 0.70, 0.95)),
)


class StagePainter:
    """Paints the stage of a scene as one camera sees it."""

    def __init__(self, scene: Scene, lens: CameraLens, label: str) -> None:
        self._scene = scene
        self._lens = lens
        self._background = build_background(_paint_set(lens), lens.view.white_balance)
        self._frame = YuvFrame(lens.width, lens.height)
        self._mouths = [_Mouth(scene, person) for person in range(len(actors.FIGURES))]
        self._kicks = np.array([hit.start for hit in scene.hits if hit.drum == "kick"]) / SCENE_RATE
        self._label = self._build_sprite(
            paint_lamp_text(f"CAM {label}", lens.height / 120, (0.92, 0.95, 1.0))
        )
        self._rec = self._build_sprite(actors.paint_rec_lamp(lens.height))
        self._paint_props()

    def paint_frame(self, at_s: float) -> Pixels:
        """Return the stage at an instant of the session clock: yuv420p, shape (height * 3 / 2, width).

        The block is reused for the next frame.
        """
        np.copyto(self._frame.block, self._background.block)
        self._paste_band(at_s)
        for person in range(len(actors.FIGURES)):
            self._paste_figure(person, at_s)
        self._paste_balloons(at_s)
        if self._scene.is_flash_at(at_s):
            self._frame.apply_flash()
        self._paste_marks(at_s)
        return self._frame.block

    def _paint_props(self) -> None:
        unit = self._lens.compute_unit_px()
        self._torsos = [self._build_sprite(actors.paint_torso(figure, unit)) for figure in actors.FIGURES]
        self._heads = {
            (person, mouth, shut): self._build_sprite(actors.paint_head(figure, unit, mouth, blinking=shut))
            for person, figure in enumerate(actors.FIGURES)
            for mouth in range(actors.MOUTH_SHAPES)
            for shut in (False, True)
        }
        behind = self._lens.compute_unit_px(_BACK_DEPTH)
        self._cones = [
            self._build_sprite(actors.paint_speaker_cone(behind, stroke))
            for stroke in range(actors.CONE_SIZES)
        ]
        before = self._lens.compute_unit_px(_FRONT_DEPTH)
        self._balloons = [
            self._build_sprite(actors.paint_balloon(before, colour)) for _, _, colour in _BALLOONS
        ]
        # The clock changes ten times a second, so its face is cached while it is shown.
        self._cached_clock_face = lru_cache(maxsize=2)(self._paint_clock_face)

    def _paint_clock_face(self, tenths: int) -> Sprite:
        minutes, rest = divmod(abs(tenths), 600)
        sign = "-" if tenths < 0 else ""
        text = f"{sign}{minutes:02d}:{rest // 10:02d}.{rest % 10}"
        return self._build_sprite(paint_lamp_text(text, self._lens.compute_unit_px(_BACK_DEPTH) / 76, _AMBER))

    def _paste_band(self, at_s: float) -> None:
        self._frame.paste(
            self._cached_clock_face(int(np.floor(at_s * 10))),
            *self._lens.project_point(*_CLOCK_POSITION, _BACK_DEPTH),
        )
        last = int(np.searchsorted(self._kicks, at_s, side="right")) - 1
        elapsed = at_s - self._kicks[last] if last >= 0 else 1.0
        stroke = round((actors.CONE_SIZES - 1) * exp(-elapsed * 9))
        for offset_y in (0.0, 0.17):
            self._frame.paste(
                self._cones[stroke],
                *self._lens.project_point(
                    _SPEAKER_POSITION[0], _SPEAKER_POSITION[1] - 0.085 + offset_y, _BACK_DEPTH
                ),
            )

    def _paste_figure(self, person: int, at_s: float) -> None:
        figure, (home_x, feet) = actors.FIGURES[person], _FIGURE_POSITIONS[person]
        mouth = self._mouths[person].compute_openness(at_s)
        sway = 0.012 * sin(at_s * 0.9 + person) + 0.006 * sin(at_s * 2.3 + 2 * person)
        nod = 0.008 * mouth / actors.MOUTH_SHAPES + 0.004 * sin(at_s * 1.7 + person)
        middle = feet - (figure.height - 0.14) / 2
        self._frame.paste(self._torsos[person], *self._lens.project_point(home_x + sway / 2, middle))
        blink = sin(at_s * 1.31 + 3 * person) * sin(at_s * 0.73 + person) > 0.94
        head = self._heads[person, mouth, blink]
        self._frame.paste(head, *self._lens.project_point(home_x + sway, feet - figure.height + 0.06 - nod))

    def _paste_balloons(self, at_s: float) -> None:
        for number, (x, y, _) in enumerate(_BALLOONS):
            shift_x = 0.05 * sin(at_s * 0.41 + 2.1 * number) + 0.02 * sin(at_s * 1.13 + number)
            shift_y = 0.04 * sin(at_s * 0.67 + 1.3 * number)
            self._frame.paste(
                self._balloons[number], *self._lens.project_point(x + shift_x, y + shift_y, _FRONT_DEPTH)
            )

    def _paste_marks(self, at_s: float) -> None:
        height = self._lens.height
        self._frame.paste(self._label, 0.18 * height, 0.93 * height)
        if at_s % 1.0 < 0.6:
            self._frame.paste(self._rec, self._lens.width - 0.08 * height, 0.08 * height)

    def _build_sprite(self, canvas: Canvas) -> Sprite:
        return build_sprite(canvas, self._lens.view.white_balance)


class _Mouth:
    """How far a person's mouth is open: wide in the middle of a syllable, closed between syllables."""

    def __init__(self, scene: Scene, person: int) -> None:
        spoken = [syllable for syllable in scene.syllables if syllable.speaker == person]
        self._starts = np.array([syllable.start for syllable in spoken]) / SCENE_RATE
        self._lengths = np.array([syllable.length for syllable in spoken]) / SCENE_RATE

    def compute_openness(self, at_s: float) -> int:
        """Return a mouth shape, 0 (closed) to `MOUTH_SHAPES - 1` (wide open)."""
        last = int(np.searchsorted(self._starts, at_s, side="right")) - 1
        if last < 0:
            return 0
        along = (at_s - self._starts[last]) / self._lengths[last]
        return round((actors.MOUTH_SHAPES - 1) * sin(np.pi * along)) if along < 1 else 0


def _paint_set(lens: CameraLens) -> Canvas:
    """Paint everything that does not move: wall, moon, string of lamps, floor, loudspeaker."""
    canvas = Canvas(lens.width, lens.height)
    everywhere = np.ones_like(canvas.alpha)
    down = canvas.y / lens.height + 0 * canvas.x
    canvas.paint(everywhere, (0.20, 0.19, 0.38), (1.0 + 0.5 * down).astype(np.float32))
    unit = lens.compute_unit_px(_BACK_DEPTH)
    for x, y, reach, colour in (
        (0.85, 0.60, 0.55, (0.70, 0.40, 0.48)),
        (0.20, 0.20, 0.35, (0.45, 0.42, 0.62)),
    ):
        canvas.paint(0.8 * canvas.draw_glow(*lens.project_point(x, y, _BACK_DEPTH), reach * unit), colour)
    canvas.paint(
        canvas.draw_disc(*lens.project_point(0.20, 0.24, _BACK_DEPTH), 0.105 * unit), (0.99, 0.94, 0.80)
    )
    dusk = canvas.draw_disc(*lens.project_point(0.245, 0.215, _BACK_DEPTH), 0.09 * unit, 0.03 * unit)
    canvas.paint(0.25 * dusk, (0.95, 0.80, 0.62))
    _paint_lamps(canvas, lens, unit)
    _paint_floor(canvas, lens)
    _paint_speaker(canvas, lens, unit)
    return canvas


def _paint_lamps(canvas: Canvas, lens: CameraLens, unit: float) -> None:
    for number in range(19):
        x = -0.2 + number * 0.12
        sag = 0.05 + 0.055 * (1 - ((x - ASPECT / 2) / 1.1) ** 2)
        spot = lens.project_point(x, sag, _BACK_DEPTH)
        colour = ((1.0, 0.86, 0.55), (1.0, 0.70, 0.50), (0.75, 0.85, 1.0))[number % 3]
        canvas.paint(canvas.draw_glow(*spot, 0.035 * unit) * 0.45, colour)
        canvas.paint(canvas.draw_disc(*spot, 0.010 * unit), colour)


def _paint_floor(canvas: Canvas, lens: CameraLens) -> None:
    _, horizon = lens.project_point(0, _FLOOR_Y)
    floor = np.clip(canvas.y - horizon + 0.5, 0, 1) + 0 * canvas.x
    near = np.clip((canvas.y - horizon) / (lens.height - horizon + 1), 0, 1) + 0 * canvas.x
    canvas.paint(floor.astype(np.float32), (0.36, 0.22, 0.27), (0.85 + 0.5 * near).astype(np.float32))
    for x, y in _FIGURE_POSITIONS:
        middle_x, middle_y = lens.project_point(x, y)
        wide = lens.compute_unit_px() * 0.17
        flat = np.sqrt((canvas.x - middle_x) ** 2 + ((canvas.y - middle_y) * 5) ** 2)
        shadow = np.clip(1 - flat / wide, 0, 1) * floor
        canvas.paint((0.6 * shadow).astype(np.float32), (0.12, 0.07, 0.12))


def _paint_speaker(canvas: Canvas, lens: CameraLens, unit: float) -> None:
    x, y = lens.project_point(*_SPEAKER_POSITION, _BACK_DEPTH)
    canvas.paint(canvas.draw_box(x, y, (0.115 * unit, 0.20 * unit), 0.02 * unit), (0.13, 0.12, 0.18))
    canvas.paint(canvas.draw_box(x, y, (0.105 * unit, 0.19 * unit), 0.018 * unit), (0.20, 0.19, 0.27))
