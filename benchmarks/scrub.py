"""Scrubbing in a real headless Chromium: the shipped proxy against x264's own group of 250.

Both are made of the same pictures, and sought alone and three side by side. Ratios hold on a busy
machine, milliseconds do not. Footage is synthetic (`benchmarks.scenery`) unless a clip is named.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.camera import HD, shot, to_and_fro
from benchmarks.job import shipped
from benchmarks.proxies import LONG, VARIANTS, encoded
from benchmarks.scenery import RATE
from mcsyncd.conform.conform import conform_with_profiles
from mcsyncd.conform.grid import Grid
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip

_SCRIPT = Path(__file__).with_name("scrub.mjs")
_PLAYWRIGHT = "playwright-core@1.65.1"
_SEEKS, _DRAG_S = 60, 5
_SHIPPED = "proxy-540p"


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """Sorted milliseconds of seeks, pictures a second of a drag, and how many were not the asked one."""

    latencies_ms: tuple[float, ...]
    dragged: float
    wrong: int

    def within(self, part: float) -> float:
        """Return the milliseconds within which that part of the seeks was done."""
        return self.latencies_ms[min(int(len(self.latencies_ms) * part), len(self.latencies_ms) - 1)]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options; the defaults are the short form."""
    parser.add_argument(
        "playwright",
        type=Path,
        nargs="?",
        help="folder with node_modules/playwright-core; else npm fetches it",
    )
    parser.add_argument(
        "--seconds", type=float, default=20.0, help="length of the footage (the report's: 60)"
    )
    parser.add_argument(
        "--footage",
        type=Path,
        help="a clip of your own, played to and fro; enlarged to 1080 lines, with grain",
    )
    parser.add_argument("--variants", action="store_true", help="other groups, B pictures and tunings, too")
    parser.add_argument("--home", type=Path, help="folder in which files are kept and found again")


def run(asked: argparse.Namespace) -> None:
    """Make the files, scrub them, print the table; say so and do nothing where there is no browser."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None or not shutil.which("npm"):
        print("skipped: there is no chromium, or no node with npm, in PATH")
        return
    with tempfile.TemporaryDirectory(prefix="mcsyncd-scrub-") as folder:
        home = asked.home or Path(folder)
        home.mkdir(parents=True, exist_ok=True)
        playwright = asked.playwright or _fetched(Path(folder))
        if playwright is None:
            print(f"skipped: npm could not install {_PLAYWRIGHT}; name a folder that has it")
            return
        files = _files(home, asked.seconds, asked.footage, variants=asked.variants)
        print(f"{'files':<28}{'Mbit/s':>8}{'ratio':>7}{'seek p50':>10}{'p95':>8}{'ratio':>7}", end="")
        print(f"{'drag':>8}{'wrong':>7}")
        for count in (1, 3):
            long = _scrubbed(browser, playwright, files[LONG], count)
            for name, file in files.items():
                found = long if name == LONG else _scrubbed(browser, playwright, file, count)
                bits = file.stat().st_size, files[LONG].stat().st_size
                print(
                    f"{f'{name} x{count}':<28}{bits[0] * 8e-6 / asked.seconds:8.2f}{bits[0] / bits[1]:7.2f}",
                    end="",
                )
                print(_row(found, long), flush=True)


def _row(found: Scrubbed, long: Scrubbed) -> str:
    half, most = found.within(0.5), found.within(0.95)
    return f"{half:8.0f}ms{most:6.0f}ms{half / long.within(0.5):7.2f}{found.dragged:6.1f}/s{found.wrong:7}"


def _fetched(folder: Path) -> Path | None:
    command: list[str | Path] = ["npm", "install", "--no-audit", "--no-fund", "--prefix", folder, _PLAYWRIGHT]
    return folder if subprocess.run(command, check=False, capture_output=True).returncode == 0 else None


def _files(home: Path, seconds: float, footage: Path | None, *, variants: bool) -> dict[str, Path]:
    """Return the proxies by name; the shipped one first, x264's own group second."""
    name = footage.stem if footage else "scenery"
    source = home / f"{name}-{seconds:g}.mp4"
    source = to_and_fro(footage, source, seconds) if footage else shot(source, HD, seconds)
    others = VARIANTS if variants else {LONG: VARIANTS[LONG]}
    return {_SHIPPED: _proxy(source, home), **encoded(source, home, others)}


def _proxy(source: Path, folder: Path) -> Path:
    made = conform_with_profiles(
        source,
        probe_clip(source),
        Grid(Rate(RATE)),
        (("proxy", shipped(_SHIPPED)),),
        folder=folder,
        stem=source.stem,
    )
    return Path(made.renditions[0].path)


def _scrubbed(browser: str, playwright: Path, file: Path, count: int) -> Scrubbed:
    command: list[str | Path] = [
        "node",
        _SCRIPT,
        browser,
        str(RATE),
        str(_SEEKS),
        str(_DRAG_S),
        *[file] * count,
    ]
    told = json.loads(subprocess.run(command, cwd=playwright, check=True, capture_output=True).stdout)
    return Scrubbed(tuple(sorted(told["latencies"])), told["dragged"], told["wrong"])
