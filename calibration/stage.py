"""Who stands where and records when: the layout of an event in time and space."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calibration.camera import Scene, Take
from calibration.microphone import draw_troubles
from calibration.room import OpenGround, Point, Room
from calibration.signals import Wave
from calibration.sounds import Draw, generate_content

ANGLES = ("cam_a", "cam_b", "cam_c")
"""The angles of every session; the first is the reference."""

Span = tuple[float, float]
"""Start on the scene's clock and length, in seconds."""

_FIRST_START_S = 2.0
"""Seconds of the scene before the first take: more than `camera._PREROLL_S`, which has to be inside of it."""
_MAX_SPREAD_M = 0.7
"""Metres that other sources are away from the main one at most. Their sound then differs by 4 ms at most
between two cameras, so a solver that locks on to them is still within half a frame. More makes the truth
ambiguous."""
_LAYOUT_WEIGHTS = {"full": 0.58, "partial": 0.16, "short": 0.09, "inside": 0.10, "long": 0.03, "chain": 0.04}
"""Shares of the layouts when any may be drawn. Judgement: most shoots overlap fully; the rest are hard
cases."""
_PLACE_WEIGHTS = {"dry": 0.15, "outdoors": 0.2, "near": 0.35, "spread": 0.3}
"""Shares of the places when any may be drawn. Judgement."""


def draw_spans(draw: Draw, style: str) -> list[Span]:
    """Return when each camera records, in the order of ANGLES; the first to start does at 2 s.

    `style` is full, partial (from 3 s in common with cam_a), short (5 to 15 s), inside (two short
    ones in a long one), long (4 minutes), chain (one of them meets cam_a through the other only),
    or usual, which draws one of these.
    """
    if style == "usual":
        style = str(draw.rng.choice(list(_LAYOUT_WEIGHTS), p=list(_LAYOUT_WEIGHTS.values())))
    found = {"partial": _draw_partial, "inside": _draw_inside, "chain": _draw_chain}.get(style)
    if found is not None:
        drawn = found(draw)
    else:
        base = {
            "full": draw.draw_uniform(40, 110),
            "short": draw.draw_uniform(5, 15),
            "long": draw.draw_uniform(200, 270),
        }[style]
        drawn = [(draw.draw_uniform(0, 0.3 * base), base * draw.draw_uniform(0.75, 1.0)) for _ in ANGLES]
    first = min(start for start, _ in drawn)
    return [(start - first + _FIRST_START_S, seconds) for start, seconds in drawn]


def _draw_partial(draw: Draw) -> list[Span]:
    reference = draw.draw_uniform(30, 80)
    others = []
    for _ in ANGLES[1:]:
        seconds = draw.draw_uniform(20, 80)
        # Even in the logarithm: the hard ones are those of a few seconds.
        common = float(np.exp(draw.draw_uniform(np.log(3), np.log(0.6 * min(seconds, reference)))))
        others.append((reference - common if draw.happens(0.5) else common - seconds, seconds))
    return [(0.0, reference), *others]


def _draw_inside(draw: Draw) -> list[Span]:
    whole = draw.draw_uniform(100, 300)
    others = []
    for _ in ANGLES[1:]:
        seconds = draw.draw_uniform(12, 30)
        # Around the middle, so that the two short ones have something in common now and then.
        others.append((float(np.clip(draw.rng.normal(whole / 2, whole / 5), 0, whole - seconds)), seconds))
    return [(0.0, whole), *others]


def _draw_chain(draw: Draw) -> list[Span]:
    lengths = [draw.draw_uniform(30, 60) for _ in ANGLES]
    middle = lengths[0] - draw.draw_uniform(6, 20)
    last = middle + lengths[1] - draw.draw_uniform(6, min(20, lengths[1] + middle - lengths[0] - 1))
    ends = [(middle, lengths[1]), (last, lengths[2])]
    return [(0.0, lengths[0]), *(ends if draw.happens(0.5) else ends[::-1])]


def build_scene(draw: Draw, waves: Sequence[Wave], place: str) -> tuple[Scene, list[Point]]:
    """Put sources into a place (dry, outdoors, near, spread, or any); return it and the cameras' points."""
    if place == "any":
        place = str(draw.rng.choice(list(_PLACE_WEIGHTS), p=list(_PLACE_WEIGHTS.values())))
    if place in {"dry", "outdoors"}:
        ground = OpenGround(0.0 if place == "dry" else draw.draw_uniform(0.4, 0.9))
        main = (0.0, 0.0, draw.draw_uniform(1.2, 3.0))
        cameras = [_draw_around(draw, draw.draw_uniform(1.5, 6 if place == "dry" else 30)) for _ in ANGLES]
        # Dry is a feed from one loudspeaker: all of it from one spot.
        points = (main,) * len(waves) if place == "dry" else _place_beside(draw, main, len(waves), None)
        return Scene(tuple(waves), points, ground), cameras
    size = (draw.draw_uniform(3, 15), draw.draw_uniform(3, 12), draw.draw_uniform(2.4, 6))
    room = Room(size, float(np.exp(draw.draw_uniform(np.log(0.2), np.log(1.2)))))
    main = _draw_inside_room(draw, size)
    cameras = [_keep_away(camera, main, size) for camera in _place_in_room(draw, place, main, size)]
    return Scene(tuple(waves), _place_beside(draw, main, len(waves), size), room), cameras


def _place_in_room(draw: Draw, place: str, main: Point, size: Point) -> list[Point]:
    """Return three points: near the source or near each other, or anywhere."""
    if place == "spread":
        return [_draw_inside_room(draw, size) for _ in ANGLES]
    if draw.happens(0.5):
        return [_move_point(draw, main, 2.0, size) for _ in ANGLES]
    middle = _draw_inside_room(draw, size)
    return [_move_point(draw, middle, 0.35, size) for _ in ANGLES]


def _draw_around(draw: Draw, distance_m: float) -> Point:
    turn = draw.draw_uniform(0, 2 * np.pi)
    return (distance_m * float(np.cos(turn)), distance_m * float(np.sin(turn)), draw.draw_uniform(1.0, 2.2))


def _draw_inside_room(draw: Draw, size: Point) -> Point:
    x, y, z = (draw.draw_uniform(0.4, length - 0.4) for length in size)
    return (x, y, min(z, 2.5))


def _move_point(draw: Draw, point: Point, reach_m: float, size: Point | None) -> Point:
    step = draw.rng.normal(0, 1, 3)
    step *= draw.draw_uniform(0.2, 1) * reach_m / np.linalg.norm(step)
    moved = np.add(point, step)
    if size is not None:
        moved = np.clip(moved, 0.1, np.array(size) - 0.1)
    x, y, z = moved.tolist()
    return (x, y, z)


def _keep_away(camera: Point, main: Point, size: Point) -> Point:
    """Return `camera`, half a metre at least from the source: any nearer, the room would be inaudible."""
    if np.linalg.norm(np.subtract(camera, main)) >= 0.5:
        return camera
    x, y, z = camera
    return (x + 0.8 if x + 0.9 < size[0] else x - 0.8, y, z)


def _place_beside(draw: Draw, main: Point, count: int, size: Point | None) -> tuple[Point, ...]:
    return (main, *(_move_point(draw, main, _MAX_SPREAD_M, size) for _ in range(count - 1)))


def draw_take(draw: Draw, angle: str, where: Scene, *, span: Span, point: Point, max_troubles: int) -> Take:
    """Return one camera's take with `most` troubles at most; cam_a's clock is the scene's."""
    obstructed = max_troubles > 0 and isinstance(where.place, Room) and draw.happens(0.1)
    return Take(
        angle=angle,
        scene=where,
        start_s=span[0],
        seconds=span[1],
        point=point,
        slope=0.0 if angle == ANGLES[0] else _draw_drift(draw),
        direct=draw.draw_uniform(0.3, 0.8) if obstructed else 1.0,
        troubles=draw_troubles(draw.rng, max_troubles),
        aac_kbps=int(draw.rng.choice([16, 24, 32, 48, 64, 96])) if draw.happens(0.33) else None,
        late_samples=int(draw.rng.integers(160, 2000)) if draw.happens(0.2) and span[1] > 8 else 0,
        rms=float(np.exp(draw.draw_uniform(np.log(0.004), np.log(0.2)))),
        second=draw.choose_name("dead", "hum", "inverted", "hissing")
        if max_troubles and draw.happens(0.15)
        else None,
    )


def _draw_drift(draw: Draw) -> float:
    """Crystals are within 50 ppm, some telephones within 300."""
    kind = draw.rng.random()
    if kind < 0.3:
        return 0.0
    return 1e-6 * (
        draw.draw_uniform(-300, 300) if kind > 0.8 else float(np.clip(draw.rng.normal(0, 25), -80, 80))
    )


def build_event(
    draw: Draw, kind: str, style: str = "usual", place: str = "any", max_troubles: int = 3
) -> list[Take]:
    """Return three cameras' takes of one event with sounds of `kind` (sounds.CONTENTS)."""
    schedule = draw_spans(draw, style)
    return film_scene(
        draw, generate_content(draw, kind, compute_needed_s(schedule)), schedule, place, max_troubles
    )


def compute_needed_s(schedule: Sequence[Span]) -> float:
    """Return how long a scene must be for these takes, a clock that runs 0.1 % slow included."""
    return max(start + 1.002 * seconds for start, seconds in schedule) + 4.0


def film_scene(
    draw: Draw, waves: Sequence[Wave], schedule: Sequence[Span], place: str, max_troubles: int
) -> list[Take]:
    """Return a take by each camera of the scene that has these sources."""
    where, points = build_scene(draw, waves, place)
    return [
        draw_take(draw, angle, where, span=span, point=point, max_troubles=max_troubles)
        for angle, span, point in zip(ANGLES, schedule, points, strict=True)
    ]


def find_linked(takes: Sequence[Take]) -> list[bool]:
    """Return of each take whether sound can tell its place.

    That needs a second in common with the first one, or with another that is linked.
    A camera that only met the reference through one that was somewhere else is lost with it.
    """
    sure = [at == 0 for at in range(len(takes))]
    for _ in takes:
        sure = [
            one.has_truth
            and (
                sure[at]
                or any(
                    sure[other] and _compute_shared_s(one, takes[other]) > 1 for other in range(len(takes))
                )
            )
            for at, one in enumerate(takes)
        ]
    return sure


def _compute_shared_s(one: Take, other: Take) -> float:
    if one.scene is not other.scene or one.angle == other.angle:
        return 0.0
    return min(one.end_s, other.end_s) - max(one.start_s, other.start_s)
