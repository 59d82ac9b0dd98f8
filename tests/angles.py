"""Three cameras in front of one scene, with clocks of their own and a known truth.

Everything happens at instants of the session clock and is worked out for each camera's own samples
and pictures, so that nothing is resampled on the way and the truth is exact. Every picture carries
its number (`footage`); at each event the scene is lit for a tenth of a second and a beep begins. The rest
of the sound are grains (Gabor 1946): tones under short bells at random, broad enough to sync by.
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
"""A second."""
_LONGEST_S = 0.06
"""A grain fades within this, on either side."""


@dataclass(frozen=True)
class Angle:
    """A camera and the truth about its clock: `t_session = offset + t_clip * (1 + drift * 1e-6)`."""

    key: str
    offset_us: int
    drift_ppm: float

    @property
    def speed(self) -> float:
        return 1 + self.drift_ppm * 1e-6

    def session_s(self, clip_s: np.ndarray) -> np.ndarray:
        """Return instants of the session clock for times of the clip."""
        return self.offset_us * 1e-6 + clip_s * self.speed


def three(drifts_ppm: Sequence[float]) -> list[Angle]:
    """The reference, and two cameras that begin a fraction of a picture before and after one of its own."""
    return [
        Angle("cam_a", 0, 0.0),
        Angle("cam_b", -146_000, drifts_ppm[0]),
        Angle("cam_c", 1_012_345, drifts_ppm[1]),
    ]


def events(seconds: float) -> np.ndarray:
    """When it flashes and beeps: about every four seconds, at no whole number of anything."""
    return 2.345678 + np.arange(0.0, seconds - 6, 4.0171)


def roll(path: Path, angle: Angle, seconds: float) -> Path:
    """Film `seconds` of the camera's own clock: H.264 and PCM."""
    sound = _heard(angle, seconds)
    with av.open(str(path), "w", options={"movie_timescale": str(SAMPLE_RATE)}) as container:
        video = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "20"})
        video.width, video.height = SIZE
        video.pix_fmt, video.codec_context.thread_type = "yuv420p", "FRAME"
        audio = container.add_stream("pcm_s16le", rate=SAMPLE_RATE, layout="mono")
        lit = _lit(angle, seconds)
        for number in range(len(lit)):
            frame = av.VideoFrame.from_ndarray(_planes(number, flash=bool(lit[number])), format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(video.encode(frame))
            if number % RATE == 0:
                container.mux(audio.encode(next(sound)))
        container.mux(video.encode(None))
    return path


def _planes(number: int, *, flash: bool) -> np.ndarray:
    gray = picture(number, flash=flash)
    return np.concatenate([gray, np.full((gray.shape[0] // 2, gray.shape[1]), 128, np.uint8)])


def _lit(angle: Angle, seconds: float) -> np.ndarray:
    """Which pictures are taken while it flashes."""
    taken = angle.session_s(np.arange(round(seconds * RATE)) / RATE)
    when = events(seconds)
    since = taken[:, None] - when[np.searchsorted(when, taken[:, None], "right") - 1]
    return ((since >= 0) & (since < FLASH_S))[:, 0]


def _heard(angle: Angle, seconds: float) -> Iterator[av.AudioFrame]:
    """Yield the sound, a second at a time."""
    noise = np.random.default_rng(list(angle.key.encode()))
    for second in range(int(np.ceil(seconds))):
        at = np.arange(second * SAMPLE_RATE, (second + 1) * SAMPLE_RATE)
        session_s = angle.session_s(at / SAMPLE_RATE)
        level = _scene(session_s, seconds) + 0.0005 * noise.standard_normal(len(at))
        packed = np.rint(np.clip(level, -1, 1) * 32767).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, int(at[0]), Fraction(1, SAMPLE_RATE)
        yield frame


def _scene(session_s: np.ndarray, seconds: float) -> np.ndarray:
    """What is heard at rising instants of the session clock, a second or so of them."""
    level = np.zeros(len(session_s))
    when = events(seconds)
    for at, hertz, width, loud in _grains(session_s[0], session_s[-1]):
        # Around a beep all is silent, so that its beginning can be told to a fraction of a sample.
        if np.abs(when - at).min() > _LONGEST_S + 0.05:
            first, last = np.searchsorted(session_s, (at - _LONGEST_S, at + _LONGEST_S))
            part = session_s[first:last] - at
            level[first:last] += loud * np.exp(-((part / width) ** 2)) * np.sin(2 * np.pi * hertz * part)
    for at in when[(when > session_s[0] - BEEP_S) & (when < session_s[-1])]:
        first, last = np.searchsorted(session_s, (at, at + BEEP_S))
        level[first:last] += 0.7 * np.sin(2 * np.pi * 1000 * (session_s[first:last] - at))
    return level


def _grains(first_s: float, last_s: float) -> Iterator[tuple[float, float, float, float]]:
    """Yield instant, hertz, width and level of every grain that may be heard between two instants."""
    for second in range(int(np.floor(first_s - _LONGEST_S)), int(np.floor(last_s + _LONGEST_S)) + 1):
        random = np.random.default_rng((11, second + 1000))
        for _ in range(_GRAINS):
            yield (
                second + random.uniform(),
                random.uniform(200, 3600),
                random.uniform(0.002, 0.015),
                random.uniform(0.02, 0.2),
            )
