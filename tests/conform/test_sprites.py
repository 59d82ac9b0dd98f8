"""Thumbnails and their track, read as a player reads them."""

import re
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.conform.explain import TYPICAL_CLIP
from mcsyncd.conform.sprites import THUMBNAIL_BOX, TILES_PER_SHEET, format_webvtt, plan_sprites
from mcsyncd.model.rate import STANDARD_RATES, Rate

VIDEO = TYPICAL_CLIP.video
_CUE = re.compile(r"([\d:.]+) --> ([\d:.]+)\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)\n")


def seconds(text: str) -> Fraction:
    hours, minutes, rest = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + Fraction(rest)


def cues(text: str) -> list[tuple[Fraction, Fraction, str, tuple[int, ...]]]:
    found = _CUE.findall(text)
    return [(seconds(one[0]), seconds(one[1]), one[2], tuple(map(int, one[3:]))) for one in found]


@given(st.sampled_from(STANDARD_RATES), st.integers(1, 40_000))
def test_the_cues_cover_the_clip_without_a_gap_and_no_two_share_a_place(rate, ticks):
    plan = plan_sprites(VIDEO, rate)
    names = [f"{number}.jpg" for number in range(-(-plan.count_tiles(ticks) // TILES_PER_SHEET))]
    found = cues(format_webvtt(plan, ticks, names))
    assert found[0][0] == 0
    assert abs(found[-1][1] - ticks / rate.fraction) <= Fraction(1, 1000)
    assert all(one[1] == two[0] for one, two in pairwise(found))
    assert all(Fraction(9, 10) < one[1] - one[0] < Fraction(11, 10) for one in found[:-1])
    assert len({(name, place) for _, _, name, place in found}) == len(found) == plan.count_tiles(ticks)
    assert {name for _, _, name, _ in found} == set(names)


@pytest.mark.parametrize(
    ("size", "rotation", "aspect", "thumbnail"),
    [
        ((1920, 1080), 0, (1, 1), (160, 90)),
        ((1920, 1080), 90, (1, 1), (90, 160)),
        ((1440, 1080), 0, (4, 3), (160, 90)),
        ((720, 540), 0, (1, 1), (120, 90)),
        ((4096, 1024), 0, (1, 1), (160, 40)),
        ((64, 48), 0, (1, 1), (64, 48)),  # never enlarged
        ((16, 16_384), 0, (1, 1), (2, 160)),  # and never out of the box
    ],
)
def test_a_thumbnail_fits_into_the_box_in_the_clips_shape(size, rotation, aspect, thumbnail):
    video = replace(VIDEO, width=size[0], height=size[1], rotation=rotation, pixel_aspect=aspect)
    made = plan_sprites(video, Rate(30)).conversion.size
    assert made == thumbnail
    assert max(made) <= max(THUMBNAIL_BOX)
