"""Cameras at an event: what each of them hears, on its own clock, and where its clip lies in truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from acceptance.dsp import RATE, Sound, band, convolve, from_db, read_at, scale_to
from acceptance.files import CAMERA_FORMS, RECORDER_FORMS, Form
from acceptance.ltc import Timecode, write_sound
from acceptance.microphones import CAMERA, Microphone, capture, choose_microphone
from acceptance.rooms import Room, add_tower, respond

DAY_S = 36_000.0
"""The time of day at which every event begins: ten o'clock."""

_MARGIN_S = 1.0
_VIDEO_RATES = (Fraction(24), Fraction(25), Fraction(30_000, 1001), Fraction(30))
_SAMPLE_RATES = (48_000, 48_000, 48_000, 44_100, 44_100, 32_000)
_LAST_HZ = 0.45
"""The highest frequency kept, as a share of the sample rate."""


@dataclass(frozen=True, slots=True)
class Source:
    """Something that sounds from time 0 of an event on."""

    sound: Sound
    level_db: float = 0.0
    """Relative to the main source, which is the first of an event."""
    lag_s: float = 0.0
    """How much later than the main source it may arrive at a camera, as it stands elsewhere."""


@dataclass(frozen=True, slots=True)
class Event:
    """Sources in a room. Only cameras of the same event share a clock."""

    sources: tuple[Source, ...]
    room: Room


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera or recorder, when it ran, and how it heard."""

    angle: str
    begin_s: float
    seconds: float
    drift_ppm: float = 0.0
    mic: Microphone = CAMERA
    form: Form = field(default_factory=Form)
    distance_m: float = 3.0
    facing: float = 1.0
    level_db: float = -22.0
    noise: Sound | None = None
    """Sound that this camera alone hears."""
    snr_db: float = 15.0
    tower: tuple[float, float] | None = None
    """A loudspeaker tower: its delay in seconds and its level over the direct sound in dB."""
    skip: tuple[float, float] | None = None
    """The second of the clip at which it loses sound, and how many seconds."""
    stereo: bool = False


@dataclass(frozen=True, slots=True)
class Take:
    """A clip before it is written: channels of sound, and its place if it has one."""

    camera: Camera
    sound: npt.NDArray[np.float32]
    event: Event | None
    copy_of: int | None = None
    """The take whose file this one is, byte for byte."""

    @property
    def form(self) -> Form:
        """How it is written."""
        return self.camera.form

    def event_time(self, clip_s: float) -> float:
        """Return the event's time at an instant of the clip."""
        skip_at, lost = self.camera.skip or (np.inf, 0.0)
        ticked = clip_s * (1 + self.camera.drift_ppm * 1e-6)
        return self.camera.begin_s + ticked + (lost if clip_s >= skip_at else 0.0)

    @property
    def end_s(self) -> float:
        """The event's time at the end of the clip."""
        return self.event_time(self.camera.seconds)


def record(rng: np.random.Generator, event: Event, camera: Camera) -> Take:
    """Return what a camera records of an event."""
    heard = _hear(rng, event, camera)
    high = camera.form.sample_rate * _LAST_HZ
    if camera.form.sample_rate < RATE:
        heard = convolve(heard, band(5, high, 60))
    take = Take(camera, np.zeros((1, 0), np.float32), event)
    first_s = camera.begin_s - _MARGIN_S
    mono = read_at(heard, (clock_of(take) - first_s) * RATE)
    channels = [mono]
    if camera.stereo:
        shift = int(rng.integers(0, 12))
        other = np.concatenate((np.zeros(shift, np.float32), mono[: mono.size - shift]))
        channels.append(other * np.float32(rng.uniform(0.7, 1.0)))
    return replace(take, sound=np.stack(channels))


def clock_of(take: Take) -> npt.NDArray[np.float64]:
    """Return the event's time at every sample of a clip."""
    camera = take.camera
    time = np.arange(round(camera.seconds * camera.form.sample_rate)) / camera.form.sample_rate
    clock = camera.begin_s + time * (1 + camera.drift_ppm * 1e-6)
    if camera.skip:
        clock[time >= camera.skip[0]] += camera.skip[1]
    return clock


def _hear(rng: np.random.Generator, event: Event, camera: Camera) -> Sound:
    """Return the sound at the microphone's output, from a second before the clip to a second after."""
    lost = camera.skip[1] if camera.skip else 0.0
    count = round((camera.seconds + lost + 2 * _MARGIN_S) * RATE)
    total = np.zeros(count, np.float32)
    for source in event.sources:
        response = respond(rng, event.room, camera.distance_m, facing=camera.facing)
        if camera.tower:
            response = add_tower(response, *camera.tower)
        lag = int(rng.uniform(0, source.lag_s) * RATE)
        dry = cut(source.sound, (camera.begin_s - _MARGIN_S) - lag / RATE, count, response.size)
        wet = convolve(dry, response)[response.size :]
        total += wet * np.float32(from_db(source.level_db))
    total = scale_to(total, camera.level_db)
    if camera.noise is not None:
        own = np.resize(camera.noise, count).astype(np.float32)
        total += scale_to(own, camera.level_db - camera.snr_db)
    return capture(rng, total, camera.mic)


def cut(sound: Sound, begin_s: float, count: int, before: int) -> Sound:
    """Return samples from `begin_s` on, and as many before it as a response is long; silence outside."""
    begin = round(begin_s * RATE) - before
    out = np.zeros(count + before, np.float32)
    first, last = max(begin, 0), min(begin + out.size, sound.size)
    if first < last:
        out[first - begin : last - begin] = sound[first:last]
    return out


def add_channel(take: Take, sound: Sound) -> Take:
    """Return the take with this as its second channel."""
    fitted = np.zeros(take.sound.shape[1], np.float32)
    fitted[: sound.size] = sound[: fitted.size]
    return replace(take, sound=np.stack((take.sound[0], fitted)))


def add_timecode(take: Take, timecode: Timecode, *, ahead_s: float = 0.0) -> Take:
    """Return the take with LTC on its second channel, from a box that is `ahead_s` ahead."""
    return add_channel(take, write_sound(timecode, DAY_S + ahead_s + clock_of(take)))


def set_timecode(camera: Camera, timecode: Timecode, *, ahead_s: float = 0.0) -> Camera:
    """Return the camera with the timecode of its first frame in its file, at that frame rate."""
    frame = int((DAY_S + ahead_s + camera.begin_s) * timecode.rate)
    form = replace(camera.form, timecode=timecode.text(frame), video_rate=timecode.rate)
    return replace(camera, form=form)


def set_time_reference(camera: Camera, *, ahead_s: float = 0.0) -> Camera:
    """Return the recorder with the sample count since midnight in its file."""
    count = round((DAY_S + ahead_s + camera.begin_s) * camera.form.sample_rate)
    return replace(camera, form=replace(camera.form, time_reference=count))


def set_created(camera: Camera, *, ahead_s: float = 0.0) -> Camera:
    """Return the camera with a recording time in its file."""
    whole, micro = divmod(round((DAY_S + ahead_s + camera.begin_s) * 1_000_000), 1_000_000)
    text = f"2026-05-01T{whole // 3600 % 24:02}:{whole // 60 % 60:02}:{whole % 60:02}.{micro:06}Z"
    return replace(camera, form=replace(camera.form, created=text))


def choose_form(rng: np.random.Generator, *, recorder: bool = False) -> Form:
    """Return a form as a camera or a recorder would write it."""
    forms: Sequence[Form] = RECORDER_FORMS if recorder else CAMERA_FORMS
    form = forms[int(rng.integers(len(forms)))]
    rate = 48_000 if form.codec == "libopus" else int(rng.choice(_SAMPLE_RATES))
    if recorder:
        return replace(form, sample_rate=rate)
    late = float(rng.uniform(0, 0.04)) if rng.random() < 0.3 else 0.0
    return replace(form, sample_rate=rate, video_rate=_VIDEO_RATES[rng.integers(4)], late_s=late)


def plan_spans(
    rng: np.random.Generator, count: int, *, least_s: float = 45.0, most_s: float = 120.0
) -> list[tuple[float, float]]:
    """Return begin and length of cameras that each share 20 s or two fifths with the first."""
    if rng.random() < 0.08:
        least_s, most_s = least_s * 2, most_s * 2
    elif rng.random() < 0.03:
        least_s, most_s = 300.0, 600.0
    lengths = rng.uniform(least_s, most_s, count)
    begins = [0.0]
    for length in lengths[1:]:
        shared = max(min(20.0, lengths[0], length), 0.4 * min(length, lengths[0]))
        begins.append(float(rng.uniform(max(shared - length, -180), min(lengths[0] - shared, 180))))
    first = min(begins) - 2.0
    return [(begin - first, float(length)) for begin, length in zip(begins, lengths, strict=True)]


def set_up(
    rng: np.random.Generator,
    spans: Sequence[tuple[float, float]],
    *,
    recorder: bool = False,
    distances_m: tuple[float, float] = (1.5, 6.0),
    drift_ppm: float = 60.0,
) -> list[Camera]:
    """Return ordinary cameras for these spans, the last one a recorder if wanted."""
    cameras = []
    for number, (begin_s, seconds) in enumerate(spans):
        is_recorder = recorder and number == len(spans) - 1
        camera = Camera(
            f"cam_{'abcd'[number]}",
            begin_s,
            seconds,
            drift_ppm=float(rng.uniform(-drift_ppm, drift_ppm)),
            mic=choose_microphone(rng),
            form=choose_form(rng, recorder=is_recorder),
            distance_m=float(rng.uniform(*distances_m)),
            facing=float(rng.uniform(1.0, 2.0)),
            level_db=float(rng.uniform(-30, -16)),
            stereo=bool(rng.random() < 0.5),
        )
        cameras.append(set_created(camera, ahead_s=float(rng.normal(0, 3))) if rng.random() < 0.6 else camera)
    return cameras


def last_second(cameras: Sequence[Camera]) -> float:
    """Return how long an event must be for all cameras to hear it to their end."""
    return max(camera.begin_s + camera.seconds for camera in cameras) + 2.0
