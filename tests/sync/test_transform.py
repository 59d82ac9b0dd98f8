"""The transforms against their definition, and that they stay in single precision."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.sync.transform import choose_fft_size, compute_spectrum, invert_spectrum


def test_a_cosine_is_one_line_of_half_its_length():
    sound = np.cos(2 * np.pi * 5 * np.arange(64) / 64).astype(np.float32)
    spectrum = compute_spectrum(sound, 64)
    assert spectrum.dtype == np.complex64
    assert spectrum[5] == pytest.approx(32, rel=1e-5)
    assert np.abs(np.delete(spectrum, 5)).max() < 1e-4


def test_there_and_back_with_padding():
    sound = np.random.default_rng(1).standard_normal((3, 50)).astype(np.float32)
    back = invert_spectrum(compute_spectrum(sound, 60), 60)
    assert back.dtype == np.float32
    np.testing.assert_allclose(back[:, :50], sound, atol=1e-5)
    np.testing.assert_allclose(back[:, 50:], 0, atol=1e-5)


@given(least=st.integers(1, 300_000))
def test_a_fast_size_divides_by_small_primes_alone_and_is_near(least):
    size = choose_fft_size(least)
    assert least <= size <= 4 / 3 * least + 1  # from 3 to 4 of a power of two
    assert pow(30, 40, size) == 0
