"""Frames as numbers: every layout and format that a decoder hands out, and what is no number."""

from __future__ import annotations

import av
import numpy as np
import pytest
from av.audio.resampler import AudioResampler

from mcsyncd.listen.floats import floats_from_frame, zero_invalid_samples

LAYOUTS = {1: "mono", 2: "stereo", 7: "6.1", 8: "7.1", 16: "hexadecagonal", 64: "64 channels"}


def frame_of(sound: np.ndarray, kind: str) -> av.AudioFrame:
    """Make a frame of (channels, samples), full scale 1.0, in the sample format `kind`.

    Through FFmpeg's converter, because PyAV cannot make planar frames of eight channels either.
    """
    layout = LAYOUTS[len(sound)]
    packed = av.AudioFrame.from_ndarray(sound.T.astype("f4").reshape(1, -1).copy(), "flt", layout)
    packed.sample_rate = 48_000
    (frame,) = AudioResampler(format=kind).resample(packed)
    return frame


@pytest.mark.parametrize("kind", ["u8", "s16", "s32", "s64", "flt", "dbl"])
@pytest.mark.parametrize("planar", ["", "p"])
@pytest.mark.parametrize("channels", sorted(LAYOUTS))
def test_every_channel_of_every_format_comes_out_in_its_place(channels, kind, planar):
    sound = np.linspace(-0.9, 0.9, channels * 50).reshape(channels, 50)
    found = floats_from_frame(frame_of(sound, kind + planar))
    assert found.dtype == np.float32
    assert found == pytest.approx(sound, abs=1 / 100 if kind == "u8" else 1e-4)


def test_what_is_no_number_becomes_silence_and_is_counted():
    sound = np.array([[0.5, np.nan, np.inf, -np.inf, 1e38, -1.5]], np.float32)
    whole, broken = zero_invalid_samples(sound)
    assert whole.tolist() == [[0.5, 0.0, 0.0, 0.0, 0.0, -1.5]]
    assert broken == 4


def test_a_double_too_large_for_a_float_is_broken_and_nothing_warns():
    frame = av.AudioFrame.from_ndarray(np.array([[0.25, 1e300]]), "dbl", "mono")
    assert zero_invalid_samples(floats_from_frame(frame))[0].tolist() == [[0.25, 0.0]]


@pytest.mark.parametrize("sound", [np.zeros((2, 0), np.float32), np.full((1, 3), 7.9, np.float32)])
def test_sound_over_full_scale_and_no_sound_at_all_are_left_alone(sound):
    whole, broken = zero_invalid_samples(sound)
    assert whole is sound
    assert broken == 0
