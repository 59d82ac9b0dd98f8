"""Sessions in which a sound is heard twice: copies, playbacks, programmes and loops; no answer is right.

By its sound alone a playback cannot be told from the event. These sessions show what it costs to trust it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from acceptance import rooms, scenes
from acceptance.conditions.stages import Stage, converse, hold_event, plan_cameras, record_all, shoot_usual
from acceptance.dsp import RATE, add_at, stretch
from acceptance.files import MOV_ADPCM, MP4_AAC, MP4_AAC_LOW
from acceptance.microphones import PHONE, vary
from acceptance.shoot import Event, Source, Take, last_second, plan_spans, record, set_up
from acceptance.sources import Library


def _same_file(rng: np.random.Generator, library: Library) -> list[Take]:
    event, cameras = shoot_usual(rng, library)
    takes = record_all(rng, event, cameras[: 1 + int(rng.random() < 0.5)])
    again = replace(takes[-1], event=None, copy_of=len(takes) - 1)
    return [*takes, replace(again, camera=replace(takes[-1].camera, angle=cameras[len(takes)].angle))]


def _transcode(rng: np.random.Generator, library: Library) -> list[Take]:
    event, cameras = shoot_usual(rng, library)
    takes = record_all(rng, event, cameras[: 1 + int(rng.random() < 0.5)])
    old, forms = takes[-1], (MP4_AAC, MP4_AAC_LOW, MOV_ADPCM)
    form = replace(forms[rng.integers(3)], sample_rate=old.form.sample_rate, video_rate=old.form.video_rate)
    camera = replace(old.camera, angle=cameras[len(takes)].angle, form=form)
    level = np.float32(rng.uniform(0.5, 1.0))
    return [*takes, replace(old, camera=camera, event=None, sound=old.sound * level)]


def _television_later(rng: np.random.Generator, library: Library) -> list[Take]:
    """Let phones film the same programme in other living rooms, at other times of the day."""
    cameras = [replace(camera, mic=vary(rng, PHONE)) for camera in plan_cameras(rng)]
    seconds = last_second(cameras)
    show = scenes.speak(library, rng, seconds, pauses_s=(0.1, 0.7)) + 0.4 * library.play_music(rng, seconds)
    takes = []
    for camera in cameras:
        family = Source(scenes.speak(library, rng, seconds, pauses_s=(2, 12)), float(rng.uniform(-12, -3)))
        event = hold_event(rng, rooms.LIVING_ROOM, Source(np.asarray(show, np.float32)), family)
        takes.append(record(rng, event, camera))
    return takes


def _playback_later(rng: np.random.Generator, library: Library) -> list[Take]:
    """Let two cameras film an event, and a third one what the first has recorded, played in another room.

    The playback is late by half a second to fifteen seconds, so the sound tells a wrong time; it also
    brings the noise of the first camera along.
    """
    cameras = set_up(rng, plan_spans(rng, 3))
    seconds = last_second(cameras)
    event = converse(rng, library, seconds)
    takes = record_all(rng, event, cameras[:2])
    played = np.zeros(round(seconds * RATE), np.float32)
    own_rate = takes[0].form.sample_rate
    recording = stretch(takes[0].sound[0], own_rate / RATE)
    add_at(played, recording, int((takes[0].camera.begin_s + rng.uniform(0.5, 15)) * RATE))
    around = Source(library.play_noise(rng, seconds), float(rng.uniform(-20, -8)), 0.002)
    elsewhere = hold_event(rng, rooms.LIVING_ROOM, Source(played), around)
    return [*takes, record(rng, elsewhere, replace(cameras[2], mic=vary(rng, PHONE)))]


def _bar_later(rng: np.random.Generator, library: Library) -> list[Take]:
    """Let the second camera begin some bars after the first has ended, in a mix made of loops."""
    bpm = float(rng.uniform(100, 138))
    lengths = rng.uniform(45, 80, 2)
    begin = 2.0 + lengths[0] + rng.uniform(0, 60 / bpm * 8)
    cameras = set_up(rng, [(2.0, float(lengths[0])), (float(begin), float(lengths[1]))], drift_ppm=10)
    seconds = last_second(cameras)
    beat = scenes.beat_drum(rng, seconds, bpm)
    bars = round(60 / bpm * RATE) * 4 * int(rng.choice((1, 2, 4)))
    phrase = library.play_music(rng, bars / RATE)
    mix = beat + scenes.repeat(phrase[:bars], seconds)[: beat.size]
    dancers = Source(scenes.gather_crowd(library, rng, seconds), float(rng.uniform(-30, -16)), 0.003)
    event = Event((Source(mix), dancers), rooms.build_room(rng, rooms.CLUB))
    first, second = record_all(rng, event, cameras)
    return [first, replace(second, event=None)]


STAGES: dict[str, Stage] = {
    "same_file": _same_file,
    "transcode": _transcode,
    "television_later": _television_later,
    "playback_later": _playback_later,
    "bar_later": _bar_later,
}
