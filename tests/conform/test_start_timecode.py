"""Timecode of the renditions: the camera's own, as an independent reader finds it."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage import Shot, film, steady
from judge import needs_ffmpeg, timecodes
from mcsyncd.conform.explain import TYPICAL_CLIP
from mcsyncd.conform.grid import Grid
from mcsyncd.conform.start_timecode import compute_start_timecode
from mcsyncd.model.rate import STANDARD_RATES, Rate
from mcsyncd.model.timecode import Timecode

NTSC, NTSC60 = Rate(30000, 1001), Rate(60000, 1001)


def label(text: str | None, own: Rate, rate: Rate, phase_us: int = 0) -> str | None:
    media = replace(TYPICAL_CLIP, video=replace(TYPICAL_CLIP.video, rate=own), timecode=text)
    found = compute_start_timecode(media, Grid.from_drift(rate, phase_us, 0.0))
    return str(found) if found else None


@pytest.mark.parametrize(
    ("text", "own", "rate", "expected"),
    [
        ("01:00:00:00", Rate(25), Rate(25), "01:00:00:00"),
        ("00:59:59;29", NTSC, NTSC, "00:59:59;29"),
        ("10:00:00;02", NTSC, Rate(30), "10:00:00:02"),  # 30 knows no drop frame
        ("10:01:00;04", NTSC60, NTSC, "10:01:00;02"),  # 00 to 03 do not exist there, nor 00 and 01 here
        ("10:00:00:24", Rate(25), Rate(30), "10:00:00:28"),
        ("10:00:00:49", Rate(50), Rate(25), "10:00:00:24"),
        ("10:00:00:07", Rate(30), NTSC, "10:00:00:07"),
        (None, Rate(25), Rate(25), None),
        ("10:00:00:27", Rate(25), Rate(25), None),  # no such label at 25
        ("10:01:00;00", NTSC, NTSC, None),  # one of those left out
        ("rubbish", Rate(25), Rate(25), None),
    ],
)
def test_the_cameras_own_label_is_carried(text, own, rate, expected):
    assert label(text, own, rate) == expected


def test_the_label_is_that_of_the_picture_that_tick_0_shows():
    # tick 0 lies 15 ms into the clip, and its nearest picture at 50 a second is the second one
    assert label("10:00:00:00", Rate(50), Rate(25), phase_us=-15_000) == "10:00:00:00"
    assert label("10:00:00:01", Rate(50), Rate(25), phase_us=-15_000) == "10:00:00:01"
    assert label("23:59:59:49", Rate(50), Rate(50), phase_us=-9_000) == "23:59:59:49"
    # beyond half a picture before the clip there is nothing but the first
    assert label("10:00:00:00", Rate(25), Rate(25), phase_us=19_000) == "10:00:00:00"


@given(
    st.integers(0, 24 * 3600 * 120),
    st.sampled_from(STANDARD_RATES),
    st.sampled_from(STANDARD_RATES),
    st.booleans(),
)
def test_every_label_exists_at_the_rate_it_is_written_for(number, own, rate, drop):
    drop = drop and own in {NTSC, NTSC60}
    found = label(str(Timecode.from_frame_number(number, own, drop_frame=drop)), own, rate)
    if found is not None:
        Timecode.parse(found).to_frame_number(rate)


@needs_ffmpeg
@pytest.mark.parametrize("mezzanine", ["mezz-h264", "mezz-prores-lt"])
@pytest.mark.parametrize("text", ["09:59:59;28", "01:02:03:04"])
def test_an_independent_reader_finds_it_in_mezzanine_and_proxy(text, mezzanine, run, tmp_path):
    shot = Shot(steady(Fraction(30000, 1001), 1), (0, 1), timecode=text)
    made = run(film(tmp_path / "clip.mov", shot), NTSC, mezzanine=mezzanine)
    for rendition in made.renditions:
        assert rendition.timecode == text
        assert timecodes(Path(rendition.path)) == {"tmcd": text, "video": text}


@needs_ffmpeg
def test_without_one_none_is_made_up(run, tmp_path):
    made = run(film(tmp_path / "clip.mov", Shot(steady(25, 1))))
    assert made.get_rendition("mezzanine").timecode is None
    assert timecodes(Path(made.get_rendition("mezzanine").path)) == {}
