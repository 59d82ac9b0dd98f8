"""One frame by its moment: by the numbers that are painted in the pictures, and by decoding it all."""

from __future__ import annotations

import random
from bisect import bisect_right
from fractions import Fraction

import numpy as np
import pytest

from footage import Shot, cut_off, damage, film, number_in, phone, steady
from judge import needs_ffmpeg, remade, rgb
from mcsyncd.conform import frame_reader
from mcsyncd.conform.frame_reader import read_frame
from mcsyncd.conform.video_reader import VideoReader
from mcsyncd.errors import BadMedia
from mcsyncd.probe.probe import probe_clip

WHOLE = (160, 120)
X264_PARAMS = "keyint=250:min-keyint=250:scenecut=0:bframes=3"
LONG_GROUPS = {"preset": "veryfast", "crf": "12", "x264-params": X264_PARAMS}
OPEN_GROUPS = Shot(
    steady(25, 8),
    events=(),
    codec="mpeg2video",
    options={"bf": "2", "g": "12", "b": "4M"},
    time_base=Fraction(1, 25),
)
MICROSECOND = Fraction(1, 1_000_000)


def see(path, time, box=WHOLE):
    return read_frame(path, probe_clip(path).video, Fraction(time), box)


def read_number(span) -> int:
    return number_in(span.pixels[..., 1])


@pytest.mark.parametrize(
    ("name", "shot"),
    [
        ("long.mp4", Shot(steady(25, 12), events=(), options=LONG_GROUPS)),
        ("ntsc.mov", Shot(steady(Fraction(30000, 1001), 8), events=(), options=LONG_GROUPS)),
        ("phone.mp4", Shot(phone(12), events=(), options=LONG_GROUPS)),
        ("late.mkv", Shot(steady(25, 6, start=2), events=(), options=LONG_GROUPS)),
        ("open.ts", OPEN_GROUPS),
        ("intra.mov", Shot(steady(25, 4), events=(), codec="mjpeg", pix_fmt="yuvj420p", options={"q": "3"})),
        ("apart.mp4", Shot([*steady(25, 1), 9, 9 + Fraction(1, 25)], events=(), options=LONG_GROUPS)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_frame_is_the_one_whose_time_has_come_and_whose_successor_s_has_not(name, shot, tmp_path):
    path = film(tmp_path / name, shot)
    video = probe_clip(path).video
    first = shot.pictures[0]
    begins = [time - first for time in shot.pictures]
    grain = Fraction(1, 1000) if name.endswith("mkv") else 2 * MICROSECOND  # Matroska counts milliseconds
    for index in sorted({0, 1, *random.Random(4).sample(range(len(begins) - 1), 14), len(begins) - 2}):
        begin, end = begins[index], begins[index + 1]
        for time in (begin + grain, (begin + end) / 2, end - grain):
            span = read_frame(path, video, time, WHOLE)
            assert read_number(span) == index, (name, float(time))
            assert abs(span.begin - begin) <= grain
            assert abs(span.end - end) <= grain
            assert (span.previous is None) == (index == 0)
            assert index == 0 or abs(span.previous - begins[index - 1]) <= grain


def test_edges_lead_from_frame_to_frame_in_both_directions(tmp_path):
    path = film(tmp_path / "phone.mp4", Shot(phone(4), events=(), options=LONG_GROUPS))
    video = probe_clip(path).video
    span, numbers = read_frame(path, video, Fraction(1), WHOLE), []
    for _ in range(6):
        numbers.append(read_number(span))
        span = read_frame(path, video, span.end, WHOLE)
    for _ in range(6):
        numbers.append(read_number(span))
        span = read_frame(path, video, span.previous, WHOLE)
    first = numbers[0]
    assert numbers == [*range(first, first + 7), *range(first + 5, first, -1)]


def test_it_is_reached_by_seeking(tmp_path, monkeypatch):
    options = LONG_GROUPS | {"x264-params": "keyint=25:scenecut=0"}
    path = film(tmp_path / "clip.mp4", Shot(steady(25, 60), events=(), options=options))
    decoded = []
    decode = frame_reader._decode_frames

    def count_frames(*arguments):
        for frame in decode(*arguments):
            decoded.append(frame.pts)
            yield frame

    monkeypatch.setattr(frame_reader, "_decode_frames", count_frames)
    assert read_number(see(path, Fraction("55.01"))) == 1375
    assert len(decoded) < 60, "the frames of two groups"


def test_before_the_first_frame_and_after_the_last_there_is_none(tmp_path):
    path = film(tmp_path / "clip.mp4", Shot(steady(25, 2), events=()))
    before, last = see(path, -MICROSECOND), see(path, 2 - MICROSECOND)
    after, long_after = see(path, 2), see(path, 5000)
    assert (before.pixels, before.begin, before.end) == (None, None, 0)
    assert read_number(last) == 49
    assert (after.pixels, after.begin, after.end) == (None, 2, None)
    assert (long_after.pixels, long_after.begin, long_after.end) == (None, 2, None)


@needs_ffmpeg
@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_turned_camera_is_shown_upright_as_the_judge_does(turned, tmp_path):
    path = film(tmp_path / "clip.mp4", Shot(steady(25, 1), events=(), rotation=turned))
    judged = rgb(remade(path, tmp_path / "judged.mkv", "-c:v", "ffv1"))[10]
    pixels = see(path, Fraction("0.41"), (160, 160)).pixels
    assert pixels.shape == judged.shape == ((120, 160, 3) if turned == 180 else (160, 120, 3))
    assert np.abs(pixels.astype(int) - judged.astype(int)).mean() < 3


@pytest.mark.parametrize(
    ("box", "size"), [((80, 200), (80, 60)), ((400, 60), (80, 60)), ((40, 24), (32, 24))]
)
def test_it_fits_into_the_box_and_is_never_enlarged(box, size, tmp_path):
    path = film(tmp_path / "clip.mp4", Shot(steady(25, 1), events=()))
    height, width, _ = see(path, Fraction("0.41"), box).pixels.shape
    assert (width, height) == size
    assert see(path, Fraction("0.41"), (900, 900)).pixels.shape == (120, 160, 3)


def test_wide_pixels_are_stretched(tmp_path):
    path = film(tmp_path / "clip.mp4", Shot(steady(25, 1), events=(), pixel_aspect=Fraction(4, 3)))
    assert see(path, 0, (106, 100)).pixels.shape == (60, 106, 3)


def test_interlaced_frames_are_found_one_by_one(tmp_path):
    options = LONG_GROUPS | {"x264-params": "keyint=50:tff=1:interlaced=1"}
    path = film(tmp_path / "clip.mp4", Shot(steady(25, 4), events=(), options=options, size=(160, 128)))
    video = probe_clip(path).video
    assert video.interlaced
    for index in (0, 1, 37, 98, 99):
        span = read_frame(path, video, Fraction(index, 25) + Fraction(1, 50), (160, 128))
        assert (read_number(span), span.begin) == (index, Fraction(index, 25))


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
def test_high_dynamic_range_is_readable(transfer, tmp_path):
    tags = {"color_primaries": "bt2020", "color_trc": transfer, "colorspace": "bt2020nc", "color_range": "tv"}
    shot = Shot(steady(25, 1), events=(), tags=tags, grey=round(16 + 219 * 0.38), pix_fmt="yuv420p10le")
    span = see(film(tmp_path / "clip.mp4", shot), Fraction("0.41"))
    assert read_number(span) == 10
    # A grey card of 26 cd/m2 where white is 203 (ITU-R BT.2408), by the display's gamma.
    assert span.pixels[10:40, :60].mean() == pytest.approx(255 * (26 / 203) ** (1 / 2.4), abs=6)


def test_of_a_copy_that_broke_off_the_last_frame_stays_until_its_time_is_over(tmp_path):
    whole = film(tmp_path / "whole.mkv", Shot(steady(25, 8), events=()))
    video = probe_clip(whole).video
    path = cut_off(whole, tmp_path / "half.mkv", 0.5)
    assert read_number(read_frame(path, video, Fraction("1.01"), WHOLE)) == 25
    after = read_frame(path, video, Fraction("7.01"), WHOLE)
    assert after.pixels is None
    assert 2 < after.begin < 6


def test_noise_for_frames_is_refused_by_the_file_s_name(tmp_path):
    path = film(tmp_path / "C0012.MP4", Shot(steady(25, 4), events=(), options=LONG_GROUPS))
    video = probe_clip(path).video
    damage(path, 0, 4)
    with pytest.raises(BadMedia, match=r"C0012\.MP4.*decoded"):
        read_frame(path, video, Fraction(2), WHOLE)


REAL = (
    "Vanilagy__cursed-vfr.mp4",
    "Vanilagy__edts.mp4",
    "Vanilagy__video-h265.mp4",
    "WyattBlue__testsrc.mkv",
    "drewnoakes__Sony_ILCE-7M3__A7M3_.mts",
    "drewnoakes__with-gps.mov",
    "gopro__max-heromode_4s.mov",
    "meta-pytorch__discard_first_keyframe.mp4",
    "meta-pytorch__nasa_13013.mp4",
    "meta-pytorch__test_non_zero_start.mp4",
)


@pytest.mark.parametrize("name", REAL)
def test_in_real_files_it_is_the_frame_that_decoding_all_of_it_gives(name, shared):
    path = shared / "media_samples" / name
    media = probe_clip(path, as_is=True)
    times = [timed.time for timed in VideoReader(path, media.container, media.video)]
    for time in random.Random(8).sample(times[:-1], min(6, len(times) - 1)):
        moment = time + Fraction(1, 1000)
        index = bisect_right(times, moment) - 1
        span = read_frame(path, media.video, moment, (96, 54), container=media.container)
        found = [span.begin, span.end]
        assert found == pytest.approx([times[index], times[index + 1]], abs=2e-6), float(moment)
        assert span.pixels is not None
