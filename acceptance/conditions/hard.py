"""Shoots with one fault: a doubt is fine, but what is accepted must be right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from acceptance import scenes
from acceptance.conditions.stages import (
    Stage,
    add_noise,
    choose_event,
    give_concert,
    make_echo_room,
    record_all,
    shoot_usual,
)
from acceptance.dsp import RATE, convolve, shape
from acceptance.files import MP4_AAC
from acceptance.ltc import TC25, TIMECODES
from acceptance.microphones import PHONE, vary
from acceptance.shoot import (
    Event,
    Source,
    Take,
    add_channel,
    add_timecode,
    last_second,
    plan_spans,
    record,
    set_timecode,
    set_up,
)
from acceptance.sources import Library


def _tower_echo(rng: np.random.Generator, library: Library) -> list[Take]:
    cameras = set_up(rng, plan_spans(rng, 3))
    for number in (1, 2) if rng.random() < 0.5 else (2,):
        tower = (float(rng.uniform(0.06, 0.2)), float(rng.uniform(1, 8)))
        cameras[number] = replace(cameras[number], tower=tower)
    seconds = last_second(cameras)
    music = rng.random() < 0.5
    main = library.play_music(rng, seconds) if music else scenes.speak(library, rng, seconds)
    crowd = Source(scenes.gather_crowd(library, rng, seconds), -15.0, 0.003)
    return record_all(rng, Event((Source(main), crowd), make_echo_room(rng)), cameras)


def _deep_noise(rng: np.random.Generator, library: Library) -> list[Take]:
    event, cameras = shoot_usual(rng, library)
    noisy = [
        add_noise(rng, camera, library.play_noise(rng, 90), rng.uniform(-10, -5)) if number else camera
        for number, camera in enumerate(cameras)
    ]
    return record_all(rng, event, noisy)


def _small_overlap(rng: np.random.Generator, library: Library) -> list[Take]:
    lengths = rng.uniform(45, 90, 2)
    begin = 2.0 + lengths[0] - rng.uniform(4, 10)
    cameras = set_up(rng, [(2.0, float(lengths[0])), (float(begin), float(lengths[1]))])
    return record_all(rng, choose_event(rng, library, last_second(cameras)), cameras)


def _strong_drift(rng: np.random.Generator, library: Library) -> list[Take]:
    event, cameras = shoot_usual(rng, library)
    drift = float(rng.choice((-1, 1)) * rng.uniform(150, 500))
    cameras[1] = replace(cameras[1], drift_ppm=drift)
    return record_all(rng, event, cameras)


def _behind_glass(rng: np.random.Generator, library: Library) -> list[Take]:
    event, cameras = shoot_usual(rng, library)
    street = add_noise(rng, cameras[2], scenes.pass_traffic(rng, 90), rng.uniform(-3, 6))
    behind = replace(vary(rng, PHONE), low_hz=80, high_hz=rng.uniform(300, 700))
    cameras[2] = replace(street, mic=behind, distance_m=rng.uniform(8, 20), facing=1.0)
    return record_all(rng, event, cameras)


def _dead_channel(rng: np.random.Generator, library: Library) -> list[Take]:
    event, cameras = shoot_usual(rng, library)
    takes = record_all(rng, event, [replace(camera, stereo=False) for camera in cameras])
    for number in (1, 2):
        rate = takes[number].form.sample_rate
        time = np.arange(takes[number].sound.shape[1]) / rate
        hum = sum(np.sin(2 * np.pi * 50 * k * time) / k for k in (1, 2, 3, 5)) * (0.4 if number == 1 else 0)
        dead = add_channel(takes[number], np.asarray(hum, np.float32))
        takes[number] = replace(dead, sound=dead.sound[::-1]) if rng.random() < 0.5 else dead
    return takes


def _pumping(rng: np.random.Generator, library: Library) -> list[Take]:
    event, cameras = shoot_usual(rng, library)
    pumped = []
    for camera in cameras:
        mic = replace(vary(rng, PHONE), gain_control=0.95, release_s=rng.uniform(0.1, 2.5), limit_db=-9.0)
        noisy = add_noise(rng, camera, scenes.blow_wind(rng, 60, 1.5), rng.uniform(0, 8))
        pumped.append(replace(noisy, mic=mic))
    return record_all(rng, event, pumped)


def _late_programme(rng: np.random.Generator, library: Library) -> list[Take]:
    event, cameras = shoot_usual(rng, library)
    takes = record_all(rng, event, [replace(camera, stereo=False) for camera in cameras])
    number = int(rng.integers(1, 3))
    feed = Event((event.sources[0],), make_echo_room(rng))
    delayed = replace(cameras[number], begin_s=cameras[number].begin_s - float(rng.uniform(0.08, 0.4)))
    delayed = replace(delayed, distance_m=0.5, stereo=False)
    takes[number] = add_channel(takes[number], record(rng, feed, delayed).sound[0])
    return takes


def _skip(rng: np.random.Generator, library: Library, share: tuple[float, float]) -> list[Take]:
    """Let one camera lose 50 to 500 ms at this share of what it has in common with the first."""
    cameras = set_up(rng, plan_spans(rng, 2 + int(rng.random() < 0.5)))
    reference, camera = cameras[0], cameras[1]
    first = max(reference.begin_s, camera.begin_s) - camera.begin_s
    last = min(reference.begin_s + reference.seconds, camera.begin_s + camera.seconds) - camera.begin_s
    at = first + (last - first) * rng.uniform(*share)
    cameras[1] = replace(camera, skip=(float(at), float(rng.uniform(0.05, 0.5))))
    return record_all(rng, choose_event(rng, library, last_second(cameras) + 1), cameras)


def _early_skip(rng: np.random.Generator, library: Library) -> list[Take]:
    return _skip(rng, library, (0.08, 0.6))


def _late_skip(rng: np.random.Generator, library: Library) -> list[Take]:
    return _skip(rng, library, (0.8, 0.97))


def _free_timecode(rng: np.random.Generator, library: Library) -> list[Take]:
    """Let every file carry a timecode of its own counter, with good sound: only the sound is right."""
    event, cameras = shoot_usual(rng, library)
    timecode = TIMECODES[rng.integers(4)]
    wrong = [set_timecode(camera, timecode, ahead_s=float(rng.uniform(-3000, 3000))) for camera in cameras]
    return record_all(rng, event, wrong)


def _wrong_ltc(rng: np.random.Generator, library: Library) -> list[Take]:
    """Let one box be wrong by whole seconds or frames, with good sound: only the sound is right."""
    event, cameras = shoot_usual(rng, library)
    form = replace(MP4_AAC, bit_rate=192_000, video_rate=TC25.rate)
    takes = record_all(rng, event, [replace(camera, form=form, stereo=False) for camera in cameras])
    wrong = float(rng.integers(1, 20)) if rng.random() < 0.5 else float(rng.integers(1, 13)) / 25
    ahead = [0.0, 0.0, wrong] if rng.random() < 0.5 else [0.0, -wrong, 0.0]
    return [add_timecode(take, TC25, ahead_s=ahead_s) for take, ahead_s in zip(takes, ahead, strict=True)]


def _neighbour_room(rng: np.random.Generator, library: Library) -> list[Take]:
    """Put one camera into the next room, where other people talk louder than the event."""
    cameras = set_up(rng, plan_spans(rng, 3))
    seconds = last_second(cameras)
    event = give_concert(rng, library, seconds)
    talk = scenes.speak(library, rng, 60, pauses_s=(0.1, 0.6))
    muffled = convolve(talk[: 60 * RATE], shape([100, 500, 8000], [0, 0, -6], 1024))
    cameras[2] = add_noise(rng, replace(cameras[2], distance_m=15), muffled, rng.uniform(-8, 0))
    return record_all(rng, event, cameras)


STAGES: dict[str, Stage] = {
    "tower_echo": _tower_echo,
    "deep_noise": _deep_noise,
    "small_overlap": _small_overlap,
    "strong_drift": _strong_drift,
    "behind_glass": _behind_glass,
    "dead_channel": _dead_channel,
    "pumping": _pumping,
    "late_programme": _late_programme,
    "early_skip": _early_skip,
    "late_skip": _late_skip,
    "free_timecode": _free_timecode,
    "wrong_ltc": _wrong_ltc,
    "neighbour_room": _neighbour_room,
}
