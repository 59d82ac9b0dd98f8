"""The scene: everything that happens in front of the cameras, as a pure function of a seed.

Times are seconds of the session clock (the reference camera's) and may be negative.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcsyncd.demo.music import DrumHit, compose_music
from mcsyncd.demo.sound_events import SCENE_RATE, Beep, Stem
from mcsyncd.demo.voice import Syllable, compose_conversation

FLASH_S = 0.12
"""Duration of a flash in seconds. Every camera with at least 10 fps records it on a frame."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Three sources of audio, and the events that are visible.

    `flashes` are the scene samples at which a flash and its beep begin.
    """

    speech: Stem
    music: Stem
    slate: Stem
    flashes: tuple[int, ...]
    syllables: tuple[Syllable, ...]
    hits: tuple[DrumHit, ...]

    def is_flash_at(self, at_s: float) -> bool:
        """Return whether a flash lights the stage at that instant."""
        return any(0 <= at_s - flash / SCENE_RATE < FLASH_S for flash in self.flashes)


def make_scene(seed: int, begin_s: float, end_s: float) -> Scene:
    """Return the scene of `seed` between two instants of the session clock.

    The same arguments give the same scene in every process, so three cameras film the same scene
    without communicating.
    """
    syllables = tuple(compose_conversation(seed, begin_s, end_s))
    music = list(compose_music(seed, begin_s, end_s))
    flashes = _draw_flashes(seed, begin_s, end_s)
    return Scene(
        speech=Stem(list(syllables)),
        music=Stem(music),
        slate=Stem([Beep(flash) for flash in flashes]),
        flashes=flashes,
        syllables=syllables,
        hits=tuple(event for event in music if isinstance(event, DrumHit)),
    )


def _draw_flashes(seed: int, begin_s: float, end_s: float) -> tuple[int, ...]:
    rng = np.random.default_rng((seed, 5))
    flashes: list[int] = []
    now = begin_s + rng.uniform(2.0, 4.0)
    while now < end_s - 1:
        flashes.append(round(now * SCENE_RATE))
        now += rng.uniform(3.5, 8.0)
    return tuple(flashes)
