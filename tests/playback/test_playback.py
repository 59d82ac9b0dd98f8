"""Proxies in a real browser: every seek shows the requested frame, for one video and for three at once.

This tests exactness only. Speed depends on the machine: `python -m benchmarks scrub` measures it.
"""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import pytest
from playback.chromium import NEEDS_BROWSER, filmed, prepare_browser, shown

from mcsyncd.model.rate import Rate

pytestmark = NEEDS_BROWSER


@pytest.fixture(scope="session")
def browser(request) -> Path:
    return prepare_browser(request.config)


def targets(count: int) -> list[int]:
    """Jumps to and fro, single steps both ways, the first frame and the last."""
    jumps = random.Random(4).sample(range(2, count - 2), 20)
    return [*jumps, *range(100, 106), *range(104, 99, -1), 0, count - 1]


@pytest.mark.parametrize(
    ("rate", "profile"),
    [(Rate(30), "proxy-540p"), (Rate(30000, 1001), "proxy-540p"), (Rate(25), "mezz-h264")],
)
def test_every_seek_shows_the_frame_that_was_asked_for(rate, profile, browser, tmp_path):
    file = filmed(tmp_path, rate, 0, profile)
    frames = targets(round(8 * rate.fraction))
    seen = shown(browser, rate.fraction, frames, file)
    assert seen == [[{"frame": frame, "number": frame}] for frame in frames]


def test_three_cameras_show_the_same_frame(browser, tmp_path):
    files = [filmed(tmp_path, Rate(30), camera) for camera in range(3)]
    frames = targets(240)
    seen = shown(browser, Fraction(30), frames, *files)
    assert seen == [
        [{"frame": frame, "number": 1000 * camera + frame} for camera in range(3)] for frame in frames
    ]
