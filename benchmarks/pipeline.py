"""The whole pipeline on a generated shoot: time to the confidence and to the manifest, and peak memory.

The daemon runs as in production, with its own settings file. Memory is the peak resident set (VmHWM) of
the daemon and of the largest worker.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mcsyncd.demo.shoot import make_shoot

ROOT = Path(__file__).parents[1]
SETTINGS = """\
paths: {{drop: drop, work: work, state: state}}
socket: api.sock
cameras: {{cam_a: {{label: Cam A, reference: true}}, cam_b: {{label: Cam B}}, cam_c: {{label: Cam C}}}}
profiles: {{directory: {profiles}}}
review: {{approvers: {{daemon_user: true}}}}
storage: {{kind: local, path: bucket}}
"""


@dataclass
class MemoryPeaks:
    """Peak resident memory, in bytes."""

    daemon: int = 0
    worker: int = 0

    def update(self, daemon: int) -> None:
        """Read the peaks of the daemon and of its children."""
        self.daemon = max(self.daemon, _read_peak_bytes(daemon))
        for child in _list_children(daemon):
            self.worker = max(self.worker, _read_peak_bytes(child))


def film_shoot(folder: Path, minutes: float, size: tuple[int, int]) -> tuple[dict[str, Path], dict[str, int]]:
    """Return files and true offsets (microseconds) of the shoot in `folder`; film it unless it exists."""
    truth = folder / "truth.json"
    if not truth.is_file():
        shoot = make_shoot(folder, seconds=minutes * 60, size=size)
        files = {camera: str(file) for camera, file in shoot.files.items()}
        truth.write_text(json.dumps([files, shoot.offsets_us]))
    files, offsets_us = json.loads(truth.read_text())
    return {camera: Path(file) for camera, file in files.items()}, offsets_us


def write_settings(home: Path) -> None:
    """Write the settings of a daemon in `home`, whose own user may decide."""
    (home / "config.yaml").write_text(SETTINGS.format(profiles=ROOT / "profiles"))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options; the defaults are the short form."""
    parser.add_argument("--minutes", type=float, default=1.0, help="length of the shoot (the report's: 10)")
    parser.add_argument("--size", default="640x360", help="frame size (the report's: 1920x1080)")
    parser.add_argument("--shoot", type=Path, help="folder in which the shoot is kept and reused")


def run(asked: argparse.Namespace) -> None:
    """Measure and print."""
    width, height = (int(part) for part in asked.size.split("x"))
    measure_pipeline(asked.minutes, (width, height), asked.shoot)


def measure_pipeline(minutes: float, size: tuple[int, int], shoot: Path | None = None) -> None:
    """Make the shoot, drop it, follow it to the published manifest, and print the figures.

    The folder `shoot`, if given, is kept and reused: filming ten minutes takes longer than the rest.
    """
    with tempfile.TemporaryDirectory(prefix="mcsyncd-bench-") as folder:
        home = Path(folder)
        files, offsets_us = film_shoot(shoot or home / "shoot", minutes, size)
        write_settings(home)
        peak = MemoryPeaks()
        with run_daemon(home) as process:
            for camera, file in files.items():
                shutil.copy(file, home / "drop" / camera)
            copied_at = time.time()
            reviewed = _wait_for_state(home, process.pid, peak, "in_review")
            aligned_at = read_event_time(home, "session_aligned")
            settled_at = read_event_time(home, "drop_files_changed")
            _run_cli(home, "approve", reviewed["id"], "--revision", str(reviewed["revision"]))
            _wait_for_state(home, process.pid, peak, "published")
            published_at = read_event_time(home, "session_published")
        gigabytes = sum(file.stat().st_size for file in files.values()) / 1e9
        print(f"shoot: 3 x {minutes:g} min at {size[0]}x{size[1]}, {gigabytes:.2f} GB")
        print(f"copied -> confidence (settle 5 s, quiet 10 s included):  {aligned_at - copied_at:6.1f} s")
        print(f"last file settled -> confidence (quiet rule included):   {aligned_at - settled_at:6.1f} s")
        print(f"confidence -> published:                                 {published_at - aligned_at:6.1f} s")
        print(f"memory: daemon {peak.daemon / 1e6:.0f} MB, largest worker {peak.worker / 1e6:.0f} MB")
        for camera, truth_us in offsets_us.items():
            error_us = reviewed["offsets_ms"][camera] * 1000 - truth_us
            print(f"{camera}: {reviewed['offsets_ms'][camera]:+.3f} ms, error {error_us:+.0f} us")
        print(f"confidence {reviewed['sync_confidence']:.4f}")


def wait_for_session(home: Path, state: str, count: int) -> dict:
    """Return the newest of `count` sessions once it is in that state."""
    while True:
        sessions = json.loads(_run_cli(home, "sessions", "--json") or "[]")
        if len(sessions) >= count and sessions[0]["state"] == state:
            return sessions[0]
        time.sleep(0.5)


def count_running_jobs(home: Path, stage: str) -> int:
    """Return how many jobs of a stage are running."""
    status = json.loads(_run_cli(home, "status", "--json") or "{}")
    return sum(worker["stage"] == stage for worker in status.get("workers", []))


@contextmanager
def run_daemon(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a daemon on the settings in `home` for as long as the block."""
    subprocess.run(_build_command(home, "storage", "init"), check=True, stdout=subprocess.DEVNULL)
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(_build_command(home, "run"), stderr=log)
        try:
            while _run_cli(home, "status") is None:
                time.sleep(0.2)
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _build_command(home: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "mcsyncd", "--config", str(home / "config.yaml"), *arguments]


def _run_cli(home: Path, *arguments: str) -> str | None:
    done = subprocess.run(_build_command(home, *arguments), capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None


def _wait_for_state(home: Path, daemon: int, peak: MemoryPeaks, state: str) -> dict:
    while True:
        peak.update(daemon)
        sessions = json.loads(_run_cli(home, "sessions", "--json") or "[]")
        if sessions and sessions[0]["state"] == "failed":
            raise SystemExit(str(sessions[0]["error"]))
        if sessions and sessions[0]["state"] == state:
            return sessions[0]
        time.sleep(0.5)


def read_event_time(home: Path, kind: str, session: str | None = None) -> float:
    """Return when the last event of a kind was recorded, in seconds since the epoch."""
    entries = [json.loads(line) for line in (_run_cli(home, "log", "--json") or "").splitlines()]
    return max(
        datetime.fromisoformat(entry["at"]).timestamp()
        for entry in entries
        if entry["kind"] == kind and session in (None, entry["session"])
    )


def _list_children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _read_peak_bytes(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    return 0
