"""What conditions are built from: events of the usual kinds, and ordinary cameras at them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from acceptance import rooms, scenes
from acceptance.dsp import Sound
from acceptance.rooms import Room, build_room
from acceptance.shoot import Camera, Event, Source, Take, last_second, plan_spans, record, set_up
from acceptance.sources import Library

Stage = Callable[[np.random.Generator, Library], list[Take]]


def hold_event(rng: np.random.Generator, kind: tuple[float, float, float, float], *sources: Source) -> Event:
    """Return sources in a new room of a kind."""
    return Event(sources, build_room(rng, kind))


def converse(rng: np.random.Generator, library: Library, seconds: float) -> Event:
    """Return a conversation in a living room with something going on outside."""
    outside = Source(library.play_noise(rng, seconds), -30.0, 0.002)
    speech = Source(scenes.speak(library, rng, seconds))
    return hold_event(rng, rooms.LIVING_ROOM, speech, outside)


def give_concert(rng: np.random.Generator, library: Library, seconds: float) -> Event:
    """Return music in a hall before an audience."""
    audience = Source(scenes.gather_crowd(library, rng, seconds), -18.0, 0.003)
    return hold_event(rng, rooms.HALL, Source(library.play_music(rng, seconds)), audience)


def choose_event(rng: np.random.Generator, library: Library, seconds: float) -> Event:
    """Return a conversation or a concert."""
    stage = converse if rng.random() < 0.6 else give_concert
    return stage(rng, library, seconds)


def record_all(rng: np.random.Generator, event: Event, cameras: Iterable[Camera]) -> list[Take]:
    """Return what each camera records of one event."""
    return [record(rng, event, camera) for camera in cameras]


def shoot_usual(rng: np.random.Generator, library: Library, count: int = 3) -> tuple[Event, list[Camera]]:
    """Return an event and ordinary cameras at it."""
    cameras = set_up(rng, plan_spans(rng, count))
    return choose_event(rng, library, last_second(cameras)), cameras


def add_noise(rng: np.random.Generator, camera: Camera, noise: Sound, snr_db: float) -> Camera:
    """Return the camera with noise of its own, from a place in it that no other camera has."""
    return replace(camera, noise=np.roll(noise, int(rng.integers(noise.size))), snr_db=snr_db)


def plan_cameras(rng: np.random.Generator) -> list[Camera]:
    """Return two or three ordinary cameras."""
    return set_up(rng, plan_spans(rng, 2 + int(rng.random() < 0.5)))


def count_cameras(rng: np.random.Generator) -> int:
    """Return two to four, mostly three."""
    return int(rng.choice((2, 3, 3, 3, 4)))


def align_begins(cameras: Sequence[Camera]) -> list[Camera]:
    """Return the cameras as if all were started within five seconds; used where every place is ambiguous."""
    return [replace(camera, begin_s=2.0 + camera.begin_s % 5.0) for camera in cameras]


def make_echo_room(rng: np.random.Generator) -> Room:
    """Return an open field, where only a tower of loudspeakers repeats the sound."""
    return build_room(rng, rooms.FIELD)
