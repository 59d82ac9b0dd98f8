"""Repeats that the comparison with rivals missed: each was accepted at 98 %, wrong or by chance."""

from __future__ import annotations

import numpy as np
import pytest

from hearing import RATE, SURE, babble, offset_ms, recording, taken
from mcsyncd.model.named_doubts import list_named_doubts
from mcsyncd.model.reason import ReasonCode
from mcsyncd.sync.solve import solve_alignment


def solve(x, y):
    return solve_alignment([recording("a", x), recording("b", y)], "a")


def is_accepted(found) -> bool:
    return found.confidence >= SURE and not list_named_doubts(found)


def tile_loop(seconds: float, live: float = 0.0) -> np.ndarray:
    """Two minutes of a loop, the same at every repeat, and live sound that is `live` times as loud."""
    return np.tile(babble(6, seconds), round(120 / seconds)) + live * babble(7, 120)


@pytest.mark.parametrize(("begin_s", "length_s"), [(37.5, 42.4), (48.0, 40.0), (39.1, 36.0)])
def test_a_repeat_with_a_shorter_overlap_is_as_strong_as_it_is(begin_s, length_s):
    """Its windows were shorter where it overlapped for less than 23 s, and so it seemed half as strong."""
    loop = tile_loop(20)
    found = solve(taken(loop, 30, 26.7), taken(loop, begin_s, length_s, seed=2))
    assert not is_accepted(found)
    assert found.reasons[0].code is ReasonCode.RIVAL


@pytest.mark.parametrize(("begin_s", "drift_ppm"), [(11, 60), (51, -40)])
def test_a_repeat_is_measured_along_a_drift_of_its_own(begin_s, drift_ppm):
    """Along the slope of the coarse search, it seemed a third weaker."""
    loop = tile_loop(20)
    found = solve(taken(loop, 30, 29.7), taken(loop, begin_s, 50, seed=2, noise=0.03, drift_ppm=drift_ppm))
    assert not is_accepted(found)


@pytest.mark.parametrize("begin_s", [38.3, 35.0])
def test_live_sound_tells_which_repeat_it_is(begin_s):
    scene = tile_loop(20, live=2.0)
    found = solve(taken(scene, 30, 26.7), taken(scene, begin_s, 42.4, seed=2))
    assert is_accepted(found)
    assert offset_ms(found, "b") == pytest.approx((begin_s - 30) * 1000, abs=8)


def click_track(seed: int, every_s: float, noise: float) -> np.ndarray:
    """Forty seconds of one click, again and again, above hardly any noise."""
    click = np.random.default_rng(1).standard_normal(40) * np.exp(-np.arange(40) / 8)
    sound = noise * np.random.default_rng(seed).standard_normal(40 * RATE)
    for at in range(0, sound.size - 40, round(every_s * RATE)):
        sound[at : at + 40] += 0.5 * click
    return sound


@pytest.mark.parametrize(
    ("every_s", "noise", "late"), [(0.49, 0.0002, 4853), (0.51, 0.0002, 4479), (0.49, 0.0003, 714)]
)
def test_clicks_that_fit_at_every_beat_are_no_answer(every_s, noise, late):
    """The other beats could not be measured, since so little sounds there, and so were no rivals."""
    clicks = [click_track(seed, every_s, noise) for seed in (1, 2)]
    found = solve(clicks[0], clicks[1][late : late + 30 * RATE])
    assert not is_accepted(found)
