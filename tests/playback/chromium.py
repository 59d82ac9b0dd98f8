"""A real Chromium that seeks in videos, and proxies whose frames are numbered."""

from __future__ import annotations

import json
import os
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
PACKAGES = {"playwright-core": "1.65.1", "axe-core": "4.14.1"}
"""What drives the browser, and what judges whether everybody can use a page."""
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

NEEDS_BROWSER = [
    pytest.mark.skipif(not shutil.which("node"), reason="no node in PATH to drive a browser with"),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium in PATH to play in"),
]


def prepare_browser(config: pytest.Config) -> Path:
    """The folder in which the packages are installed; kept between runs."""
    folder = config.cache.mkdir("playback")
    if not all((folder / "node_modules" / name).is_dir() for name in PACKAGES):
        wanted = [f"{name}@{version}" for name, version in PACKAGES.items()]
        command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), *wanted]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
        if done.returncode:
            pytest.skip(f"npm could not install {', '.join(wanted)}")
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


def seek(
    browser: Path, rate: Fraction, frames: list[int], *files: Path | str, port: int = 0
) -> subprocess.CompletedProcess[str]:
    """Let the browser seek in files, or in URLs of another origin than that of its page, at a port."""
    wanted = ",".join(map(str, frames))
    return subprocess.run(
        ["node", SCRIPT, CHROMIUM, f"{rate.numerator}/{rate.denominator}", wanted, *files],
        cwd=browser,
        env=os.environ | {"PORT": str(port)},
        check=False,
        capture_output=True,
        text=True,
        timeout=180,
    )


def shown(browser: Path, rate: Fraction, frames: list[int], *files: Path | str, port: int = 0) -> list:
    told = seek(browser, rate, frames, *files, port=port)
    assert told.returncode == 0, told.stderr[-2000:]
    return json.loads(told.stdout)
