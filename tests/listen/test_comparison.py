"""What a reviewer hears: both clips at one moment of the session."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest

from hearing import media_of, write_sound
from mcsyncd.listen.playback.comparison import ComparedClip, render_comparison_wav
from mcsyncd.model.drift_curve import DriftKnot

HIGH = 48_000


def clicked(path, at_s, seconds=8.0, rate=HIGH):
    sound = np.zeros(round(seconds * rate))
    at = round(at_s * rate)
    sound[at : at + 48] = 0.5
    return write_sound(path, [sound[None]], rate)


def rendered(*args):
    with wave.open(io.BytesIO(render_comparison_wav(*args))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (HIGH, 2, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)


def first_s(channel):
    return int(np.flatnonzero(np.abs(channel) > 1000)[0]) / HIGH


@pytest.mark.parametrize(("name", "rate"), [("b.mov", 48_000), ("b.mov", 44_100), ("b.mkv", 48_000)])
def test_an_aligned_pair_clicks_together(tmp_path, name, rate):
    left = clicked(tmp_path / "a.mov", 5.0)
    right = clicked(tmp_path / name, 3.5, rate=rate)
    sides = ComparedClip(left, media_of(left)), ComparedClip(right, media_of(right), offset_us=1_500_000)
    both = rendered(*sides, 3_000_000, 4_000_000)
    assert both.shape == (4 * HIGH, 2)
    assert first_s(both[:, 0]) == pytest.approx(2.0, abs=1e-3)
    assert first_s(both[:, 1]) == pytest.approx(2.0, abs=1e-3)


def test_a_nudge_and_a_drift_are_heard(tmp_path):
    left, right = clicked(tmp_path / "a.mov", 5.0), clicked(tmp_path / "b.mov", 5.0)
    sides = ComparedClip(left, media_of(left)), ComparedClip(right, media_of(right), 40_000, 2000.0)
    both = rendered(*sides, 4_000_000, 2_000_000)
    assert first_s(both[:, 1]) - first_s(both[:, 0]) == pytest.approx(0.040 + 5.0 * 2000e-6, abs=1e-3)


def test_a_drift_curve_is_heard(tmp_path):
    left, right = clicked(tmp_path / "a.mov", 5.0), clicked(tmp_path / "b.mov", 5.0)
    curve = (DriftKnot(0, 0), DriftKnot(10_000_000, 2000), DriftKnot(60_000_000, -1000))
    sides = ComparedClip(left, media_of(left)), ComparedClip(right, media_of(right), 40_000, 0.0, curve)
    both = rendered(*sides, 4_000_000, 2_000_000)
    late_s = first_s(both[:, 1]) - first_s(both[:, 0])
    assert late_s == pytest.approx(0.040 + 0.001, abs=1.1 / HIGH)  # half of the way to 2 ms, to a sample


def test_where_a_clip_has_nothing_its_side_is_silent(tmp_path):
    left, right = clicked(tmp_path / "a.mov", 5.0), clicked(tmp_path / "b.mov", 1.0)
    sides = ComparedClip(left, media_of(left)), ComparedClip(right, media_of(right), offset_us=60_000_000)
    both = rendered(*sides, 4_000_000, 2_000_000)
    assert both[:, 0].any()
    assert not both[:, 1].any()


def test_only_the_channels_worth_hearing_are_played(tmp_path):
    """A channel of timecode beside the microphone would drown it."""
    seconds, click = 6, round(2.0 * HIGH)
    microphone, timecode = np.zeros(seconds * HIGH), np.sign(np.sin(np.arange(seconds * HIGH) / 4.0))
    microphone[click : click + 48] = 0.2
    clip = write_sound(tmp_path / "a.mov", [np.stack([timecode, microphone])])
    media = media_of(clip)
    track = media.audio[0].index
    played = rendered(
        ComparedClip(clip, media, heard=((track, 1),)), ComparedClip(clip, media, heard=()), 0, 4_000_000
    )
    assert first_s(played[:, 0]) == pytest.approx(2.0, abs=1e-3)
    assert not played[:, 1].any()
    assert first_s(rendered(*[ComparedClip(clip, media)] * 2, 0, 4_000_000)[:, 0]) < 0.01
