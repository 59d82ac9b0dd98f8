"""The preview page in a real Chromium: how soon all panes show a frame, and how many while dragging."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from benchmarks.scrub import ScrubResult, fetch_playwright

_SCRIPT = Path(__file__).with_name("preview.mjs")
_SEEKS, _DRAG_S = 60, 10


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("address", nargs="?", help="what `mcsyncd preview ID` printed, while it runs")
    parser.add_argument("--playwright", type=Path, help="folder with node_modules/playwright-core")


def run(asked: argparse.Namespace) -> None:
    """Work the page and print the figures. Without an address or a browser, say so and do nothing."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if asked.address is None or browser is None or not shutil.which("npm"):
        print("skipped: needs the address of a preview page, chromium and npm")
        return
    with tempfile.TemporaryDirectory(prefix="mcsyncd-preview-") as folder:
        playwright = asked.playwright or fetch_playwright(Path(folder))
        if playwright is None:
            print("skipped: npm could not install playwright-core; name a folder that has it")
            return
        command: list[str | Path] = ["node", _SCRIPT, browser, asked.address, str(_SEEKS), str(_DRAG_S)]
        done = subprocess.run(command, cwd=playwright, check=True, capture_output=True)
    told = json.loads(done.stdout)
    result = ScrubResult(tuple(sorted(told["latencies"])), told["dragFps"], 0)
    print(f"{told['panes']} panes: seek p50 {result.get_percentile_ms(0.5):.0f} ms", end=", ")
    print(f"p95 {result.get_percentile_ms(0.95):.0f} ms; {result.drag_fps:.1f} sets/s while dragging")
