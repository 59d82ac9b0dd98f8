"""Scrubbing in a real headless Chromium: the shipped proxy compared with x264's default GOP of 250.

Both are made from the same footage, and tested alone and three side by side. On a busy machine ratios
are reliable, milliseconds are not. The footage is synthetic (`benchmarks.scenery`) unless a clip is given.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clip_job import build_shipped_ref
from benchmarks.footage_files import HD, film_clip, loop_clip
from benchmarks.proxies import LONG, VARIANTS, encode_variants
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
class ScrubResult:
    """Sorted latencies of seeks, frames per second while dragging, and the number of wrong frames."""

    latencies_ms: tuple[float, ...]
    drag_fps: float
    wrong: int

    def get_percentile_ms(self, fraction: float) -> float:
        """Return the latency in milliseconds that this fraction of the seeks does not exceed."""
        return self.latencies_ms[min(int(len(self.latencies_ms) * fraction), len(self.latencies_ms) - 1)]


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
        help="a clip of your own, played back and forth, scaled to 1080 lines, with grain",
    )
    parser.add_argument("--variants", action="store_true", help="also other GOPs, B-frames and tunings")
    parser.add_argument("--home", type=Path, help="folder in which files are kept and reused")


def run(asked: argparse.Namespace) -> None:
    """Make the files, scrub them and print the table. Without a browser, say so and do nothing."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None or not shutil.which("npm"):
        print("skipped: chromium or npm not found in PATH")
        return
    with tempfile.TemporaryDirectory(prefix="mcsyncd-scrub-") as folder:
        home = asked.home or Path(folder)
        home.mkdir(parents=True, exist_ok=True)
        playwright = asked.playwright or fetch_playwright(Path(folder))
        if playwright is None:
            print(f"skipped: npm could not install {_PLAYWRIGHT}; name a folder that has it")
            return
        files = _make_files(home, asked.seconds, asked.footage, variants=asked.variants)
        print(f"{'files':<28}{'Mbit/s':>8}{'ratio':>7}{'seek p50':>10}{'p95':>8}{'ratio':>7}", end="")
        print(f"{'drag':>8}{'wrong':>7}")
        for count in (1, 3):
            long = _scrub_files(browser, playwright, files[LONG], count)
            for name, file in files.items():
                result = long if name == LONG else _scrub_files(browser, playwright, file, count)
                bits = file.stat().st_size, files[LONG].stat().st_size
                print(
                    f"{f'{name} x{count}':<28}{bits[0] * 8e-6 / asked.seconds:8.2f}{bits[0] / bits[1]:7.2f}",
                    end="",
                )
                print(_format_row(result, long), flush=True)


def _format_row(result: ScrubResult, long: ScrubResult) -> str:
    median, p95 = result.get_percentile_ms(0.5), result.get_percentile_ms(0.95)
    relative = median / long.get_percentile_ms(0.5)
    return f"{median:8.0f}ms{p95:6.0f}ms{relative:7.2f}{result.drag_fps:6.1f}/s{result.wrong:7}"


def fetch_playwright(folder: Path) -> Path | None:
    """Install what drives the browser into a folder; return it, or None if npm cannot."""
    command: list[str | Path] = ["npm", "install", "--no-audit", "--no-fund", "--prefix", folder, _PLAYWRIGHT]
    return folder if subprocess.run(command, check=False, capture_output=True).returncode == 0 else None


def _make_files(home: Path, seconds: float, footage: Path | None, *, variants: bool) -> dict[str, Path]:
    """Return the proxies by name: the shipped one first, x264's default second."""
    name = footage.stem if footage else "scenery"
    source = home / f"{name}-{seconds:g}.mp4"
    source = loop_clip(footage, source, seconds) if footage else film_clip(source, HD, seconds)
    others = VARIANTS if variants else {LONG: VARIANTS[LONG]}
    return {_SHIPPED: _make_proxy(source, home), **encode_variants(source, home, others)}


def _make_proxy(source: Path, folder: Path) -> Path:
    conformed = conform_with_profiles(
        source,
        probe_clip(source),
        Grid(Rate(RATE)),
        (("proxy", build_shipped_ref(_SHIPPED)),),
        folder=folder,
        stem=source.stem,
    )
    return Path(conformed.renditions[0].path)


def _scrub_files(browser: str, playwright: Path, file: Path, count: int) -> ScrubResult:
    command: list[str | Path] = [
        "node",
        _SCRIPT,
        browser,
        str(RATE),
        str(_SEEKS),
        str(_DRAG_S),
        *[file] * count,
    ]
    result = json.loads(subprocess.run(command, cwd=playwright, check=True, capture_output=True).stdout)
    return ScrubResult(tuple(sorted(result["latencies"])), result["dragFps"], result["wrong"])
