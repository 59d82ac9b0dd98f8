"""The clocks of the cameras, judged on the samples before any codec."""

import numpy as np
import pytest

from mcsyncd.demo.microphone import _interpolate_samples, record_take
from mcsyncd.demo.scene import make_scene
from mcsyncd.demo.sound_events import SCENE_RATE
from mcsyncd.demo.truth import DEFAULT_KEYS, plan_takes


def test_a_sine_sampled_between_samples_is_the_sine_there():
    source = np.sin(2 * np.pi * 5000 * np.arange(4000) / SCENE_RATE).astype(np.float32)
    at = 100 + np.arange(3000) * (1 - 31e-6) + 0.37
    exact = np.sin(2 * np.pi * 5000 * at / SCENE_RATE)
    assert np.abs(_interpolate_samples(source, at) - exact).max() < 2e-3


@pytest.fixture(scope="module")
def takes():
    return plan_takes(DEFAULT_KEYS, 12.0, (0.0, -134.0, 87.0))


def test_two_cameras_hear_one_scene_at_the_times_their_clocks_say(takes):
    """Cut both cameras' sound at one instant of the session clock, late in the clip, and compare."""
    scene = make_scene(5, -2.0, 14.0)
    reference, other = takes[0], takes[1]
    heard = [np.concatenate(list(record_take(scene, take, 5)))[:, 0] for take in (reference, other)]
    cut = slice(int(9.0 * 48000), int(11.0 * 48000))
    mapped = ((np.arange(cut.start, cut.stop) / 48000) - other.offset_us * 1e-6) / other.clock_ratio * 48000
    at_reference, at_other = heard[0][cut], np.interp(mapped, np.arange(len(heard[1])), heard[1])
    spectrum = np.fft.rfft(at_reference) * np.conj(np.fft.rfft(at_other))
    fine = np.fft.irfft(spectrum, 20 * len(at_other))
    lag = int(np.argmax(fine))
    lag -= len(fine) if lag > len(fine) // 2 else 0
    assert abs(lag / 20 / 48000) < 20e-6


def test_every_camera_has_a_level_that_a_camera_records(takes):
    scene = make_scene(5, -2.0, 14.0)
    for take in takes:
        sound = np.concatenate(list(record_take(scene, take, 5)))
        assert len(sound) == round(take.duration_s * take.camera_model.audio_rate)
        assert -36 < 20 * np.log10(np.sqrt(np.mean(sound**2))) < -14
        assert np.abs(sound).max() < 1.0
