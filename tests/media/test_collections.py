"""The short form of `python -m soak collections`: what becomes of a few files, and a wrong proxy is told."""

from dataclasses import replace

from judge import needs_ffmpeg
from mcsyncd.conform.conform import conform_with_profiles
from mcsyncd.conform.grid import Grid
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import load_profile
from recordings import record
from soak.collections import PROFILE, list_files, use_files
from soak.second_reading import find_differences


def test_each_file_is_used_or_refused_in_a_process_of_its_own(tmp_path):
    record(tmp_path, "mp4", 0.4)
    (tmp_path / "empty.mp4").touch()
    (tmp_path / ".hidden.mp4").touch()
    said = {path.name: outcome.name for path, outcome in use_files(list_files(tmp_path), 20, 60, 2)}
    assert said == {"mp4.mp4": "used", "empty.mp4": "refused"}


def test_a_file_that_takes_too_long_hangs_and_the_others_go_on(tmp_path):
    record(tmp_path, "mp4", 0.4)
    assert [outcome.name for _, outcome in use_files(list_files(tmp_path), 20, 0, 1)] == ["hung"]


@needs_ffmpeg
def test_a_proxy_of_half_the_clip_is_told(tmp_path):
    whole = record(tmp_path, "mp4", 1)
    media = probe_clip(whole)
    (tmp_path / "half").mkdir()
    half = record(tmp_path / "half", "mp4", 0.5)
    profile = load_profile(find_shipped_profiles(), PROFILE)
    (proxy,) = conform_with_profiles(
        half,
        probe_clip(half),
        Grid(media.video.rate),
        ((profile.kind, profile.build_ref(PROFILE)),),
        folder=tmp_path,
        stem="clip",
    ).renditions
    assert not find_differences(half, replace(media, duration_us=0), proxy)
    assert any("lasts" in one for one in find_differences(whole, media, proxy))
