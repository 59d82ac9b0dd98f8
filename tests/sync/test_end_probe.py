"""The ends of what two clips share: what lies elsewhere there, and only there, was lost."""

from __future__ import annotations

import pytest

from hearing import RATE, as_int16, babble, heard_in_room, taken, without
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
    heard = without(heard, 6 if end == "first" else -6, 0.1)
    match = match_along(taken(scene, 2, 60), heard, 3.1 if end == "first" else 3.0)
    astray = find_astray_end(match)
    assert astray is not None
    assert (astray.end, abs(astray.later_s)) == (end, pytest.approx(0.1, abs=0.001))


@pytest.mark.parametrize(("at_s", "lost_s"), [(-4.5, 0.1), (-3.5, 0.046), (4.5, 0.1), (3.5, 0.046)])
def test_what_was_lost_in_a_room_is_clear_by_several_windows(scene, at_s, lost_s):
    """What still rings keeps a peak on the line: 51 ms lost were accepted at 98 %, three times less clear."""
    far, near = heard_in_room(scene, 101), heard_in_room(scene, 102)
    lost = without(taken(near, 5, 50, seed=4), at_s, lost_s)
    match = match_along(taken(far, 2, 60), lost, 3.0 + (lost_s if at_s > 0 else 0.0))
    astray = find_astray_end(match)
    assert astray is not None
    assert (astray.end, abs(astray.later_s)) == (
        "first" if at_s > 0 else "last",
        pytest.approx(lost_s, abs=0.003),
    )


def test_a_room_where_nothing_was_lost_has_no_lost_end(scene):
    far, near = heard_in_room(scene, 101), heard_in_room(scene, 102)
    assert find_astray_end(match_along(taken(far, 2, 60), taken(near, 5, 50, seed=4), 3.0)) is None


def test_an_end_that_is_off_by_less_than_half_a_frame_is_no_lost_end(scene):
    """The offset is right to half a frame at both ends: a clip 2.5 ms off for a second was held up."""
    lost = without(taken(scene, 5, 50, seed=4), -4, 0.0025)
    assert find_astray_end(match_along(taken(scene, 2, 60), lost, 3.0)) is None


def test_a_moment_elsewhere_is_no_lost_end_if_the_sound_is_on_the_line_again_behind_it(scene):
    """What was lost leaves nothing behind it on the line; in a steady tone, seconds may look shifted."""
    heard = taken(scene, 5, 50, seed=4)
    moment = slice(round(-5.5 * RATE), -3 * RATE)
    heard[moment] = taken(scene, 4.85, 50, seed=4)[moment]
    assert find_astray_end(match_along(taken(scene, 2, 60), heard, 3.0)) is None
