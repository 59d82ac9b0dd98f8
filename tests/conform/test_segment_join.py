"""What segments found is joined only if it is what one pass would have found."""

from __future__ import annotations

from fractions import Fraction

import pytest

from mcsyncd.conform.explain import TYPICAL_CLIP
from mcsyncd.conform.grid import Grid, MappedFrame
from mcsyncd.conform.plan import plan_renditions
from mcsyncd.conform.segment_join import FindingsJoiner, SegmentsDisagree
from mcsyncd.conform.segments import Segment, SegmentFindings
from mcsyncd.model.rate import Rate

FIRST, LAST = Segment(0, 0, 3), Segment(1, 3, None)


def find(first: int, count: int, *, ends: bool = False) -> SegmentFindings:
    frames = tuple(MappedFrame(Fraction(tick, 30), 1) for tick in range(first, first + count))
    return SegmentFindings(count, frames, source_end=Fraction(first + count, 30) if ends else None)


def join(*parts: tuple[Segment, SegmentFindings]):
    joiner = FindingsJoiner(plan_renditions(TYPICAL_CLIP, Grid(Rate(30)), ()))
    for segment, found in parts:
        joiner.add_findings(segment, found)
    return joiner.join()


def test_the_parts_are_the_whole():
    cut = join((FIRST, find(0, 3)), (LAST, find(3, 2, ends=True)))
    assert cut == join((Segment(0, 0, None), find(0, 5, ends=True)))
    assert (cut.ticks, cut.duplicated, cut.dropped) == (5, 0, 0)


def test_what_lies_behind_the_end_is_empty():
    early = join((FIRST, find(0, 2, ends=True)), (LAST, SegmentFindings(0, (), source_end=Fraction(2, 30))))
    assert early.ticks == 2


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(((FIRST, find(0, 3)), (LAST, find(2, 2, ends=True))), id="a frame twice"),
        pytest.param(((FIRST, find(0, 2)), (LAST, find(3, 2, ends=True))), id="ticks missing in the middle"),
        pytest.param(
            ((FIRST, find(0, 2, ends=True)), (LAST, find(3, 2, ends=True))), id="more after the end"
        ),
        pytest.param(((FIRST, find(0, 3)),), id="no end"),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts):
    with pytest.raises(SegmentsDisagree):
        join(*parts)
