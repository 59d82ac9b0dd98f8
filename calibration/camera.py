"""Three cameras at an event: what each records, and where that lies in truth."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from calibration.clock import sampled
from calibration.codec import through_aac
from calibration.listened import listened
from calibration.material import Shelf
from calibration.microphone import Trouble, hum
from calibration.room import LEAD, OpenGround, Point, Room, response
from calibration.signals import RATE, Wave, convolved, levelled
from mcsyncd.sync.recording import Recording

_RUN_UP_S = 1.5
"""What sounded so long before a take is still in the room."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """An event: sources in their places, on the scene's clock. The first source is the main one."""

    waves: tuple[Wave, ...]
    points: tuple[Point, ...]
    place: Room | OpenGround


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """One clip of one camera.

    It starts at `start_s` of the scene's clock and lasts `seconds` of its own, which runs so that
    scene time = start_s + clip time * (1 + slope). `known` says that it has one right place.
    `late` is by how many analysis samples its sound starts after its picture. `skips` are (clip
    second, scene seconds lost there). `second` is what a second channel carries, if there is one.
    """

    angle: str
    scene: Scene
    start_s: float
    seconds: float
    point: Point
    slope: float = 0.0
    known: bool = True
    direct: float = 1.0
    troubles: tuple[Trouble, ...] = ()
    kilobits: int | None = None
    late: int = 0
    rms: float = 0.05
    skips: tuple[tuple[float, float], ...] = ()
    second: str | None = None
    name: str = field(default="clip_1")

    @property
    def end_s(self) -> float:
        """The scene's time at which the take ends, skips left away."""
        return self.start_s + self.seconds * (1 + self.slope)


def recorded(take: Take, shelf: Shelf, rng: np.random.Generator) -> Recording:
    """Return what the engine is given of a take."""
    wave = _at_the_clock(take, _heard(take, rng))
    for trouble in take.troubles:
        wave = trouble(wave, rng, shelf)
    wave = levelled(wave, take.rms)[2 * take.late :]
    channels = [wave, *_second(take.second, wave, rng)]
    # The converter's own noise, half a step, is what keeps silence from being the same everywhere.
    channels = [
        _converted(one + rng.standard_normal(one.size, dtype=np.float32) * np.float32(1.5e-5))
        for one in channels
    ]
    if take.kilobits is not None:
        channels = [through_aac(one, take.kilobits) for one in channels]
    return listened(take.angle, take.name, channels, take.late, take.seconds)


def _heard(take: Take, rng: np.random.Generator) -> Wave:
    """Return the sound at the camera's place, from `_RUN_UP_S` before its start, on the scene's clock."""
    lost = sum(seconds for _, seconds in take.skips)
    first = int(np.floor((take.start_s - _RUN_UP_S) * RATE))
    last = int(np.ceil((take.end_s + lost + 0.1) * RATE))
    zero_m = float(np.linalg.norm(np.subtract(take.scene.points[0], take.point)))
    total = np.zeros(last - first, np.float32)
    for at, (wave, point) in enumerate(zip(take.scene.waves, take.scene.points, strict=True)):
        dry = wave[max(0, first) : max(0, last)]
        if not dry.any():
            continue
        direct = take.direct if at == 0 else 1.0
        wet = convolved(dry, response(take.scene.place, point, take.point, zero_m, rng, direct=direct))[LEAD:]
        begin = max(0, -first)
        size = min(wet.size, total.size - begin)
        total[begin : begin + size] += wet[:size]
    return total


def _at_the_clock(take: Take, heard: Wave) -> Wave:
    """Return the camera's own samples of `heard`, without what it skipped."""
    first = int(np.floor((take.start_s - _RUN_UP_S) * RATE))
    count, lost, begun, pieces = round(take.seconds * RATE), 0.0, 0, []
    for at_s, lost_s in (*take.skips, (take.seconds, 0.0)):
        end = min(round(at_s * RATE), count)
        place = (take.start_s + lost) * RATE + begun * (1 + take.slope) - first
        pieces.append(sampled(heard, place, take.slope, end - begun))
        begun, lost = end, lost + lost_s
    return np.concatenate(pieces)


def _second(kind: str | None, wave: Wave, rng: np.random.Generator) -> list[Wave]:
    if kind is None:
        return []
    if kind == "dead":
        return [np.zeros_like(wave)]
    if kind == "hum":
        return [levelled(hum(wave.size, rng), 0.2)]
    if kind == "inverted":
        return [-wave]
    # The other capsule: less of the scene, more of its own hiss.
    hiss = levelled(rng.standard_normal(wave.size, dtype=np.float32), 0.02)
    return [np.float32(rng.uniform(0.2, 0.8)) * wave + hiss]


def _converted(wave: Wave) -> Wave:
    """Return `wave` as a 16-bit converter leaves it."""
    return np.clip(np.rint(wave * 32767), -32768, 32767).astype(np.float32) / np.float32(32767)
