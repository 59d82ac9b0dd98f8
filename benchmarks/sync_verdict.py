"""An answer against the truth, and the figures of many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from statistics import fmean, median
from typing import Any

from benchmarks.sync_align import Answered
from benchmarks.sync_session import Clip, Session

HALF_FRAME_MS = 1000 / 120
"""Half a frame at 60 pictures a second: what *right* means, at both ends."""
ACCEPTED = 0.85
_BINS = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """A session's answer, judged.

    `errors_ms` are the errors of every clip that has a right place, at the begin and at the end of
    what it shares; infinite where it was given no place.
    """

    session: Session
    answered: Answered
    confidence: float
    errors_ms: tuple[float, ...]

    @property
    def worst_ms(self) -> float:
        """The largest error of any clip at either end."""
        return max(map(abs, self.errors_ms), default=inf)

    @property
    def right(self) -> bool:
        """Every clip has a right place and was put there, to half a frame at both ends."""
        return self.session.solvable and self.worst_ms <= HALF_FRAME_MS

    @property
    def accepted(self) -> bool:
        """A supervisor is shown *Looks Good*."""
        return self.confidence >= ACCEPTED

    @property
    def false_accept(self) -> bool:
        """The worst that can happen."""
        return self.accepted and not self.right

    @property
    def right_outcome(self) -> bool:
        """Accepted and right, or escalated where there is no right answer."""
        return self.accepted and self.right if self.session.solvable else not self.accepted


def judged(session: Session, answered: Answered) -> Verdict:
    """Hold an answer against the truth; no answer is one without places, of confidence 0."""
    answer = answered.answer or {"confidence": 0.0, "offsets_ms": {}, "drift_ppm": {}}
    errors = [error for clip in session.clips[1:] for error in _errors_ms(clip, answer)]
    return Verdict(session, answered, answer["confidence"], tuple(errors))


def placed(clip: Clip, answer: dict[str, Any]) -> tuple[float | None, float]:
    """Return the offset (ms) and the drift (ppm) that an answer gives a clip."""
    for one in answer.get("clips", {}).get(clip.angle, ()):
        if one["name"] == clip.file.name:
            return one["offset_ms"], one["drift_ppm"]
    return answer["offsets_ms"].get(clip.angle), answer["drift_ppm"].get(clip.angle, 0.0)


def _errors_ms(clip: Clip, answer: dict[str, Any]) -> tuple[float, ...]:
    if clip.offset_ms is None:
        return ()
    offset_ms, drift_ppm = placed(clip, answer)
    if offset_ms is None:
        return (inf, inf)
    wrong_ms, wrong_ppm = offset_ms - clip.offset_ms, drift_ppm - clip.drift_ppm
    return tuple(wrong_ms + at_s * wrong_ppm * 1e-3 for at_s in clip.judged_s)


@dataclass(frozen=True, slots=True)
class Figures:
    """How good many answers are, and what they cost."""

    verdicts: Sequence[Verdict]

    def count(self, holds: Callable[[Verdict], bool]) -> int:
        """Return of how many verdicts something holds."""
        return sum(map(holds, self.verdicts))

    @property
    def brier(self) -> float:
        """Mean square of what confidence was off from what came true (Brier 1950)."""
        return fmean((one.confidence - one.right) ** 2 for one in self.verdicts)

    @property
    def calibration_error(self) -> float:
        """Expected calibration error: confidence against the share of right ones, in ten bins."""
        bins: dict[int, float] = {}
        for one in self.verdicts:
            number = min(int(one.confidence * _BINS), _BINS - 1)
            bins[number] = bins.get(number, 0.0) + one.confidence - one.right
        return sum(map(abs, bins.values())) / len(self.verdicts)

    @property
    def right_ms(self) -> list[float]:
        """The errors of those that are right."""
        return [one.worst_ms for one in self.verdicts if one.right]

    @property
    def median_ms(self) -> float:
        """The middle error of those that are right; infinite when none is."""
        return median(self.right_ms or [inf])

    @property
    def cpu_s_an_hour(self) -> float:
        """CPU seconds for an hour of material, every file counted."""
        hours = sum(one.session.hours for one in self.verdicts)
        return sum(one.answered.cost.cpu_s for one in self.verdicts) / hours
