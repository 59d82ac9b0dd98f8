"""Decoded sound against what the file declares and against its picture, on real files."""

from __future__ import annotations

import pytest

from footage import Shot, cut_off, film, steady
from mcsyncd.listen.analysis import extract_analysis_audio
from mcsyncd.model.clip import MAX_END_GAP_US
from mcsyncd.probe.probe import probe_clip
from recordings import RECIPES, record


def hear(path, folder):
    return extract_analysis_audio(path, probe_clip(path, as_is=True), folder)


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "aac"])
def test_a_whole_recording_ends_when_it_should(tmp_path, name):
    assert hear(record(tmp_path, name), tmp_path / "listen").early_ends == ()


@pytest.mark.parametrize("suffix", [".mov", ".mp4"])
def test_sound_that_is_cut_ends_before_what_the_index_declares(tmp_path, suffix):
    whole = film(tmp_path / f"whole{suffix}", Shot(steady(30, 10), (0, 10), sound_codec="aac"))
    heard = hear(cut_off(whole, tmp_path / f"cut{suffix}", 0.6), tmp_path / "listen")
    (end,) = heard.early_ends
    assert (end.stream, end.measure) == ("sound", "declared")
    assert end.expected_us == pytest.approx(10_000_000, abs=50_000)
    assert 2_000_000 < end.end_us < 9_000_000
    assert any("before the end that the file declares" in note for note in heard.notes)


def test_sound_that_stops_before_the_picture_is_told(tmp_path):
    (end,) = hear(film(tmp_path / "a.mov", Shot(steady(30, 6), (0, 4))), tmp_path / "listen").early_ends
    assert (end.stream, end.measure) == ("sound", "other")
    assert (end.end_us, end.expected_us) == pytest.approx((4_000_000, 6_000_000), abs=50_000)


def test_a_picture_that_stops_before_the_sound_is_told(tmp_path):
    (end,) = hear(film(tmp_path / "a.mov", Shot(steady(30, 4), (0, 6))), tmp_path / "listen").early_ends
    assert (end.stream, end.measure) == ("picture", "other")
    assert (end.end_us, end.expected_us) == pytest.approx((4_000_000, 6_000_000), abs=50_000)


def test_a_recorder_may_stop_its_streams_a_little_apart(tmp_path):
    apart_s = MAX_END_GAP_US / 1e6 - 0.1
    path = film(tmp_path / "a.mov", Shot(steady(30, 4), (0, 4 - apart_s)))
    assert hear(path, tmp_path / "listen").early_ends == ()
