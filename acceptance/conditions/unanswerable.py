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
    converse,
    hold_event,
    record_all,
    shoot_usual,
)
from acceptance.dsp import RATE, Sound, add_at
from acceptance.files import MOV_ADPCM, MP4_AAC, MP4_AAC_LOW
from acceptance.ltc import TC25, TIMECODES
from acceptance.microphones import CAMERA, PHONE, vary
from acceptance.shoot import (
    Camera,
    Event,
    Source,
    Take,
    add_timecode,
    last_second,
    plan_spans,
    record,
    set_timecode,
    set_up,
)
from acceptance.sources import Library

_ROOMS = (rooms.LIVING_ROOM, rooms.HALL, rooms.CLUB, rooms.STREET)


def _plan(rng: np.random.Generator) -> list[Camera]:
    return set_up(rng, plan_spans(rng, 2 + int(rng.random() < 0.5)))


def _share_track(rng: np.random.Generator, library: Library, over_db: tuple[float, float]) -> list[Take]:
    """Let other people talk at every camera, while the same piece of music is played to them."""
    cameras = _plan(rng)
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
    cameras = align_begins(_plan(rng))
    seconds = last_second(cameras)
    script = library.pick_phrases(rng, int(seconds) + 8, 2)
    tempo = float(rng.choice((0.0, 0.01, 0.04)))
    sounds = [
        scenes.read_script(library, rng, script, seconds, pauses_s=(0.2, 1.5), tempo=tempo) for _ in cameras
    ]
    return _record_apart(rng, cameras, sounds, library)


def _second_concert(rng: np.random.Generator, library: Library) -> list[Take]:
    cameras = align_begins(_plan(rng))
    song = library.play_music(rng, last_second(cameras) * 1.1)
    spread = float(rng.uniform(0.004, 0.03))
    return _record_apart(rng, cameras, [scenes.perform_song(song, rng, spread) for _ in cameras], library)


def _repeat_alone(rng: np.random.Generator, sound: Sound, cameras: list[Camera]) -> list[Take]:
    return record_all(rng, hold_event(rng, rooms.CLUB, Source(sound)), cameras)


def _metronome(rng: np.random.Generator, library: Library) -> list[Take]:
    del library
    cameras = _plan(rng)
    return _repeat_alone(rng, scenes.tick(rng, last_second(cameras), rng.uniform(0.3, 1.0)), cameras)


def _drum_loop(rng: np.random.Generator, library: Library) -> list[Take]:
    del library
    cameras = _plan(rng)
    return _repeat_alone(rng, scenes.beat_drum(rng, last_second(cameras), rng.uniform(85, 140)), cameras)


def _machinery(rng: np.random.Generator, library: Library) -> list[Take]:
    del library
    cameras = _plan(rng)
    return _repeat_alone(rng, scenes.run_machine(rng, last_second(cameras)), cameras)


def _one_other_event(rng: np.random.Generator, library: Library) -> list[Take]:
    event, cameras = shoot_usual(rng, library)
    takes = record_all(rng, event, cameras[:2])
    elsewhere = choose_event(rng, library, last_second(cameras))
    return [*takes, record(rng, elsewhere, cameras[2])]


def _all_unrelated(rng: np.random.Generator, library: Library) -> list[Take]:
    cameras = _plan(rng)
    seconds = last_second(cameras)
    return [record(rng, choose_event(rng, library, seconds), camera) for camera in cameras]


def _same_ambience(rng: np.random.Generator, library: Library) -> list[Take]:
    cameras = _plan(rng)
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
    return _stay_silent(rng, _plan(rng))


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
    cameras = _plan(rng)
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
    return _add_wrong_timecode(rng, _stay_silent(rng, _good_for_timecode(_plan(rng))))


def _wrong_ltc_unrelated(rng: np.random.Generator, library: Library) -> list[Take]:
    cameras = _good_for_timecode(_plan(rng))
    seconds = last_second(cameras)
    takes = [record(rng, choose_event(rng, library, seconds), camera) for camera in cameras]
    return _add_wrong_timecode(rng, takes)


def _wrong_timecode_silence(rng: np.random.Generator, library: Library) -> list[Take]:
    del library
    timecode = TIMECODES[rng.integers(4)]
    cameras = _plan(rng)
    wrong = [0.0, *(_draw_error(rng) for _ in cameras[1:])]
    told = [
        set_timecode(camera, timecode, ahead_s=ahead) for camera, ahead in zip(cameras, wrong, strict=True)
    ]
    return _stay_silent(rng, told)


def _free_timecode_unrelated(rng: np.random.Generator, library: Library) -> list[Take]:
    cameras = _plan(rng)
    seconds = last_second(cameras)
    timecode = TIMECODES[rng.integers(4)]
    told = [set_timecode(camera, timecode, ahead_s=float(rng.uniform(-40, 40))) for camera in cameras]
    return [record(rng, choose_event(rng, library, seconds), camera) for camera in told]


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
    cameras = [replace(camera, mic=vary(rng, PHONE)) for camera in _plan(rng)]
    seconds = last_second(cameras)
    show = scenes.speak(library, rng, seconds, pauses_s=(0.1, 0.7)) + 0.4 * library.play_music(rng, seconds)
    takes = []
    for camera in cameras:
        family = Source(scenes.speak(library, rng, seconds, pauses_s=(2, 12)), float(rng.uniform(-12, -3)))
        event = hold_event(rng, rooms.LIVING_ROOM, Source(np.asarray(show, np.float32)), family)
        takes.append(record(rng, event, camera))
    return takes


def _playback_later(rng: np.random.Generator, library: Library) -> list[Take]:
    """Let two cameras film an event, and the third one a recording of it that is played elsewhere."""
    cameras = set_up(rng, plan_spans(rng, 3))
    seconds = last_second(cameras)
    event = converse(rng, library, seconds)
    takes = record_all(rng, event, cameras[:2])
    played = Source(np.roll(event.sources[0].sound, int(rng.uniform(0.5, 20) * RATE)))
    around = Source(library.play_noise(rng, seconds), float(rng.uniform(-20, -8)), 0.002)
    elsewhere = hold_event(rng, rooms.LIVING_ROOM, played, around)
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
    "same_file": _same_file,
    "transcode": _transcode,
    "television_later": _television_later,
    "playback_later": _playback_later,
    "bar_later": _bar_later,
}
