"""Shoots of every day: these must be right, and accepted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from acceptance import rooms, scenes
from acceptance.conditions.stages import (
    Stage,
    add_noise,
    converse,
    count_cameras,
    give_concert,
    hold_event,
    record_all,
    shoot_usual,
)
from acceptance.dsp import scale_to
from acceptance.microphones import ACTION, CAMERA, LAVALIER, PHONE, RECORDER, SHOTGUN, vary
from acceptance.shoot import Source, Take, last_second, plan_spans, set_up
from acceptance.sources import Library


def _dialogue(rng: np.random.Generator, library: Library) -> list[Take]:
    cameras = set_up(rng, plan_spans(rng, count_cameras(rng)))
    return record_all(rng, converse(rng, library, last_second(cameras)), cameras)


def _concert(rng: np.random.Generator, library: Library) -> list[Take]:
    cameras = set_up(rng, plan_spans(rng, count_cameras(rng)), distances_m=(4, 20))
    return record_all(rng, give_concert(rng, library, last_second(cameras)), cameras)


def _street_interview(rng: np.random.Generator, library: Library) -> list[Take]:
    cameras = set_up(rng, plan_spans(rng, 2 + int(rng.random() < 0.6)), distances_m=(0.7, 3))
    kinds = (SHOTGUN, PHONE, LAVALIER)
    cameras = [replace(camera, mic=vary(rng, kinds[at])) for at, camera in enumerate(cameras)]
    seconds = last_second(cameras)
    speech = Source(scenes.speak(library, rng, seconds, pauses_s=(0.2, 1.0)))
    event = hold_event(rng, rooms.STREET, speech, Source(scenes.pass_traffic(rng, seconds), -10.0, 0.003))
    return record_all(rng, event, cameras)


def _church(rng: np.random.Generator, library: Library) -> list[Take]:
    cameras = set_up(rng, plan_spans(rng, 3), distances_m=(3, 9))
    seconds = last_second(cameras)
    speech = scenes.speak(library, rng, seconds, voices=1, pauses_s=(0.5, 2.5))
    music = library.play_music(rng, seconds)
    main = speech if rng.random() < 0.5 else scale_to(speech + music, -20)
    coughs = Source(scenes.gather_crowd(library, rng, seconds), -26.0, 0.003)
    return record_all(rng, hold_event(rng, rooms.CHURCH, Source(main), coughs), cameras)


def _windy_ceremony(rng: np.random.Generator, library: Library) -> list[Take]:
    cameras = set_up(rng, plan_spans(rng, 3), distances_m=(2, 10))
    seconds = last_second(cameras)
    speech = Source(scenes.speak(library, rng, seconds, voices=2, pauses_s=(0.4, 2.0)))
    clapping = Source(scenes.gather_crowd(library, rng, seconds), -12.0, 0.004)
    event = hold_event(rng, rooms.FIELD, speech, clapping)
    windy = [add_noise(rng, camera, scenes.blow_wind(rng, 60), rng.uniform(3, 12)) for camera in cameras]
    return record_all(rng, event, windy)


def _three_microphones(rng: np.random.Generator, library: Library) -> list[Take]:
    event, cameras = shoot_usual(rng, library)
    kinds = (SHOTGUN, ACTION, PHONE)
    order = rng.permutation(3)
    mixed = [replace(camera, mic=vary(rng, kinds[at])) for camera, at in zip(cameras, order, strict=True)]
    return record_all(rng, event, mixed)


def _recorder(rng: np.random.Generator, library: Library) -> list[Take]:
    cameras = set_up(rng, plan_spans(rng, 3), recorder=True)
    cameras[-1] = replace(cameras[-1], mic=vary(rng, RECORDER), distance_m=0.8)
    return record_all(rng, converse(rng, library, last_second(cameras)), cameras)


def _long_drift(rng: np.random.Generator, library: Library) -> list[Take]:
    cameras = set_up(rng, plan_spans(rng, 2, least_s=240, most_s=480), drift_ppm=100)
    return record_all(rng, converse(rng, library, last_second(cameras)), cameras)


def _chain(rng: np.random.Generator, library: Library) -> list[Take]:
    lengths = rng.uniform(60, 120, 3)
    second = 2.0 + lengths[0] - rng.uniform(20, 30)
    third = max(second + lengths[1] - rng.uniform(20, 30), 4.0 + lengths[0])
    if second + lengths[1] - third < 18:
        lengths[1] = third + 20 - second
    spans = [(2.0, float(lengths[0])), (second, float(lengths[1])), (float(third), float(lengths[2]))]
    cameras = set_up(rng, spans)
    return record_all(rng, converse(rng, library, last_second(cameras)), cameras)


def _several_clips(rng: np.random.Generator, library: Library) -> list[Take]:
    spans = [(5.0, rng.uniform(120, 180))]
    begin = rng.uniform(2, 20)
    for _ in range(2 + int(rng.random() < 0.5)):
        length = rng.uniform(30, 50)
        spans.append((begin, length))
        begin += length + rng.uniform(1, 12)
    spans.append((rng.uniform(2, 40), rng.uniform(70, 120)))
    cameras = set_up(rng, spans[:3])
    second, rest = cameras[1], set_up(rng, spans[3:])
    clips = [replace(second, begin_s=begin, seconds=length) for begin, length in spans[1:-1]]
    third = replace(rest[-1], angle="cam_c")
    event = converse(rng, library, max(begin + length for begin, length in spans) + 2)
    return record_all(rng, event, [cameras[0], *clips, third])


def _dj_set(rng: np.random.Generator, library: Library) -> list[Take]:
    cameras = set_up(rng, plan_spans(rng, 3), distances_m=(2, 12))
    seconds = last_second(cameras)
    beat = scenes.beat_drum(rng, seconds, rng.uniform(110, 138))
    mix = scale_to(beat + library.play_music(rng, seconds), -20)
    dancers = Source(scenes.gather_crowd(library, rng, seconds), -14.0, 0.003)
    return record_all(rng, hold_event(rng, rooms.CLUB, Source(mix), dancers), cameras)


def _sports_hall(rng: np.random.Generator, library: Library) -> list[Take]:
    cameras = set_up(rng, plan_spans(rng, count_cameras(rng)), distances_m=(5, 15))
    seconds = last_second(cameras)
    announcer = Source(scenes.speak(library, rng, seconds, voices=1, pauses_s=(0.5, 4)))
    fans = Source(scenes.gather_crowd(library, rng, seconds), -6.0, 0.004)
    return record_all(rng, hold_event(rng, rooms.SPORTS_HALL, announcer, fans), cameras)


def _short_clip(rng: np.random.Generator, library: Library) -> list[Take]:
    cameras = set_up(rng, plan_spans(rng, 3))
    length = float(rng.uniform(20, 40))
    begin = cameras[0].begin_s + rng.uniform(0, cameras[0].seconds - length)
    cameras[2] = replace(cameras[2], begin_s=float(begin), seconds=length)
    return record_all(rng, converse(rng, library, last_second(cameras)), cameras)


def _low_level(rng: np.random.Generator, library: Library) -> list[Take]:
    event, cameras = shoot_usual(rng, library)
    cameras = [replace(camera, mic=vary(rng, CAMERA)) for camera in cameras]
    noisy = [add_noise(rng, camera, library.play_noise(rng, 60), rng.uniform(0, 6)) for camera in cameras]
    return record_all(rng, event, noisy)


STAGES: dict[str, Stage] = {
    "dialogue": _dialogue,
    "concert": _concert,
    "street_interview": _street_interview,
    "church": _church,
    "windy_ceremony": _windy_ceremony,
    "three_microphones": _three_microphones,
    "recorder": _recorder,
    "long_drift": _long_drift,
    "chain": _chain,
    "several_clips": _several_clips,
    "dj_set": _dj_set,
    "sports_hall": _sports_hall,
    "short_clip": _short_clip,
    "low_snr": _low_level,
}
