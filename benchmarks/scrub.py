"""Scrubbing in a real headless Chromium: `python -m benchmarks.scrub FOLDER`.

FOLDER is one in which `npm install playwright-core` was run. Compares the shipped proxy with a
GOP-250 encode of the same pictures, alone and three side by side: ratios hold on a busy machine,
milliseconds do not.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from mcsyncd.conform.conform import make
from mcsyncd.conform.grid import Grid
from mcsyncd.demo.shoot import make_shoot
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe
from mcsyncd.settings.load import shipped_profiles
from mcsyncd.settings.profiles import load_profile

SCRIPT = Path(__file__).with_name("scrub.mjs")
RATE = Rate(30)
SEEKS, DRAG_S = 40, 5


def main() -> None:
    """Make the files, scrub them, print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scrub", description=__doc__)
    parser.add_argument("playwright", type=Path, help="folder with node_modules/playwright-core")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the footage")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mcsyncd-scrub-") as folder:
        shoot = make_shoot(Path(folder), seconds=options.seconds, size=(1920, 1080))
        proxies = [_proxy(file, Path(folder)) for file in shoot.files.values()]
        slow = [_long_groups(file, Path(folder)) for file in shoot.files.values()]
        print(f"{'files':<24}{'Mbit/s':>8}{'seek p50':>10}{'p95':>8}{'drag':>8}")
        for name, files in (("proxy-540p", proxies), ("540 lines, GOP 250", slow)):
            for count in (1, len(files)):
                _row(f"{name} x{count}", files[:count], options.playwright, options.seconds)


def _proxy(source: Path, folder: Path) -> Path:
    profile = load_profile(shipped_profiles(), "proxy-540p")
    asked = ((profile.kind, profile.ref("proxy-540p")),)
    made = make(source, probe(source), Grid(RATE), asked, folder=folder, stem=source.stem)
    return Path(made.renditions[0].path)


def _long_groups(source: Path, folder: Path) -> Path:
    """The same pictures with x264's own group of 250 and its B pictures."""
    target = folder / f"{source.stem}.250.mp4"
    video = ["-vf", "scale=-2:540,fps=30", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23"]
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-y",
        "-i",
        source,
        *video,
        "-c:a",
        "aac",
        "-movflags",
        "+faststart",
        target,
    ]
    subprocess.run(command, check=True)
    return target


def _row(name: str, files: list[Path], playwright: Path, seconds: float) -> None:
    command = [
        "node",
        SCRIPT,
        shutil.which("chromium") or "google-chrome",
        "30",
        str(SEEKS),
        str(DRAG_S),
        *files,
    ]
    told = json.loads(subprocess.run(command, cwd=playwright, check=True, capture_output=True).stdout)
    sorted_ms = sorted(told["latencies"])
    p50, p95 = (sorted_ms[int(len(sorted_ms) * part)] for part in (0.5, 0.95))
    mbit = sum(file.stat().st_size for file in files) * 8 / len(files) / seconds / 1e6
    print(f"{name:<24}{mbit:8.2f}{p50:8.0f}ms{p95:6.0f}ms{told['dragged']:6.1f}/s")


if __name__ == "__main__":
    main()
