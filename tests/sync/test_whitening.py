"""Whitened audio: the same for any range and order of reads, at either rate."""

from __future__ import annotations

import numpy as np
import pytest

from hearing import RATE, as_int16, babble
from mcsyncd.sync.block_cache import BlockCache
from mcsyncd.sync.whitening import WhitenedChannel


@pytest.fixture(scope="module")
def sound():
    return as_int16(babble(1, 20))


def test_a_range_is_the_same_from_a_small_cache_and_in_any_order(sound):
    plenty, scarce = WhitenedChannel(sound, BlockCache()), WhitenedChannel(sound, BlockCache(max_bytes=1))
    whole = plenty.read_full_rate(0, sound.size)
    for start, stop in [(70_000, 70_100), (0, 140_000), (65_536, 65_537), (5, 66_000)]:
        np.testing.assert_array_equal(scarce.read_full_rate(start, stop), whole[start:stop])


def test_beyond_the_recording_there_is_nothing(sound):
    channel = WhitenedChannel(sound, BlockCache())
    assert not channel.read_full_rate(-200_000, -1000).any()
    assert not channel.read_full_rate(sound.size + 1000, sound.size + 200_000).any()
    around = channel.read_full_rate(-100_000, sound.size + 100_000)
    np.testing.assert_array_equal(around[100_000:-100_000], channel.read_full_rate(0, sound.size))


def test_loudness_and_colour_are_removed(sound):
    quiet = WhitenedChannel((sound // 16).astype(np.int16), BlockCache()).read_full_rate(0, 80_000)
    loud = WhitenedChannel(sound, BlockCache()).read_full_rate(0, 80_000)
    assert np.corrcoef(quiet, loud)[0, 1] > 0.95
    assert 0.3 < loud.std() < 1.1


def test_half_the_rate_is_the_same_sound_below_2_khz(sound):
    channel = WhitenedChannel(sound, BlockCache())
    half, whole = channel.read_half_rate(0, 40_000), channel.read_full_rate(0, 80_000)
    spectrum = np.fft.rfft(whole)
    spectrum[20_000:] = 0
    low = np.fft.irfft(spectrum)[::2]
    assert np.corrcoef(half, low)[0, 1] > 0.98


def test_int16_steps_are_far_below_the_audio_and_a_click_is_not_clipped():
    click = np.zeros(4 * RATE, np.int16)
    click[2 * RATE] = 32767
    channel = WhitenedChannel(click, BlockCache())
    assert 5 < np.abs(channel.read_full_rate(0, click.size)).max() < 32


@pytest.mark.parametrize("mode", ["r", "c"])
def test_a_mapped_file_is_read_as_an_array_is(sound, tmp_path, mode):
    path = tmp_path / "channel.s16"
    sound.tofile(path)
    mapped = np.memmap(path, "<i2", mode)
    if mode == "c":
        mapped[:] = sound // 2
    whitened = WhitenedChannel(mapped, BlockCache()).read_full_rate(0, sound.size)
    plain = WhitenedChannel(np.array(mapped), BlockCache()).read_full_rate(0, sound.size)
    np.testing.assert_array_equal(whitened, plain)
    np.testing.assert_array_equal(mapped, sound // 2 if mode == "c" else sound)


def test_a_channel_of_zeros_is_silent():
    assert WhitenedChannel(np.zeros(RATE, np.int16), BlockCache()).is_silent
