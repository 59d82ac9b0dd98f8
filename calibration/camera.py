"""Three cameras at an event: what each records, and where that lies in truth."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from calibration.analysis import build_analysis_recording
from calibration.clock import sample_at_clock
from calibration.codec import encode_and_decode_aac
from calibration.material import Shelf
from calibration.microphone import Trouble, generate_hum
from calibration.room import LEAD_SAMPLES, OpenGround, Point, Room, compute_response
from calibration.signals import RATE, Wave, convolve, set_loudness
from calibration.timecode import generate_ltc
from mcsyncd.sync.recording import Recording

_RUN_UP_S = 1.5
"""Seconds before a take that are rendered as well, because their reverberation is still in the room.
Judgement."""


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
    scene time = start_s + clip time * (1 + slope). `has_truth` means that it has one right offset.
    `late_samples` is how many analysis samples its audio starts after its video. `skips` are (clip
    second, scene seconds lost there). `second` is what a second channel carries, if there is one.
    `label_s` is the time of day that linear timecode on a channel begins with, `feed_late_s` how late a
    clean feed of the scene arrives on a channel. `copy_of` is the number of the take whose card this is.
    """

    angle: str
    scene: Scene
    start_s: float
    seconds: float
    point: Point
    slope: float = 0.0
    has_truth: bool = True
    direct: float = 1.0
    troubles: tuple[Trouble, ...] = ()
    aac_kbps: int | None = None
    late_samples: int = 0
    rms: float = 0.05
    skips: tuple[tuple[float, float], ...] = ()
    second: str | None = None
    label_s: float | None = None
    feed_late_s: float | None = None
    copy_of: int | None = None
    name: str = field(default="clip_1")

    @property
    def end_s(self) -> float:
        """The scene's time at which the take ends, without skips."""
        return self.start_s + self.seconds * (1 + self.slope)


def record_take(take: Take, shelf: Shelf, rng: np.random.Generator) -> Recording:
    """Return what the solver is given of a take."""
    wave = _apply_clock(take, _hear_scene(take, rng))
    for trouble in take.troubles:
        wave = trouble(wave, rng, shelf)
    wave = set_loudness(wave, take.rms)[2 * take.late_samples :]
    channels = [wave, *_build_second_channel(take.second, wave, rng)]
    if take.label_s is not None:
        channels.append(np.float32(0.3) * generate_ltc(wave.size, take.label_s))
    if take.feed_late_s is not None:
        channels.append(_receive_feed(take, rng)[2 * take.late_samples :])
    # The converter's own noise, half a step, is what keeps silence from being the same everywhere.
    channels = [
        _convert_to_int16_steps(one + rng.standard_normal(one.size, dtype=np.float32) * np.float32(1.5e-5))
        for one in channels
    ]
    if take.aac_kbps is not None:
        channels = [encode_and_decode_aac(one, take.aac_kbps) for one in channels]
    return build_analysis_recording(take.angle, take.name, channels, take.late_samples, take.seconds)


def _hear_scene(take: Take, rng: np.random.Generator) -> Wave:
    """Return the sound at the camera's place, from `_PREROLL_S` before its start, on the scene's clock."""
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
        wet = convolve(
            dry, compute_response(take.scene.place, point, take.point, zero_m, rng, direct=direct)
        )[LEAD_SAMPLES:]
        begin = max(0, -first)
        size = min(wet.size, total.size - begin)
        total[begin : begin + size] += wet[:size]
    return total


def _apply_clock(take: Take, signal: Wave) -> Wave:
    """Return the camera's own samples of `signal`, without what it skipped."""
    first = int(np.floor((take.start_s - _RUN_UP_S) * RATE))
    count, lost, begun, pieces = round(take.seconds * RATE), 0.0, 0, []
    for at_s, lost_s in (*take.skips, (take.seconds, 0.0)):
        end = min(round(at_s * RATE), count)
        place = (take.start_s + lost) * RATE + begun * (1 + take.slope) - first
        pieces.append(sample_at_clock(signal, place, take.slope, end - begun))
        begun, lost = end, lost + lost_s
    return np.concatenate(pieces)


def _receive_feed(take: Take, rng: np.random.Generator) -> Wave:
    """Return the scene as its sources sound, late by what its transmission takes."""
    assert take.feed_late_s is not None
    dry = replace(take.scene, place=OpenGround(0.0))
    x, y, z = dry.points[0]
    sent = replace(take, scene=dry, point=(x + 1.0, y, z), start_s=take.start_s - take.feed_late_s)
    return set_loudness(_apply_clock(sent, _hear_scene(sent, rng)), take.rms)


def _build_second_channel(kind: str | None, wave: Wave, rng: np.random.Generator) -> list[Wave]:
    if kind is None:
        return []
    if kind == "dead":
        return [np.zeros_like(wave)]
    if kind == "hum":
        return [set_loudness(generate_hum(wave.size, rng), 0.2)]
    if kind == "inverted":
        return [-wave]
    # The other capsule: less of the scene, more of its own hiss.
    hiss = set_loudness(rng.standard_normal(wave.size, dtype=np.float32), 0.02)
    return [np.float32(rng.uniform(0.2, 0.8)) * wave + hiss]


def _convert_to_int16_steps(wave: Wave) -> Wave:
    """Return `wave` as a 16-bit converter leaves it."""
    return np.clip(np.rint(wave * 32767), -32768, 32767).astype(np.float32) / np.float32(32767)
