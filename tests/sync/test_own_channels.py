"""Lags between the channels of one clip: a feed that is late is found in the clip itself."""

from __future__ import annotations

import numpy as np
import pytest

from hearing import RATE, as_int16, babble, offset_ms, recording, taken
from mcsyncd.model.reason import ReasonCode
from mcsyncd.sync.block_cache import BlockCache
from mcsyncd.sync.own_channels import measure_own_lag
from mcsyncd.sync.solve import solve_alignment
from mcsyncd.sync.whitening import WhitenedChannel


@pytest.fixture(scope="module")
def talk():
    return babble(3, 40)


def measure(one, other):
    cache = BlockCache()
    return measure_own_lag(*(WhitenedChannel(as_int16(sound), cache) for sound in (one, other)))


@pytest.mark.parametrize("lag_s", [-2.0, -0.33, 0.05, 0.33, 6.5])
def test_a_late_channel_is_measured_in_both_directions(talk, lag_s):
    later = taken(talk, 8 - lag_s, 25, noise=0.02, seed=5)
    assert measure(taken(talk, 8, 25), later) == pytest.approx(lag_s, abs=0.001)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda talk: taken(talk, 8, 25, noise=0.05, seed=5), id="stereo"),
        pytest.param(lambda talk: taken(talk, 8.01, 25), id="another microphone"),
        pytest.param(lambda _: taken(babble(9, 40), 8, 25), id="another room"),
        pytest.param(lambda _: np.zeros(25 * RATE), id="silence"),
        pytest.param(lambda _: np.sin(np.arange(25 * RATE) * 2 * np.pi * 200 / RATE), id="hum"),
    ],
)
def test_ordinary_channels_have_no_lag(talk, other):
    assert measure(taken(talk, 8, 25), other(talk)) is None


@pytest.mark.parametrize(("loop_s", "noise"), [(3, 0.1), (12, 0.2)])
def test_a_loop_does_not_hide_that_a_feed_is_late(loop_s, noise):
    """The lines of its repeats were the only ones tried: accepted 333 ms off, at 95 %."""
    loop = np.tile(babble(11, loop_s), 120 // loop_s)
    event = 0.8 * loop + 0.25 * babble(12, 120)
    own = taken(event, 20, 60, noise=noise, seed=1)
    late = taken(event, 20 - 0.333, 60)
    found = solve_alignment([recording("a", taken(event, 10, 80)), recording("c", own, late)], "a")
    assert found.confidence <= 0.5
    assert ReasonCode.CHANNELS_DISAGREE in {one.code for one in found.find_angle("c").reasons}
    offsets = [one.offset_us / 1000 for one in found.find_angle("c").candidates[:2]]
    assert min(abs(at - 10_000) for at in offsets) < 1, offsets
    assert abs(offset_ms(found, "c") - 10_000) < 1 or abs(offset_ms(found, "c") - 9_667) < 1
