"""A second shoot while the first is encoded: time from its seal to its confidence.

Encoders must not keep a supervisor waiting (docs/reliability.md).
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

from benchmarks.pipeline import (
    count_running_jobs,
    film_shoot,
    read_event_time,
    run_daemon,
    wait_for_session,
    write_settings,
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options; the defaults are the short form."""
    parser.add_argument("--minutes", type=float, default=1.0, help="length of each shoot (the report's: 10)")
    parser.add_argument("--size", default="640x360", help="frame size (the report's: 1920x1080)")
    parser.add_argument("--shoot", type=Path, help="folder in which the shoot is kept and reused")


def run(asked: argparse.Namespace) -> None:
    """Drop a shoot, wait until it is encoded, drop another, and print how long that one took."""
    width, height = (int(part) for part in asked.size.split("x"))
    with tempfile.TemporaryDirectory(prefix="mcsyncd-bench-") as folder:
        home = Path(folder)
        files, _ = film_shoot(asked.shoot or home / "shoot", asked.minutes, (width, height))
        write_settings(home)
        with run_daemon(home):
            for camera, file in files.items():
                shutil.copy(file, home / "drop" / camera)
            wait_for_session(home, "in_review", count=1)
            while not count_running_jobs(home, "conform"):
                time.sleep(0.2)
            for camera, file in files.items():
                _copy_as_another_clip(file, home / "drop" / camera / f"second{file.suffix}")
            second = wait_for_session(home, "in_review", count=2)
            encoders = count_running_jobs(home, "conform")
            sealed_at = read_event_time(home, "session_sealed", second["id"])
            aligned_at = read_event_time(home, "session_aligned", second["id"])
        print(f"two shoots of 3 x {asked.minutes:g} min at {asked.size}; encoders at work: {encoders}")
        print(f"second shoot, sealed -> confidence: {aligned_at - sealed_at:6.1f} s")


def _copy_as_another_clip(file: Path, target: Path) -> None:
    """Copy an MP4 with an empty box more at its end: the same film, but not the same file."""
    with target.open("wb") as copy, file.open("rb") as source:
        shutil.copyfileobj(source, copy)
        copy.write(b"\0\0\0\x10free" + bytes(8))
