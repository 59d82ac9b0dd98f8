"""Three cameras in front of one scene, with different clocks and a known truth.

Everything happens at instants of the session clock and is computed for each camera's own samples and
frames, so nothing is resampled and the truth is exact. Every frame carries its number (`footage`). At
each event the scene is lit for a tenth of a second and a beep begins. The rest of the audio are random
grains (Gabor 1946), tones with a short bell envelope, with enough bandwidth to sync by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from footage import SIZE, picture

RATE = 30
SAMPLE_RATE = 48_000
FLASH_S = 0.1
BEEP_S = 0.01
_GRAINS = 40
"""Grains per second."""
_LONGEST_S = 0.06
"""Seconds within which a grain fades, on either side."""


@dataclass(frozen=True)
class Angle:
    """A camera and the truth about its clock: `t_session = offset + t_clip * (1 + drift * 1e-6)`."""

    key: str
    offset_us: int
    drift_ppm: float

    @property
    def clock_ratio(self) -> float:
        return 1 + self.drift_ppm * 1e-6

    def compute_session_s(self, clip_s: np.ndarray) -> np.ndarray:
        """Return instants of the session clock for times of the clip."""
        return self.offset_us * 1e-6 + clip_s * self.clock_ratio


def plan_three_cameras(drifts_ppm: Sequence[float]) -> list[Angle]:
    """Return the reference and two cameras whose offsets are not a whole number of its frames."""
    return [
        Angle("cam_a", 0, 0.0),
        Angle("cam_b", -146_000, drifts_ppm[0]),
        Angle("cam_c", 1_012_345, drifts_ppm[1]),
    ]


def list_events(seconds: float) -> np.ndarray:
    """Return the instants of flashes and beeps: about every four seconds, never on a whole frame."""
    return 2.345678 + np.arange(0.0, seconds - 6, 4.0171)


def record_camera(path: Path, angle: Angle, seconds: float) -> Path:
    """Film `seconds` of the camera's own clock: H.264 and PCM."""
    audio_frames = _generate_audio(angle, seconds)
    with av.open(str(path), "w", options={"movie_timescale": str(SAMPLE_RATE)}) as container:
        video = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "20"})
        video.width, video.height = SIZE
        video.pix_fmt, video.codec_context.thread_type = "yuv420p", "FRAME"
        audio = container.add_stream("pcm_s16le", rate=SAMPLE_RATE, layout="mono")
        lit = _find_lit_frames(angle, seconds)
        for number in range(len(lit)):
            frame = av.VideoFrame.from_ndarray(
                _build_frame(number, flash=bool(lit[number])), format="yuv420p"
            )
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(video.encode(frame))
            if number % RATE == 0:
                container.mux(audio.encode(next(audio_frames)))
        container.mux(video.encode(None))
    return path


def _build_frame(number: int, *, flash: bool) -> np.ndarray:
    gray = picture(number, flash=flash)
    return np.concatenate([gray, np.full((gray.shape[0] // 2, gray.shape[1]), 128, np.uint8)])


def _find_lit_frames(angle: Angle, seconds: float) -> np.ndarray:
    """Return which frames are exposed during a flash."""
    exposed = angle.compute_session_s(np.arange(round(seconds * RATE)) / RATE)
    when = list_events(seconds)
    since = exposed[:, None] - when[np.searchsorted(when, exposed[:, None], "right") - 1]
    return ((since >= 0) & (since < FLASH_S))[:, 0]


def _generate_audio(angle: Angle, seconds: float) -> Iterator[av.AudioFrame]:
    """Yield the audio, a second at a time."""
    noise = np.random.default_rng(list(angle.key.encode()))
    for second in range(int(np.ceil(seconds))):
        at = np.arange(second * SAMPLE_RATE, (second + 1) * SAMPLE_RATE)
        session_s = angle.compute_session_s(at / SAMPLE_RATE)
        level = _render_scene(session_s, seconds) + 0.0005 * noise.standard_normal(len(at))
        packed = np.rint(np.clip(level, -1, 1) * 32767).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, int(at[0]), Fraction(1, SAMPLE_RATE)
        yield frame


def _render_scene(session_s: np.ndarray, seconds: float) -> np.ndarray:
    """Return the audio at rising instants of the session clock, about a second of them."""
    level = np.zeros(len(session_s))
    when = list_events(seconds)
    for at, hertz, width, loud in _draw_grains(session_s[0], session_s[-1]):
        # It is silent around a beep, so that its start can be measured to a fraction of a sample.
        if np.abs(when - at).min() > _LONGEST_S + 0.05:
            first, last = np.searchsorted(session_s, (at - _LONGEST_S, at + _LONGEST_S))
            part = session_s[first:last] - at
            level[first:last] += loud * np.exp(-((part / width) ** 2)) * np.sin(2 * np.pi * hertz * part)
    for at in when[(when > session_s[0] - BEEP_S) & (when < session_s[-1])]:
        first, last = np.searchsorted(session_s, (at, at + BEEP_S))
        level[first:last] += 0.7 * np.sin(2 * np.pi * 1000 * (session_s[first:last] - at))
    return level


def _draw_grains(first_s: float, last_s: float) -> Iterator[tuple[float, float, float, float]]:
    """Yield instant, hertz, width and level of every grain that is audible between two instants."""
    for second in range(int(np.floor(first_s - _LONGEST_S)), int(np.floor(last_s + _LONGEST_S)) + 1):
        random = np.random.default_rng((11, second + 1000))
        for _ in range(_GRAINS):
            yield (
                second + random.uniform(),
                random.uniform(200, 3600),
                random.uniform(0.002, 0.015),
                random.uniform(0.02, 0.2),
            )
