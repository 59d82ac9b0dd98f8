"""Proxies in a real browser: every seek shows the requested frame, for one video and for three at once.

This tests exactness only. Speed depends on the machine: `python -m benchmarks scrub` measures it.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from footage import Shot, film, steady
from mcsyncd.conform.conform import conform_with_profiles
from mcsyncd.conform.grid import Grid
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import load_profile

SCRIPT = Path(__file__).with_name("frame_exactness.mjs")
PLAYWRIGHT = "playwright-core@1.65.1"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.skipif(not shutil.which("node"), reason="no node in PATH to drive a browser with"),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium in PATH to play in"),
]


@pytest.fixture(scope="session")
def browser(request) -> Path:
    """The folder in which playwright-core is installed; kept between runs."""
    folder = request.config.cache.mkdir("playback")
    if not (folder / "node_modules" / "playwright-core").is_dir():
        command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), PLAYWRIGHT]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
        if done.returncode:
            pytest.skip(f"npm could not install {PLAYWRIGHT}")
    return folder


def filmed(folder: Path, rate: Rate, camera: int, name: str = "proxy-540p") -> Path:
    """A proxy of eight seconds; the pictures of camera n are numbered from 1000 n on."""
    shot = Shot(steady(rate.fraction, 8), (0, 8), numbered_from=1000 * camera, timecode="10:00:00:00")
    source = film(folder / f"{camera}.mov", shot)
    profile = load_profile(find_shipped_profiles(), name)
    profiles = ((profile.kind, profile.build_ref(name)),)
    made = conform_with_profiles(
        source, probe_clip(source), Grid(rate), profiles, folder=folder, stem=f"camera{camera}"
    )
    return Path(made.renditions[0].path)


def shown(browser: Path, rate: Fraction, frames: list[int], *files: Path) -> list[list[dict[str, int]]]:
    wanted = ",".join(map(str, frames))
    told = subprocess.run(
        ["node", SCRIPT, CHROMIUM, f"{rate.numerator}/{rate.denominator}", wanted, *files],
        cwd=browser,
        check=False,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert told.returncode == 0, told.stderr[-2000:]
    return json.loads(told.stdout)


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
