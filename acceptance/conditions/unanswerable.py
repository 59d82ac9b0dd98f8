"""Sessions without a right answer: whatever is accepted here is a false accept.

Where only one camera is astray, its companions have a place: such a session may be accepted if the stray
one is left without a place and the companions are right.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from acceptance import rooms, scenes
from acceptance.conditions.stages import (
    Stage,
    align_begins,
    choose_event,
    hold_event,
    plan_cameras,
    record_all,
    shoot_usual,
)
from acceptance.dsp import RATE, Sound, add_at
from acceptance.files import MP4_AAC
from acceptance.ltc import TC25, TIMECODES
from acceptance.microphones import CAMERA, vary
from acceptance.shoot import (
    Camera,
    Source,
    Take,
    add_timecode,
    last_second,
    record,
    set_timecode,
)
from acceptance.sources import Library

_ROOMS = (rooms.LIVING_ROOM, rooms.HALL, rooms.CLUB, rooms.STREET)


def _share_track(rng: np.random.Generator, library: Library, over_db: tuple[float, float]) -> list[Take]:
    """Let other people talk at every camera, while the same piece of music is played to them."""
    cameras = plan_cameras(rng)
    seconds = last_second(cameras)
    track = library.play_music(rng, seconds)
    takes = []
    for camera in cameras:
        speech = Source(scenes.speak(library, rng, seconds, pauses_s=(0.1, 1.2)))
        track_here = Source(np.roll(track, int(rng.uniform(-20, 20) * RATE)), float(rng.uniform(*over_db)))
        room = _ROOMS[rng.integers(len(_ROOMS))]
        takes.append(record(rng, hold_event(rng, room, speech, track_here), camera))
    return takes


def _track_below_speech(rng: np.random.Generator, library: Library) -> list[Take]:
    return _share_track(rng, library, (-14.0, -3.0))


def _track_above_speech(rng: np.random.Generator, library: Library) -> list[Take]:
    return _share_track(rng, library, (0.0, 10.0))


def _record_apart(
    rng: np.random.Generator, cameras: list[Camera], sounds: list[Sound], library: Library
) -> list[Take]:
    """Record each sound with the camera of the same place, in a room of its own."""
    takes = []
    for camera, sound in zip(cameras, sounds, strict=True):
        around = Source(library.play_noise(rng, sound.size / RATE), -28.0, 0.002)
        room = _ROOMS[rng.integers(len(_ROOMS))]
        takes.append(record(rng, hold_event(rng, room, Source(sound), around), camera))
    return takes


def _second_reading(rng: np.random.Generator, library: Library) -> list[Take]:
    cameras = align_begins(plan_cameras(rng))
    seconds = last_second(cameras)
    script = library.pick_phrases(rng, int(seconds) + 8, 2)
    tempo = float(rng.choice((0.0, 0.01, 0.04)))
    sounds = [
        scenes.read_script(library, rng, script, seconds, pauses_s=(0.2, 1.5), tempo=tempo) for _ in cameras
    ]
    return _record_apart(rng, cameras, sounds, library)


def _second_concert(rng: np.random.Generator, library: Library) -> list[Take]:
    cameras = align_begins(plan_cameras(rng))
    song = library.play_music(rng, last_second(cameras) * 1.1)
    spread = float(rng.uniform(0.004, 0.03))
    return _record_apart(rng, cameras, [scenes.perform_song(song, rng, spread) for _ in cameras], library)


def _repeat_alone(rng: np.random.Generator, sound: Sound, cameras: list[Camera]) -> list[Take]:
    return record_all(rng, hold_event(rng, rooms.CLUB, Source(sound)), cameras)


def _metronome(rng: np.random.Generator, library: Library) -> list[Take]:
    del library
    cameras = plan_cameras(rng)
    return _repeat_alone(rng, scenes.tick(rng, last_second(cameras), rng.uniform(0.3, 1.0)), cameras)


def _drum_loop(rng: np.random.Generator, library: Library) -> list[Take]:
    del library
    cameras = plan_cameras(rng)
    return _repeat_alone(rng, scenes.beat_drum(rng, last_second(cameras), rng.uniform(85, 140)), cameras)


def _machinery(rng: np.random.Generator, library: Library) -> list[Take]:
    del library
    cameras = plan_cameras(rng)
    return _repeat_alone(rng, scenes.run_machine(rng, last_second(cameras)), cameras)


def _one_other_event(rng: np.random.Generator, library: Library) -> list[Take]:
    event, cameras = shoot_usual(rng, library)
    takes = record_all(rng, event, cameras[:2])
    elsewhere = choose_event(rng, library, last_second(cameras))
    return [*takes, record(rng, elsewhere, cameras[2])]


def _all_unrelated(rng: np.random.Generator, library: Library) -> list[Take]:
    cameras = plan_cameras(rng)
    seconds = last_second(cameras)
    return [record(rng, choose_event(rng, library, seconds), camera) for camera in cameras]


def _same_ambience(rng: np.random.Generator, library: Library) -> list[Take]:
    cameras = plan_cameras(rng)
    seconds = last_second(cameras)
    kind = int(rng.integers(4))

    def sound() -> Sound:
        if kind == 0:
            return scenes.pour_rain(rng, seconds)
        if kind == 1:
            return scenes.pass_traffic(rng, seconds)
        return scenes.gather_crowd(library, rng, seconds) if kind == 2 else library.play_noise(rng, seconds)

    return [record(rng, hold_event(rng, rooms.STREET, Source(sound())), camera) for camera in cameras]


def _room_tone(rng: np.random.Generator, library: Library) -> list[Take]:
    del library
    return _stay_silent(rng, plan_cameras(rng))


def _stay_silent(rng: np.random.Generator, cameras: list[Camera]) -> list[Take]:
    """Record nothing but the tone of the room, half of the time at full gain."""
    level = float(rng.choice((-62.0, -35.0)))
    takes = []
    for camera in cameras:
        tone = Source(scenes.be_quiet(rng, last_second(cameras)))
        deaf = replace(camera, level_db=level, mic=vary(rng, CAMERA))
        takes.append(record(rng, hold_event(rng, rooms.LIVING_ROOM, tone), deaf))
    return takes


def _two_halls_chime(rng: np.random.Generator, library: Library) -> list[Take]:
    cameras = plan_cameras(rng)
    seconds = last_second(cameras)
    chime = scenes.ring_chime(rng)
    sounds = []
    for _ in cameras:
        hall = scenes.gather_crowd(library, rng, seconds)
        hall *= np.float32(rng.uniform(0.2, 1.0))
        for at in np.arange(rng.uniform(3, 20), seconds, rng.uniform(18, 45)):
            add_at(hall, chime, int(at * RATE))
            call = scenes.speak(library, rng, 6, voices=1, pauses_s=(0.1, 0.4))
            add_at(hall, call, int((at + 3.4) * RATE))
        sounds.append(hall)
    return _record_apart(rng, cameras, sounds, library)


def _draw_error(rng: np.random.Generator) -> float:
    """Return an error of a clock: whole seconds, or one to twelve frames of 25 a second."""
    sign = float(rng.choice((-1, 1)))
    return sign * float(rng.integers(1, 20)) if rng.random() < 0.5 else sign * float(rng.integers(1, 13)) / 25


def _add_wrong_timecode(rng: np.random.Generator, takes: list[Take]) -> list[Take]:
    wrong = [0.0, *(_draw_error(rng) for _ in takes[1:])]
    return [add_timecode(take, TC25, ahead_s=ahead) for take, ahead in zip(takes, wrong, strict=True)]


def _good_for_timecode(cameras: list[Camera]) -> list[Camera]:
    """Return the cameras with sound files that keep LTC readable."""
    forms = [
        replace(MP4_AAC, bit_rate=192_000, video_rate=TC25.rate, sample_rate=camera.form.sample_rate)
        for camera in cameras
    ]
    return [replace(camera, form=form, stereo=False) for camera, form in zip(cameras, forms, strict=True)]


def _wrong_ltc_silence(rng: np.random.Generator, library: Library) -> list[Take]:
    del library
    return _add_wrong_timecode(rng, _stay_silent(rng, _good_for_timecode(plan_cameras(rng))))


def _wrong_ltc_unrelated(rng: np.random.Generator, library: Library) -> list[Take]:
    cameras = _good_for_timecode(plan_cameras(rng))
    seconds = last_second(cameras)
    takes = [record(rng, choose_event(rng, library, seconds), camera) for camera in cameras]
    return _add_wrong_timecode(rng, takes)


def _wrong_timecode_silence(rng: np.random.Generator, library: Library) -> list[Take]:
    del library
    timecode = TIMECODES[rng.integers(4)]
    cameras = plan_cameras(rng)
    wrong = [0.0, *(_draw_error(rng) for _ in cameras[1:])]
    told = [
        set_timecode(camera, timecode, ahead_s=ahead) for camera, ahead in zip(cameras, wrong, strict=True)
    ]
    return _stay_silent(rng, told)


def _free_timecode_unrelated(rng: np.random.Generator, library: Library) -> list[Take]:
    cameras = plan_cameras(rng)
    seconds = last_second(cameras)
    timecode = TIMECODES[rng.integers(4)]
    told = [set_timecode(camera, timecode, ahead_s=float(rng.uniform(-40, 40))) for camera in cameras]
    return [record(rng, choose_event(rng, library, seconds), camera) for camera in told]


STAGES: dict[str, Stage] = {
    "track_below_speech": _track_below_speech,
    "track_above_speech": _track_above_speech,
    "second_reading": _second_reading,
    "second_concert": _second_concert,
    "metronome": _metronome,
    "drum_loop": _drum_loop,
    "machinery": _machinery,
    "one_other_event": _one_other_event,
    "all_unrelated": _all_unrelated,
    "same_ambience": _same_ambience,
    "room_tone": _room_tone,
    "two_halls_chime": _two_halls_chime,
    "wrong_ltc_silence": _wrong_ltc_silence,
    "wrong_ltc_unrelated": _wrong_ltc_unrelated,
    "wrong_timecode_silence": _wrong_timecode_silence,
    "free_timecode_unrelated": _free_timecode_unrelated,
}
