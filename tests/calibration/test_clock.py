"""A camera's clock, and the codec behind it: nothing moves that should not."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.clock import sample_at_clock
from calibration.codec import encode_and_decode_aac
from calibration.signals import RATE, band_pass


@pytest.mark.parametrize("slope", [0.0, 3e-4, -3e-4, 1e-3])
@pytest.mark.parametrize("hertz", [300.0, 3000.0])
def test_samples_lie_within_20_us_of_the_clock(slope, hertz):
    seconds, start = 20, 1234.567
    tone = np.sin(2 * np.pi * hertz * np.arange((seconds + 1) * RATE) / RATE).astype(np.float32)
    count = (seconds - 1) * RATE

    heard = sample_at_clock(tone, start, slope, count)

    # Against the tone itself at those instants, not against another interpolation.
    places_s = (start + np.arange(count) * (1 + slope)) / RATE
    wrong = heard - np.sin(2 * np.pi * hertz * places_s)
    assert np.abs(wrong).max() < 2 * np.pi * hertz * 20e-6


def test_outside_the_scene_is_silence():
    heard = sample_at_clock(np.ones(100, np.float32), -50.0, 0.0, 300)

    assert not heard[:30].any()
    assert heard[80] == pytest.approx(1.0, abs=0.01)
    assert not heard[170:].any()


@pytest.mark.parametrize("kilobits", [24, 64])
def test_the_codec_moves_nothing_in_time(kilobits):
    wave = band_pass(np.random.default_rng(1).standard_normal(5 * RATE, dtype=np.float32) * 0.1, 200, 3000)

    coded = encode_and_decode_aac(wave, kilobits)

    size = 16 * 2 * wave.size
    cross = np.fft.rfft(wave, 2 * wave.size) * np.fft.rfft(coded, 2 * wave.size).conj()
    peak = int(np.argmax(np.fft.irfft(cross, size)))
    assert coded.size == wave.size
    assert abs((peak + size // 2) % size - size // 2) / 16 / RATE < 20e-6
