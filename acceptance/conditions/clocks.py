"""Shoots with good sound on which all clocks are right: they must be right, and accepted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from acceptance import rooms, scenes
from acceptance.conditions.stages import Stage, choose_event, hold_event, record_all
from acceptance.files import MOV_PCM, MOV_PCM_24, MP4_AAC, WAV_24
from acceptance.ltc import TC2997, TIMECODES, Timecode
from acceptance.microphones import RECORDER, vary
from acceptance.shoot import (
    Camera,
    Event,
    Source,
    Take,
    add_timecode,
    last_second,
    plan_spans,
    record,
    set_created,
    set_time_reference,
    set_timecode,
    set_up,
)
from acceptance.sources import Library


def _prepare(
    rng: np.random.Generator, library: Library, timecode: Timecode, *, recorder: bool = False, count: int = 3
) -> tuple[Event, list[Camera]]:
    """Return an event and cameras of one frame rate, whose clocks a jam keeps within some ppm."""
    cameras = set_up(rng, plan_spans(rng, count), recorder=recorder, drift_ppm=20)
    made = [_fit(rng, camera, timecode) for camera in cameras]
    return choose_event(rng, library, last_second(made)), made


def _fit(rng: np.random.Generator, camera: Camera, timecode: Timecode) -> Camera:
    """Return the camera with a file that keeps LTC readable."""
    if camera.form.video_rate is None:
        return replace(
            camera, form=replace(WAV_24, sample_rate=48_000), mic=vary(rng, RECORDER), stereo=False
        )
    form = (MOV_PCM, MOV_PCM_24, replace(MP4_AAC, bit_rate=192_000))[rng.integers(3)]
    return replace(camera, form=replace(form, video_rate=timecode.rate), stereo=False)


def _draw_timecode(rng: np.random.Generator) -> Timecode:
    return TIMECODES[rng.integers(len(TIMECODES))]


def _ltc_all(rng: np.random.Generator, library: Library) -> list[Take]:
    timecode = _draw_timecode(rng)
    event, cameras = _prepare(rng, library, timecode)
    return [add_timecode(take, timecode) for take in record_all(rng, event, cameras)]


def _ltc_and_recorder(rng: np.random.Generator, library: Library) -> list[Take]:
    timecode = _draw_timecode(rng)
    event, cameras = _prepare(rng, library, timecode, recorder=True)
    takes = [add_timecode(record(rng, event, camera), timecode) for camera in cameras[:-1]]
    return [*takes, record(rng, event, set_time_reference(cameras[-1]))]


def _file_timecode(rng: np.random.Generator, library: Library) -> list[Take]:
    timecode = _draw_timecode(rng)
    event, cameras = _prepare(rng, library, timecode)
    return record_all(rng, event, [set_timecode(camera, timecode) for camera in cameras])


def _reference_and_timecode(rng: np.random.Generator, library: Library) -> list[Take]:
    timecode = _draw_timecode(rng)
    event, cameras = _prepare(rng, library, timecode, recorder=True)
    told = [set_timecode(camera, timecode) for camera in cameras[:-1]]
    return record_all(rng, event, [*told, set_time_reference(cameras[-1])])


def _created(rng: np.random.Generator, library: Library) -> list[Take]:
    event, cameras = _prepare(rng, library, _draw_timecode(rng))
    told = [set_created(camera, ahead_s=float(rng.uniform(-0.4, 0.4))) for camera in cameras]
    return record_all(rng, event, told)


def _mixed_clocks(rng: np.random.Generator, library: Library) -> list[Take]:
    timecode = _draw_timecode(rng)
    event, cameras = _prepare(rng, library, timecode)
    number = int(rng.integers(len(cameras)))
    told = [camera if at == number else set_timecode(camera, timecode) for at, camera in enumerate(cameras)]
    takes = record_all(rng, event, told)
    takes[number] = add_timecode(takes[number], timecode)
    return takes


def _prepare_clips(
    rng: np.random.Generator, library: Library, timecode: Timecode
) -> tuple[Event, list[Camera]]:
    """Return one long clip of the first camera, and two or three clips of the second."""
    long = (4.0, float(rng.uniform(120, 170)))
    begin, spans = float(rng.uniform(4, 20)), [long]
    for _ in range(int(rng.integers(2, 4))):
        length = float(rng.uniform(28, 45))
        spans.append((begin, length))
        begin += length + float(rng.uniform(1, 10))
    first, second = (_fit(rng, camera, timecode) for camera in set_up(rng, spans[:2], drift_ppm=20))
    clips = [replace(second, begin_s=begin, seconds=length) for begin, length in spans[1:]]
    return choose_event(rng, library, max(sum(span) for span in spans) + 2), [first, *clips]


def _timecode_clips(rng: np.random.Generator, library: Library) -> list[Take]:
    timecode = _draw_timecode(rng)
    event, cameras = _prepare_clips(rng, library, timecode)
    return record_all(rng, event, [set_timecode(camera, timecode) for camera in cameras])


def _ltc_clips(rng: np.random.Generator, library: Library) -> list[Take]:
    timecode = _draw_timecode(rng)
    event, cameras = _prepare_clips(rng, library, timecode)
    return [add_timecode(take, timecode) for take in record_all(rng, event, cameras)]


def _two_recorders(rng: np.random.Generator, library: Library) -> list[Take]:
    event, cameras = _prepare(rng, library, _draw_timecode(rng))
    sound_alone = replace(WAV_24, sample_rate=48_000)
    recorders = [
        set_time_reference(replace(camera, form=sound_alone, mic=vary(rng, RECORDER)))
        for camera in cameras[1:]
    ]
    return record_all(rng, event, [cameras[0], *recorders])


def _ltc_dropped_labels(rng: np.random.Generator, library: Library) -> list[Take]:
    """Use 29.97 frames with dropped labels in a hall, with an audience that is nearly as loud."""
    cameras = [_fit(rng, camera, TC2997) for camera in set_up(rng, plan_spans(rng, 3), drift_ppm=20)]
    seconds = last_second(cameras)
    main = Source(scenes.speak(library, rng, seconds, pauses_s=(0.3, 1.5)))
    audience = Source(scenes.gather_crowd(library, rng, seconds), -9.0, 0.003)
    takes = record_all(rng, hold_event(rng, rooms.HALL, main, audience), cameras)
    return [add_timecode(take, TC2997) for take in takes]


STAGES: dict[str, Stage] = {
    "ltc_all": _ltc_all,
    "ltc_and_recorder": _ltc_and_recorder,
    "file_timecode": _file_timecode,
    "reference_and_timecode": _reference_and_timecode,
    "created": _created,
    "mixed_clocks": _mixed_clocks,
    "timecode_clips": _timecode_clips,
    "ltc_clips": _ltc_clips,
    "two_recorders": _two_recorders,
    "ltc_dropped_labels": _ltc_dropped_labels,
}
