"""The peaks pyramid: every level tells the same story."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearing import RATE, as_int16, babble
from mcsyncd.listen.peaks.pyramid import read_columns, write_peaks


@pytest.fixture(scope="module")
def sound():
    return as_int16(0.5 * babble(4, 30))


@pytest.fixture(scope="module")
def peaks(sound, tmp_path_factory):
    folder = tmp_path_factory.mktemp("peaks")
    channel = folder / "one.s16"
    channel.write_bytes(sound.astype("<i2").tobytes())
    write_peaks(folder / "peaks.bin", [channel], sound.size, 250_000)
    return folder / "peaks.bin"


def drawn(sound, begin, end):
    """Lowest and highest sample of [begin, end), in samples of the channel; zero outside."""
    part = sound[max(0, begin) : max(0, end)]
    return (int(part.min()), int(part.max())) if part.size else (0, 0)


@pytest.mark.parametrize("level", range(8))
def test_every_level_shows_what_the_samples_show(peaks, sound, level):
    step_us = 5000 << level
    low, high = read_columns(peaks, 250_000, step_us, 40)
    exact = [drawn(sound, 40 * i << level, 40 * (i + 1) << level) for i in range(40)]
    seen = np.abs(np.stack([low, high], axis=1).astype(int))
    # A column at full scale is cut off, and a low one is coarse in int8.
    shown = (seen > 20) & (seen < 127)
    scale = np.abs(np.array(exact))[shown] / seen[shown]
    assert scale.size > 10
    assert np.allclose(scale, np.median(scale), rtol=0.03)


@settings(max_examples=40, deadline=None)
@given(start_us=st.integers(-2_000_000, 32_000_000), step_us=st.integers(200, 3_000_000))
def test_a_coarse_column_is_at_least_as_tall_as_the_fine_ones_in_it(peaks, start_us, step_us):
    low, high = read_columns(peaks, start_us, step_us, 6)
    fine_low, fine_high = read_columns(peaks, start_us, step_us * 6, 1)
    assert fine_low[0] <= low[1:-1].min() + 1
    assert fine_high[0] >= high[1:-1].max() - 1


def test_outside_of_the_sound_there_is_nothing(peaks):
    for start_us in (-5_000_000, 60_000_000):
        low, high = read_columns(peaks, start_us, 20_000, 10)
        assert not low.any()
        assert not high.any()


def test_times_are_the_clips_own(tmp_path):
    sound = np.zeros(RATE, np.int16)
    sound[RATE // 2] = 20_000
    (tmp_path / "one.s16").write_bytes(sound.tobytes())
    write_peaks(tmp_path / "peaks.bin", [tmp_path / "one.s16"], sound.size, -100_000)
    for step_us in (20_000, 5000, 1000):
        _, high = read_columns(tmp_path / "peaks.bin", 0, step_us, 1_000_000 // step_us)
        assert np.flatnonzero(high).tolist() == [400_000 // step_us]


def test_without_the_analysis_audio_the_base_level_stands_in(peaks, tmp_path):
    alone = tmp_path / "peaks.bin"
    alone.write_bytes(peaks.read_bytes())
    low, high = read_columns(alone, 1_000_000, 1000, 50)
    assert (high >= low).all()
    assert high.any()


def test_a_clip_without_sound_has_flat_peaks(tmp_path):
    write_peaks(tmp_path / "peaks.bin", [], 8000, 0)
    low, high = read_columns(tmp_path / "peaks.bin", 0, 10_000, 50)
    assert not low.any()
    assert not high.any()


def test_another_file_is_refused(tmp_path):
    (tmp_path / "peaks.bin").write_bytes(b"RIFF" + bytes(60))
    with pytest.raises(ValueError, match="not a peaks file"):
        read_columns(tmp_path / "peaks.bin", 0, 1000, 1)
