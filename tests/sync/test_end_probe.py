"""The ends of what two clips share: what lies elsewhere there, and only there, was lost."""

from __future__ import annotations

import numpy as np
import pytest

from hearing import RATE, as_int16, babble, taken
from mcsyncd.sync.block_cache import BlockCache
from mcsyncd.sync.coarse_search import Line
from mcsyncd.sync.end_probe import find_astray_end
from mcsyncd.sync.matching import match_recordings, measure_along_line
from mcsyncd.sync.whitening import WhitenedChannel

LATE_S = 0.012


@pytest.fixture(scope="module")
def scene():
    return babble(21, 70)


def match_along(x, y, offset_s):
    cache = BlockCache()
    channels = [[WhitenedChannel(as_int16(sound), cache)] for sound in (x, y)]
    match = match_recordings(*channels, [Line(offset_s, 0.0)])
    return measure_along_line(match, Line(offset_s, 0.0))


def hear_in_room(scene, at_s, seconds):
    """Direct sound that is fainter than what the wall sends 12 ms later, as far away in a hall."""
    late = taken(scene, at_s - LATE_S, seconds, seed=5)
    return 0.2 * taken(scene, at_s, seconds, noise=0.003, seed=4) + late


def test_a_reflection_that_is_there_throughout_is_no_lost_end(scene):
    """Along the direct path each window is clearest a reflection later: two of 26 sessions were held up."""
    match = match_along(taken(scene, 2, 60), hear_in_room(scene, 5, 50), 3.0)
    assert match.line.offset_s == pytest.approx(3.0, abs=0.001)
    assert find_astray_end(match) is None


@pytest.mark.parametrize("end", ["first", "last"])
def test_what_was_lost_near_an_end_lies_elsewhere_only_there(scene, end):
    heard = taken(scene, 5, 50, seed=4)
    lost, at = round(0.1 * RATE), 6 * RATE
    heard = np.delete(heard, slice(at, at + lost) if end == "first" else slice(-at - lost, -at))
    match = match_along(taken(scene, 2, 60), heard, 3.1 if end == "first" else 3.0)
    astray = find_astray_end(match)
    assert astray is not None
    assert (astray.end, abs(astray.later_s)) == (end, pytest.approx(0.1, abs=0.001))
