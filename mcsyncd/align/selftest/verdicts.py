"""Judges the solver's answers to known-answer cases, and counts. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from mcsyncd.align.selftest.cases import WITHOUT_ANSWER, CaseKind, KnownCase
from mcsyncd.align.selftest.excerpts import read_excerpt
from mcsyncd.align.selftest.material import X, Y, is_acceptable
from mcsyncd.model.alignment import AngleMatch
from mcsyncd.sync.confidence import HALF_FRAME_S
from mcsyncd.sync.solve import solve_alignment

REVIEW_BELOW = 0.85
"""Confidence from which an answer is accepted: the default of `review.review_below`; a test compares them."""
TOLERANCE_MS = HALF_FRAME_S * 1e3
"""Milliseconds within which an offset is right, at both ends of the overlap: what a confidence is about."""
_Z = 1.96
"""Standard deviations of a two-sided interval of 95 %: textbook."""
BIN_EDGES = (0.0, 0.5, REVIEW_BELOW, 0.95, 1.0)
"""Confidences between which cases are counted together. Judgement: below half, unsure, accepted, sure. More
bins of a hundred cases would hold nothing."""


@dataclass(frozen=True, slots=True)
class CaseVerdict:
    """The solver's answer to a case, and whether it was right.

    `offset_us` is None where it placed nothing. `error_ms` is the larger error at the two ends of what the
    excerpts share; None where there is no answer, from either side.
    """

    case: KnownCase
    confidence: float
    offset_us: int | None
    error_ms: float | None
    is_accepted: bool

    @property
    def is_right(self) -> bool:
        """Whether the offset is right. Of excerpts that share no moment, no offset is."""
        return self.error_ms is not None and self.error_ms <= TOLERANCE_MS

    @property
    def is_false_accept(self) -> bool:
        """Whether a person would have been shown *Looks Good* for a wrong answer."""
        return self.is_accepted and not self.is_right


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many, with the interval in which the true share lies in 95 of 100 such tests."""

    count: int
    of: int

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's score interval (1927): unlike that of the normal distribution, it holds for few cases."""
        if not self.of:
            return 0.0, 1.0
        share, spread = self.count / self.of, _Z * _Z / self.of
        middle = (share + spread / 2.0) / (1.0 + spread)
        reach = _Z * sqrt(share * (1.0 - share) / self.of + spread / (4.0 * self.of)) / (1.0 + spread)
        return max(0.0, middle - reach), min(1.0, middle + reach)


@dataclass(frozen=True, slots=True)
class ConfidenceBin:
    """The cases with a confidence from `low` to below `high`: what was stated on average, what was right."""

    low: float
    high: float
    stated: float
    right: Share


def judge_case(case: KnownCase) -> CaseVerdict:
    """Solve a case as the product solves a session of two cameras, and judge the answer."""
    recordings = [read_excerpt(case.x, X), read_excerpt(case.y, Y)]
    alignment = solve_alignment(recordings, X)
    angle = alignment.find_angle(Y)
    return CaseVerdict(
        case,
        alignment.confidence,
        None if angle is None else angle.offset_us,
        None if angle is None else _measure_error_ms(case, angle),
        is_acceptable(alignment, REVIEW_BELOW),
    )


def _measure_error_ms(case: KnownCase, found: AngleMatch) -> float | None:
    if case.offset_us is None or found.offset_us is None:
        return None
    slope = 1.0 + case.drift_ppm * 1e-6
    begin_us = max(0.0, -case.offset_us / slope)
    end_us = min(case.y.seconds * 1e6, (case.x.seconds * 1e6 - case.offset_us) / slope)
    misses_us = (
        found.offset_us - case.offset_us + at_us * (found.drift_ppm - case.drift_ppm) * 1e-6
        for at_us in (begin_us, end_us)
    )
    return max(map(abs, misses_us)) / 1e3


def count_verdicts(verdicts: Iterable[CaseVerdict], is_counted: Callable[[CaseVerdict], bool]) -> Share:
    """Return how many verdicts are of a kind."""
    counted = [is_counted(one) for one in verdicts]
    return Share(sum(counted), len(counted))


def group_by_kind(verdicts: Sequence[CaseVerdict]) -> dict[CaseKind, list[CaseVerdict]]:
    """Return the verdicts of each kind of case that was tried, in the order of the kinds."""
    groups = {kind: [one for one in verdicts if one.case.kind is kind] for kind in CaseKind}
    return {kind: group for kind, group in groups.items() if group}


def has_answer(verdict: CaseVerdict) -> bool:
    """Tell whether the excerpts of a case share anything."""
    return verdict.case.kind not in WITHOUT_ANSWER


def build_bins(verdicts: Sequence[CaseVerdict]) -> list[ConfidenceBin]:
    """Return the bins that any verdict falls into, lowest first: stated confidence beside what was right."""
    bins = []
    for low, high in pairwise(BIN_EDGES):
        inside = [one for one in verdicts if low <= one.confidence < high or one.confidence == high == 1.0]
        if inside:
            stated = sum(one.confidence for one in inside) / len(inside)
            bins.append(ConfidenceBin(low, high, stated, count_verdicts(inside, lambda one: one.is_right)))
    return bins
