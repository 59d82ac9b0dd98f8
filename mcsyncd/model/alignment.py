"""The position of every clip on the session clock, and how certain it is.

The sign of an offset, stated once for the whole product:

    t_reference = offset + t_clip * (1 + drift * 1e-6)

so an offset of -134 ms means that the clip began 134 ms before the reference did. t = 0 is the
presentation time of a clip's first frame (its first audio sample where it has no video).
Offsets are integer microseconds, drift is parts per million.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from mcsyncd.model.reason import Reason


class SyncMethod(StrEnum):
    """How the offsets were found. `FALLBACK` is never above the review threshold."""

    AUDIO_CORR = "audio-corr"
    FALLBACK = "fallback"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offset that explains the sound, with its score (comparable within one angle only)."""

    offset_us: int
    score: float


@dataclass(frozen=True, slots=True)
class Placement:
    """One clip on the session clock; `offset_us` is None when it cannot be placed."""

    clip: str
    offset_us: int | None
    drift_ppm: float = 0.0


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a clip that was cut or lost something, `begin_us` to `end_us` of clip time, and its place."""

    clip: str
    begin_us: int
    end_us: int
    offset_us: int
    drift_ppm: float


@dataclass(frozen=True, slots=True)
class AngleMatch:
    """One camera's answer: its clips in order of time, and the evidence behind them.

    `overlap_s` is the shared sound in seconds, `residual_ms` the scatter of the windows around
    the line, `error_ms` the standard error of the offset at the worse end of what is shared,
    `drift_error_ppm` that of the drift (both of the measurement alone: not of a wrong peak, which is
    what the confidence is about). `pieces` are the parts of a clip that no single offset fits; the
    placement is that of one of them. `strip` is the correlation around the chosen offset for the eye:
    values 0..1, evenly spaced by `strip_step_us`, the middle one at the chosen offset.
    """

    camera: str
    placements: tuple[Placement, ...]
    confidence: float
    reasons: tuple[Reason, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    overlap_s: float = 0.0
    residual_ms: float | None = None
    correlation_strip: tuple[float, ...] = ()
    strip_step_us: int = 0
    error_ms: float | None = None
    drift_error_ppm: float | None = None
    pieces: tuple[Piece, ...] = ()

    @property
    def offset_us(self) -> int | None:
        """The offset of the camera's first clip: what one number on a screen means."""
        return self.placements[0].offset_us if self.placements else None

    @property
    def drift_ppm(self) -> float:
        """The drift of the camera's first clip."""
        return self.placements[0].drift_ppm if self.placements else 0.0


@dataclass(frozen=True, slots=True)
class Alignment:
    """The whole session's answer. `confidence` is a probability: the weakest angle's.

    After a nudge `method` is `manual`, and `confidence` is still the machine's own number:
    a person's hand does not make the machine more sure.
    """

    reference: str
    angles: tuple[AngleMatch, ...]
    confidence: float
    method: SyncMethod
    reasons: tuple[Reason, ...] = ()

    def find_angle(self, camera: str) -> AngleMatch | None:
        """Return the match of one camera, or None if the camera is not part of it."""
        return next((angle for angle in self.angles if angle.camera == camera), None)

    def find_placement(self, camera: str, clip: str) -> Placement | None:
        """Return the placement of one clip, or None if the clip is not part of the alignment."""
        angle = self.find_angle(camera)
        if angle is None:
            return None
        return next((placed for placed in angle.placements if placed.clip == clip), None)


def floor_percent(confidence: float) -> int:
    """Return a confidence in whole percent, floored: no screen shows 85% and asks for review.

    Through the decimal digits, because 0.29 * 100 is 28.999999999999996.
    """
    return int(Decimal(repr(confidence)) * 100)
