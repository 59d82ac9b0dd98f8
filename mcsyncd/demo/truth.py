"""The three cameras, and the truth about the files that they write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mcsyncd.errors import UsageError
from mcsyncd.model.rate import Rate

DEFAULT_OFFSETS_MS = (0.0, -134.0, 87.0)
"""Typical offsets of real cameras. None is a whole number of frames at any of the three rates."""

DEFAULT_KEYS = ("cam_a", "cam_b", "cam_c")
"""Camera keys, as in config/local.yaml."""

CameraKind = Literal["cinema", "mirrorless", "phone"]


@dataclass(frozen=True, slots=True)
class CameraModel:
    """A kind of camera: its clip name, its rates, its drift, and the seconds that it records longer."""

    kind: CameraKind
    clip_name: str
    rate: Rate
    audio_rate: int
    drift_ppm: float
    extra_s: float


# Three different frame rates and two audio rates; the drifts are those of ordinary camera clocks.
CAMERA_MODELS = (
    CameraModel("cinema", "A001C003.MOV", Rate(30000, 1001), 48_000, 0.0, 0.0),
    CameraModel("mirrorless", "C0012.MP4", Rate(25), 48_000, 18.0, 0.6),
    CameraModel("phone", "IMG_2051.MP4", Rate(30), 44_100, -31.0, -0.4),
)


@dataclass(frozen=True, slots=True)
class Take:
    """One camera's clip of the shoot, with the truth about its clock.

    `t_reference = offset + t_clip * (1 + drift_ppm * 1e-6)`, with t_clip = 0 at the first frame.
    """

    key: str
    label: str
    camera_model: CameraModel
    offset_us: int
    frames: int

    @property
    def duration_s(self) -> float:
        """The duration of the clip on its own clock."""
        return float(self.frames / self.camera_model.rate.fraction)

    @property
    def clock_ratio(self) -> float:
        """Seconds of the session clock per second of this camera's clock."""
        return 1 + self.camera_model.drift_ppm * 1e-6

    @property
    def end_s(self) -> float:
        """The end of the clip on the session clock."""
        return self.offset_us * 1e-6 + self.duration_s * self.clock_ratio

    def compute_frame_s(self, frame: int) -> float:
        """Return the instant of a frame on the session clock, in seconds."""
        return self.offset_us * 1e-6 + float(frame / self.camera_model.rate.fraction) * self.clock_ratio


@dataclass(frozen=True, slots=True)
class Shoot:
    """Three real files and the truth about them, by camera key.

    The first camera is the reference: its offset and drift are 0. `flashes_us` are the
    instants of the flashes and beeps on the session clock, in whole microseconds. `broll` are clips of
    another scene, which have no place on the timeline.
    """

    files: dict[str, Path]
    offsets_us: dict[str, int]
    drift_ppm: dict[str, float]
    flashes_us: tuple[int, ...]
    takes: tuple[Take, ...]
    broll: dict[str, Path] = field(default_factory=dict)


def plan_takes(keys: Sequence[str], seconds: float, offsets_ms: Sequence[float]) -> tuple[Take, ...]:
    """Plan the take of each camera, for `keys` in order, the reference first.

    Raises UsageError unless there are three cameras whose clips overlap by at least 10 s.
    """
    if len(keys) != len(CAMERA_MODELS) or len(offsets_ms) != len(CAMERA_MODELS):
        raise UsageError(
            f"the demo needs {len(CAMERA_MODELS)} cameras and an offset for each; "
            f"got {len(keys)} cameras and {len(offsets_ms)} offsets",
            "use settings with three cameras, or run it without --config",
        )
    if offsets_ms[0] != 0:
        raise UsageError("the first offset is that of the reference and must be 0", "for example 0,-134,87")
    if max(offsets_ms) - min(offsets_ms) > (seconds - 10) * 1000:
        shown = ", ".join(f"{ms:+g}" for ms in offsets_ms)
        raise UsageError(
            f"with offsets of {shown} ms, less than 10 of {seconds:g} s overlap",
            "choose a longer shoot or smaller offsets",
        )
    return tuple(
        Take(
            key=key,
            label=chr(ord("A") + index),
            camera_model=model,
            offset_us=round(offset_ms * 1000),
            frames=round((seconds + model.extra_s) * model.rate.fraction),
        )
        for index, (key, model, offset_ms) in enumerate(zip(keys, CAMERA_MODELS, offsets_ms, strict=True))
    )
