"""A clip's frame on the session clock: from the original and from the proxy that was made of it."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import numpy as np
import pytest

from footage import Shot, film, number_in, steady
from mcsyncd.conform.conform import conform_clip
from mcsyncd.model.clip import Clip
from mcsyncd.model.drift_curve import DriftKnot
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import load_profile
from mcsyncd.workers.clip_frame import describe_original, describe_proxy, read_clip_frame

NTSC = Rate(30000, 1001)
BOX = (160, 120)


def read_number(frame) -> int:
    pixels = np.frombuffer(frame.rgb, np.uint8).reshape(frame.height, frame.width, 3)
    return number_in(pixels[..., 1])


def make_clip(path, *, timecode=None, rate=NTSC, seconds=4):
    film(path, Shot(steady(rate.fraction, seconds), events=(), timecode=timecode))
    return Clip("cam_b", path.name, path.stat().st_size, 1, media=probe_clip(path))


def test_asked_for_at_its_own_edges_a_clip_shows_the_same_frame_and_its_neighbours(tmp_path):
    """Edges are no whole microseconds: rounded down, they would lie in the frame before."""
    clip = make_clip(tmp_path / "clip.mov")
    source = describe_original(tmp_path / "clip.mov", clip, -134_321, 37.5)
    ratio = 1 + Fraction(375, 10_000_000)
    for number in (1, 2, 50, 99):
        begin = Fraction(-134_321, 1_000_000) + number * Fraction(1001, 30000) * ratio
        at_us = ceil(begin * 1_000_000)
        frame = read_clip_frame(source, at_us, BOX)
        assert (read_number(frame), frame.begin_us) == (number, at_us)
        assert read_number(read_clip_frame(source, frame.end_us, BOX)) == number + 1
        assert read_number(read_clip_frame(source, frame.end_us - 1, BOX)) == number
        assert read_number(read_clip_frame(source, frame.previous_us, BOX)) == number - 1


def test_timecode_is_counted_on_from_the_first_frame(tmp_path):
    clip = make_clip(tmp_path / "clip.mov", timecode="01:00:00:20", rate=Rate(25))
    source = describe_original(tmp_path / "clip.mov", clip, 1_000_000, 0.0)
    assert read_clip_frame(source, 1_000_000, BOX).timecode == "01:00:00:20"
    assert read_clip_frame(source, 1_200_001, BOX).timecode == "01:00:01:00"


@pytest.mark.parametrize("bend_us", [0, -2000])
def test_a_proxy_shows_the_same_moment_although_phase_and_drift_are_in_its_frames(bend_us, tmp_path):
    clip = make_clip(tmp_path / "clip.mov", timecode="01:00:00:20", seconds=20)
    offset_us, drift_ppm, phase_us = 2_000_000 + 11_000, 400.0, 11_000
    peak = DriftKnot(10_000_000, bend_us)
    curve = (DriftKnot(0, 0), peak, DriftKnot(20_000_000, 0)) if bend_us else ()
    made = conform_clip(
        tmp_path / "clip.mov",
        clip.media,
        rate=NTSC,
        phase_us=phase_us,
        drift_ppm=drift_ppm,
        curve=curve,
        mezzanine=load_profile(find_shipped_profiles(), "mezz-h264").build_ref("mezz-h264"),
        proxy=load_profile(find_shipped_profiles(), "proxy-540p").build_ref("proxy-540p"),
        folder=tmp_path,
        stem="clip",
    )
    proxy = made.get_rendition("proxy")
    original = describe_original(tmp_path / "clip.mov", clip, offset_us, drift_ppm, curve)
    source = describe_proxy(tmp_path / proxy.path, proxy, original)
    for number in (3, 300, 590):
        clip_s = (number + Fraction(1, 2)) / NTSC.fraction
        shift_us = bend_us * (1 - abs(clip_s - 10) / 10)
        at_us = offset_us + round(clip_s * (1 + Fraction(4, 10_000)) * 1_000_000 + shift_us)
        shown, exact = (read_clip_frame(one, at_us, BOX) for one in (source, original))
        assert read_number(exact) == number
        assert abs(read_number(shown) - number) <= 1, "the frame of the grid: half a frame off at most"
        assert shown.begin_us <= at_us < shown.end_us
        # Its times are those of the session grid, which its own offset lies on.
        assert (shown.begin_us / 1e6 - 2) * 30000 / 1001 == pytest.approx(
            round((shown.begin_us / 1e6 - 2) * 30000 / 1001), abs=1e-3
        )


def test_a_clip_without_a_picture_is_no_source(tmp_path):
    path = film(tmp_path / "sound.wav", Shot(sound=(0.0, 2.0)))
    clip = Clip("cam_b", path.name, path.stat().st_size, 1, media=probe_clip(path))
    assert describe_original(path, clip, 0, 0.0) is None
