"""The position of every clip on the session clock, and how certain it is.

The sign of an offset, stated once for the whole product:

    t_reference = offset + t_clip * (1 + drift * 1e-6)

so an offset of -134 ms means that the clip began 134 ms before the reference did. t = 0 is the
presentation time of a clip's first frame (its first audio sample where it has no video).
Offsets are integer microseconds, drift is parts per million. Where a clock changes its rate, a curve
(`drift_curve.py`) adds what the line is off.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from mcsyncd.model.drift_curve import DriftCurve
from mcsyncd.model.job_inputs import INPUT_IF_SET
from mcsyncd.model.reason import Reason


class SyncMethod(StrEnum):
    """How the offsets were found. `FALLBACK` is never above the review threshold."""

    AUDIO_CORR = "audio-corr"
    FALLBACK = "fallback"
    MANUAL = "manual"


class Disposition(StrEnum):
    """What becomes of a clip. Only the first three are on the timeline.

    `SYNCED` by sound, `FALLBACK` by a clock, `MANUAL` by a person. `SET_ASIDE` is kept, conformed and
    published, but off the timeline. `LEFT_OUT` by a person, with a reason: it is neither conformed nor
    published.
    """

    SYNCED = "synced"
    FALLBACK = "fallback"
    MANUAL = "manual"
    SET_ASIDE = "set_aside"
    LEFT_OUT = "left_out"


OFF_TIMELINE = frozenset({Disposition.SET_ASIDE, Disposition.LEFT_OUT})
"""What becomes of a clip that nobody needs to place."""


_DISPOSITIONS = {
    SyncMethod.AUDIO_CORR: Disposition.SYNCED,
    SyncMethod.FALLBACK: Disposition.FALLBACK,
    SyncMethod.MANUAL: Disposition.MANUAL,
}
"""What became of a placed clip in an alignment that only recorded its method."""


class Witness(StrEnum):
    """A source of evidence about time. `SOUND` is that of one pair of clips, `ONSETS` their claps alone."""

    SOUND = "sound"
    ONSETS = "onsets"
    LINEAR_TIMECODE = "linear_timecode"
    TIMECODE = "timecode"
    TIME_REFERENCE = "time_reference"
    RECORDING_TIME = "recording_time"


class Stance(StrEnum):
    """What a vote means for the offset that was chosen. `UNDECIDED` where its witness cannot tell."""

    AGREES = "agrees"
    CONTRADICTS = "contradicts"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Vote:
    """What one witness says of a clip's place on the session clock, compared with a clip of camera `beside`.

    `sigma_us` is its own standard error, in microseconds.
    """

    clip: str
    beside: str
    witness: Witness
    offset_us: int
    sigma_us: int
    stance: Stance


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offset that explains the sound, with its score (comparable within one angle only)."""

    offset_us: int
    score: float


@dataclass(frozen=True, slots=True)
class Placement:
    """One clip on the session clock; `offset_us` is None when it is not placed.

    `disposition` is None for a clip that cannot be placed and for which nobody has decided yet, and in
    alignments of versions that recorded none. `curve` is what is to be added to the line. `confidence` is
    the machine's chance that its own offset is right; None where it has none. `continues` is the clip whose
    recording this file goes on with, `parallel_to` the one that was recorded at once with it and gave it its
    place.
    """

    clip: str
    offset_us: int | None
    drift_ppm: float = 0.0
    disposition: Disposition | None = None
    confidence: float | None = None
    continues: str = ""
    parallel_to: str = ""
    curve: DriftCurve = field(default=(), metadata=INPUT_IF_SET)

    @property
    def is_undecided(self) -> bool:
        """Whether it has neither a place on the timeline nor a reason to have none."""
        return self.offset_us is None and self.disposition not in OFF_TIMELINE

    @property
    def is_unexplained(self) -> bool:
        """Whether it is of a version that recorded no disposition beside the offset."""
        return self.offset_us is not None and self.disposition is None


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
    values 0..1, evenly spaced by `strip_step_us`, the middle one at the chosen offset. `votes` are what each
    witness says of each clip; of versions that recorded none, there are none.
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
    votes: tuple[Vote, ...] = ()

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

    def find_disposition(self, camera: str, clip: str) -> Disposition | None:
        """Return what becomes of a clip, or None if that is not decided.

        Of an alignment that recorded none, a placed clip has that of the method.
        """
        placed = self.find_placement(camera, clip)
        if placed is None or not placed.is_unexplained:
            return placed.disposition if placed is not None else None
        return _DISPOSITIONS[self.method]


def weigh_alignment(alignment: Alignment) -> Alignment:
    """Return the alignment with the confidences and the method that follow from its placements.

    An angle is as sure as its weakest clip on the timeline, the session as its weakest angle. A clip that a
    person placed where the machine had no answer lends no number. An angle with an undecided clip has
    confidence 0, and so has a session of several angles in which the machine placed none but the
    reference. What comes from versions that recorded no dispositions keeps its numbers.
    """
    numbers = {angle.camera: _list_confidences(angle) for angle in alignment.angles}
    angles = tuple(
        replace(angle, confidence=min(numbers[angle.camera], default=0.0)) for angle in alignment.angles
    )
    is_compared = len(angles) == 1 or any(
        of_angle for camera, of_angle in numbers.items() if camera != alignment.reference
    )
    confidence = min((one for of_angle in numbers.values() for one in of_angle), default=0.0)
    return replace(
        alignment,
        angles=angles,
        confidence=confidence if is_compared else 0.0,
        method=_choose_method(alignment),
    )


def _list_confidences(angle: AngleMatch) -> list[float]:
    placements = angle.placements
    if not placements or any(placed.is_unexplained for placed in placements):
        return [angle.confidence]
    if any(placed.is_undecided for placed in placements):
        return [0.0]
    return [
        placed.confidence
        for placed in placements
        if placed.disposition not in OFF_TIMELINE and placed.confidence is not None
    ]


def _choose_method(alignment: Alignment) -> SyncMethod:
    placements = [placed for angle in alignment.angles for placed in angle.placements]
    dispositions = {placed.disposition for placed in placements}
    if Disposition.MANUAL in dispositions:
        return SyncMethod.MANUAL
    if any(placed.is_unexplained for placed in placements):
        return alignment.method
    return SyncMethod.FALLBACK if Disposition.FALLBACK in dispositions else SyncMethod.AUDIO_CORR


def floor_percent(confidence: float) -> int:
    """Return a confidence in whole percent, floored: no screen shows 85% and asks for review.

    Through the decimal digits, because 0.29 * 100 is 28.999999999999996.
    """
    return int(Decimal(repr(confidence)) * 100)
