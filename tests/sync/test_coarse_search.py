"""When a few segments of a long recording settle its lines."""

from __future__ import annotations

import numpy as np
import pytest

from mcsyncd.sync.coarse_search import find_settled_lines
from mcsyncd.sync.votes import COLUMN_S, Votes

TIMES = np.array([8.0, 24.0, 2900.0, 5800.0, 8600.0, 11_500.0, 14_376.0, 14_392.0])
COLUMNS = 2_000_000


def votes(*lines):
    """What eight segments of four hours show of lines (offset_s, ppm, evidence a segment)."""
    first = -COLUMNS // 2
    columns, evidence = [], []
    for time in TIMES:
        found = {
            int((offset + time * ppm * 1e-6) / COLUMN_S) - first: height for offset, ppm, height in lines
        }
        columns.append(np.array(sorted(found), np.int32))
        evidence.append(np.array([found[column] for column in sorted(found)], np.float32))
    return Votes(tuple(columns), tuple(evidence), np.full(COLUMNS, TIMES.size, np.uint8), first, TIMES)


@pytest.mark.parametrize("ppm", [0, 25, -40, 270])
def test_a_drift_of_hours_is_no_rival_of_itself(ppm):
    best = find_settled_lines(votes((-7.3, ppm, 600)), 8)[0]
    assert best.map_time(8.0) - 8.0 == pytest.approx(-7.3, abs=0.02)
    assert best.slope * 1e6 == pytest.approx(ppm, abs=2)


@pytest.mark.parametrize("apart_s", [0.3, -600.0])
def test_a_rival_beside_it_needs_more_segments(apart_s):
    assert find_settled_lines(votes((-7.3, 25, 600), (-7.3 + apart_s, 25, 200)), 8) == []
    assert find_settled_lines(votes((-7.3, 25, 600), (-7.3 + apart_s, 25, 60)), 8)


def test_little_evidence_settles_nothing():
    assert find_settled_lines(votes((-7.3, 25, 60)), 8) == []
    assert find_settled_lines(votes(), 8) == []
