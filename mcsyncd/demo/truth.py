"""What the three cameras are, and what is true of the files they write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mcsyncd.errors import UsageError
from mcsyncd.model.rate import Rate

DEFAULT_OFFSETS_MS = (0.0, -134.0, 87.0)
"""Offsets as real cameras show them, none a whole number of pictures of any of the three rates."""

DEFAULT_KEYS = ("cam_a", "cam_b", "cam_c")

CameraKind = Literal["cinema", "mirrorless", "phone"]


@dataclass(frozen=True, slots=True)
class CameraModel:
    """A make of camera: the name it gives its clip, its rates, its clock, how long it rolled on."""

    kind: CameraKind
    clip_name: str
    rate: Rate
    audio_rate: int
    drift_ppm: float
    extra_s: float


CAMERA_MODELS = (
    CameraModel("cinema", "A001C003.MOV", Rate(30000, 1001), 48_000, 0.0, 0.0),
    CameraModel("mirrorless", "C0012.MP4", Rate(25), 48_000, 18.0, 0.6),
    CameraModel("phone", "IMG_2051.MP4", Rate(30), 44_100, -31.0, -0.4),
)


@dataclass(frozen=True, slots=True)
class Take:
    """One camera's part in the shoot, with the truth about its clock.

    `t_reference = offset + t_clip * (1 + drift_ppm * 1e-6)`, t_clip = 0 at the first picture.
    """

    key: str
    label: str
    camera_model: CameraModel
    offset_us: int
    frames: int

    @property
    def duration_s(self) -> float:
        """The length of the clip on its own clock."""
        return float(self.frames / self.camera_model.rate.fraction)

    @property
    def clock_ratio(self) -> float:
        """Seconds of the session clock in a second of this camera's."""
        return 1 + self.camera_model.drift_ppm * 1e-6

    @property
    def end_s(self) -> float:
        """The end of the clip on the session clock."""
        return self.offset_us * 1e-6 + self.duration_s * self.clock_ratio

    def compute_frame_s(self, frame: int) -> float:
        """Return the instant of a picture on the session clock, in seconds."""
        return self.offset_us * 1e-6 + float(frame / self.camera_model.rate.fraction) * self.clock_ratio


@dataclass(frozen=True, slots=True)
class Shoot:
    """Three real files and what is true of them, each by camera key.

    The first camera is the reference: its offset and drift are 0. `flashes_us` are the
    instants of flash and beep on the session clock, in whole microseconds.
    """

    files: dict[str, Path]
    offsets_us: dict[str, int]
    drift_ppm: dict[str, float]
    flashes_us: tuple[int, ...]
    takes: tuple[Take, ...]


def plan_takes(keys: Sequence[str], seconds: float, offsets_ms: Sequence[float]) -> tuple[Take, ...]:
    """Return what each camera does, for `keys` in order, the reference first.

    Raises UsageError when there are not three cameras, or when they have nothing in common.
    """
    if len(keys) != len(CAMERA_MODELS) or len(offsets_ms) != len(CAMERA_MODELS):
        raise UsageError(
            f"the demo films with {len(CAMERA_MODELS)} cameras; got {len(keys)} and {len(offsets_ms)} "
            "offsets",
            "run it on settings with three cameras, such as config/local.yaml",
        )
    if offsets_ms[0] != 0:
        raise UsageError("the first offset is the reference's own", "give 0 for it, such as 0,-134,87")
    if max(offsets_ms) - min(offsets_ms) > (seconds - 10) * 1000:
        shown = ", ".join(f"{ms:+g}" for ms in offsets_ms)
        raise UsageError(
            f"offsets of {shown} ms leave less than 10 s of {seconds:g} s in common",
            "make the shoot longer or the offsets smaller",
        )
    return tuple(
        Take(
            key=key,
            label=chr(ord("A") + place),
            camera_model=body,
            offset_us=round(offset_ms * 1000),
            frames=round((seconds + body.extra_s) * body.rate.fraction),
        )
        for place, (key, body, offset_ms) in enumerate(zip(keys, CAMERA_MODELS, offsets_ms, strict=True))
    )
