"""What real shoots bring along: timecode on a channel, a loud echo, a b-roll clip, a sound recorder.

Each of them is ordinary, and each made an earlier version say something wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from mcsyncd.demo.filming import SceneSpan, film_take
from mcsyncd.demo.ltc_sound import synthesize_ltc
from mcsyncd.demo.microphone import record_take
from mcsyncd.demo.scene import make_scene
from mcsyncd.demo.sound_events import Wave
from mcsyncd.demo.truth import CAMERA_MODELS, CameraModel, Take
from mcsyncd.model.rate import Rate
from mcsyncd.model.timecode import Timecode

_START_OF_DAY_S, _START_LABEL = 36_432, "10:07:12:00"
"""The session's time 0 by both clocks, in seconds since midnight and as timecode. A whole hour would be where
a camera starts to count if nobody set it."""
_LTC_LEVEL = 0.4
"""Peak of the timecode, 1 = full scale. Judgement: what sync boxes give to a microphone input."""
_ECHO_S, _ECHO_GAIN = 0.12, 1.2
"""Delay in seconds and gain of the echo: a wall behind the camera, louder than the stage."""
_BROLL_S = 12.0
"""Seconds of b-roll. Judgement: long enough to be heard, shorter than the take."""
_RECORDER = CameraModel("cinema", "T001.WAV", Rate(25), 48_000, 7.0, 3.0)
_RECORDER_OFFSET_US = -1_500_000
"""Where the recorder begins on the session clock, in microseconds: it was started first."""


def spoil_audio(take: Take, blocks: Iterator[Wave]) -> Iterator[Wave]:
    """Yield the audio of a take with the trouble of its camera: timecode, an echo, or none."""
    match take.camera_model.kind:
        case "cinema":
            return _put_timecode(take, blocks)
        case "mirrorless":
            return _add_echo(take.camera_model.audio_rate, blocks)
        case "phone":
            return blocks


def _put_timecode(take: Take, blocks: Iterator[Wave]) -> Iterator[Wave]:
    """Yield blocks whose last channel is linear timecode of 25 frames a second."""
    rate = take.camera_model.audio_rate
    sound = synthesize_ltc(Timecode.parse(_START_LABEL), Rate(25), take.duration_s + 2.0, sample_rate=rate)
    position = 0
    for block in blocks:
        spoiled = block.copy()
        spoiled[:, -1] = _LTC_LEVEL * sound[position : position + len(block)]
        position += len(block)
        yield spoiled


def _add_echo(rate: int, blocks: Iterator[Wave]) -> Iterator[Wave]:
    late = round(_ECHO_S * rate)
    past: Wave | None = None
    for block in blocks:
        before = np.zeros((late, block.shape[1]), np.float32) if past is None else past
        heard = np.concatenate([before, block])
        yield np.tanh(0.6 * (block + np.float32(_ECHO_GAIN) * heard[: len(block)]))
        past = heard[-late:]


def film_broll(folder: Path, key: str, *, size: tuple[int, int], seed: int) -> Path:
    """Film a short clip of another scene with the second camera, ten minutes before the take."""
    model = CAMERA_MODELS[1]
    frames = round(_BROLL_S * model.rate.fraction)
    take = Take(
        key, "B", CameraModel(model.kind, "C0011.MP4", model.rate, model.audio_rate, 0.0, 0.0), 0, frames
    )
    path = folder / key / take.camera_model.clip_name
    span: SceneSpan = (-2.0, _BROLL_S + 2.0)
    film_take(path, take, size=size, seed=seed + 1, span=span, report_progress=lambda _: None)
    return path


def plan_recorder_take(key: str, seconds: float) -> Take:
    """Plan the take of a sound recorder, which was started before the cameras."""
    frames = round((seconds + _RECORDER.extra_s) * _RECORDER.rate.fraction)
    return Take(key, "D", _RECORDER, _RECORDER_OFFSET_US, frames)


def record_wave(path: Path, take: Take, *, seed: int, span: SceneSpan) -> None:
    """Write the recorder's file: a broadcast wave with the time of day of its first sample."""
    rate = take.camera_model.audio_rate
    first = round((_START_OF_DAY_S + take.offset_us * 1e-6) * rate)
    with av.open(str(path), "w", format="wav", options={"write_bext": "1"}) as container:
        container.metadata["time_reference"] = str(first)
        stream = container.add_stream("pcm_s16le", rate=rate, layout="stereo")
        position = 0
        for block in record_take(make_scene(seed, *span), take, seed):
            samples = np.ascontiguousarray(np.rint(block * 32767).astype(np.int16).reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = rate, position, Fraction(1, rate)
            container.mux(stream.encode(frame))
            position += len(block)
        container.mux(stream.encode(None))
