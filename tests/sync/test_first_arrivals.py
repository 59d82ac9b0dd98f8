"""First arrivals: the same for any order of reads, echoes weaker than their sound, silence from silence."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from hearing import RATE, as_int16, babble
from mcsyncd.sync import whitening
from mcsyncd.sync.block_cache import BlockCache
from mcsyncd.sync.whitening import WhitenedChannel


@pytest.fixture(scope="module")
def sound():
    return as_int16(babble(1, 20))


def test_a_range_is_the_same_at_once_and_in_parts(sound):
    whole = WhitenedChannel(sound, BlockCache()).read_first_arrivals(0, sound.size)
    in_parts = WhitenedChannel(sound, BlockCache(max_bytes=1))
    edges = [0, 7, 30_000, 65_535, 65_537, 131_072, sound.size]
    parts = [in_parts.read_first_arrivals(start, stop) for start, stop in pairwise(edges)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert whole.any()


def test_a_range_is_the_same_after_any_other_was_read(sound):
    whole = WhitenedChannel(sound, BlockCache()).read_first_arrivals(0, sound.size)
    late = WhitenedChannel(sound, BlockCache())
    for start, stop in [(140_000, 150_000), (65_000, 66_000), (0, 100)]:
        np.testing.assert_array_equal(late.read_first_arrivals(start, stop), whole[start:stop])


def click_and_echo(later_s: float, level: float) -> np.ndarray:
    """Two seconds of faint hiss with 2 ms of noise at 1 s, and the same again, fainter, after it."""
    random = np.random.default_rng(3)
    burst = 0.5 * random.standard_normal(RATE // 500)
    made = 1e-5 * random.standard_normal(2 * RATE)
    made[RATE : RATE + burst.size] += burst
    echo = RATE + round(later_s * RATE)
    made[echo : echo + burst.size] += level * burst
    return made


def energy(whitened: np.ndarray, at: int) -> float:
    return float(np.sum(whitened[at - 32 : at + 48] ** 2))


@pytest.mark.parametrize("later_s", [0.012, 0.02, 0.035])
def test_an_echo_of_a_click_is_weakened_against_the_click(later_s):
    channel = WhitenedChannel(as_int16(click_and_echo(later_s, 0.8)), BlockCache())
    echo = RATE + round(later_s * RATE)
    usual, first = channel.read_full_rate(0, 2 * RATE), channel.read_first_arrivals(0, 2 * RATE)
    assert energy(first, RATE) > 0
    # The echo has 0.64 of the click's energy, and whitening brings both to one level.
    assert energy(first, echo) / energy(first, RATE) < 0.5 * energy(usual, echo) / energy(usual, RATE)
    assert energy(first, echo) / energy(first, RATE) < 0.4


def test_silence_gives_zeros():
    assert (
        not WhitenedChannel(np.zeros(3 * RATE, np.int16), BlockCache()).read_first_arrivals(0, 3 * RATE).any()
    )


def test_a_silence_between_sounds_gives_zeros(sound):
    gap = sound.copy()
    gap[8 * RATE : 10 * RATE] = 0
    whitened = WhitenedChannel(gap, BlockCache()).read_first_arrivals(0, gap.size)
    assert not whitened[8 * RATE + 64 : 10 * RATE - 64].any()
    assert whitened[: 8 * RATE].any()
    assert whitened[10 * RATE :].any()


def test_beyond_the_recording_there_is_nothing(sound):
    channel = WhitenedChannel(sound, BlockCache())
    assert not channel.read_first_arrivals(-200_000, -1000).any()
    assert not channel.read_first_arrivals(sound.size + 1000, sound.size + 200_000).any()


@pytest.mark.parametrize("gap", [16, 31, 32, 700, RATE])
def test_full_scale_clicks_are_not_clipped(monkeypatch, gap):
    clicks = np.zeros(2 * RATE, np.int16)
    clicks[gap // 2 :: gap] = 32767
    clicks[gap // 2 + gap :: 2 * gap] = -32768
    fine = WhitenedChannel(clicks, BlockCache()).read_first_arrivals(0, clicks.size)
    # In steps eight times as wide there is room for anything eight times as high.
    monkeypatch.setattr(whitening, "_STEPS_PER_UNIT", np.float32(128))
    roomy = WhitenedChannel(clicks, BlockCache()).read_first_arrivals(0, clicks.size)
    assert np.abs(roomy).max() > 1
    np.testing.assert_allclose(fine, roomy, atol=1 / 128)
