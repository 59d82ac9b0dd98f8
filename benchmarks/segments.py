"""Segments: what they cost against one pass, whether the bytes depend on who makes them, what kills cost."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.cost import compute_ratio, measure_in_turn
from benchmarks.footage_files import HD, Camera, film_clip, repeat_clip
from benchmarks.segment_job import WHOLE_S, build_command

_PIECE_S = 60
_KILLED = Camera((640, 360))
_SSIM = re.compile(r"All:[\d.]+ \(([\d.]+)\)")


def run(home: Path, seconds: float, rounds: int, minutes: float, kill_every_s: float) -> None:
    """Measure on a 1080p clip of `seconds`, and kill the job of a small one of `minutes`; print."""
    clip = film_clip(home / f"hd-{seconds:g}.mp4", HD, seconds)
    whole, cut = home / "whole", home / "cut"
    jobs = {
        "one pass": [build_command(clip, whole, segment_s=WHOLE_S)],
        "segments": [build_command(clip, cut)],
    }
    costs = measure_in_turn(jobs, rounds)
    low, middle, high = compute_ratio(costs["segments"], costs["one pass"], "cpu_s")
    print(f"CPU of segments against one pass: {middle:.3f} ({low:.3f} to {high:.3f}), goal 1.03")
    low, middle, high = compute_ratio(costs["segments"], costs["one pass"], "wall_s")
    print(f"wall: {middle:.3f} ({low:.3f} to {high:.3f})")
    print(f"memory: {max(cost.peak_bytes for cost in costs['segments']) / 2**20:.0f} MiB")
    for name in ("clip.mezz.mp4", "clip.proxy.mp4"):
        grown = (cut / name).stat().st_size / (whole / name).stat().st_size - 1
        print(f"{name}: {grown:+.2%} of size (goal +0.5 %)", end="")
        if "mezz" in name:
            change = _measure_ssim(cut / name, clip) - _measure_ssim(whole / name, clip)
            print(f", SSIM {change:+.3f} dB (goal 0.01)", end="")
        print()
    two = home / "two"
    subprocess.run([str(part) for part in build_command(clip, two, processes=2)], check=True)
    print(f"bytes in one process and in two: {_compare(cut, two)}")
    _report_kills(home, minutes, kill_every_s)


def _measure_ssim(made: Path, source: Path) -> float:
    """Return the SSIM of all planes in dB, as the `ffmpeg` command finds it."""
    command = ["ffmpeg", "-nostdin", "-i", made, "-i", source, "-lavfi", "ssim", "-f", "null", "-"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    found = _SSIM.search(said)
    assert found is not None
    return float(found[1])


def _compare(one: Path, other: Path) -> str:
    def digest(folder: Path) -> dict[str, str]:
        files = (file for file in sorted(folder.rglob("*")) if file.is_file())
        return {
            str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files
        }

    return "identical" if digest(one) == digest(other) else "DIFFERENT"


def _report_kills(home: Path, minutes: float, kill_every_s: float) -> None:
    piece = film_clip(home / "killed.mov", _KILLED, _PIECE_S)
    clip = repeat_clip(piece, home / "killed-long.mov", round(minutes * 60 / _PIECE_S))
    never, killed = home / "never", home / "killed"
    whole_s, _ = _run_until_killed(clip, never, None)
    spent_s, kills = 0.0, 0
    while True:
        cpu_s, is_over = _run_until_killed(clip, killed, kill_every_s)
        spent_s += cpu_s
        if is_over:
            break
        kills += 1
    print(
        f"640x360, {minutes:g} min, kill -9 every {kill_every_s:g} s: {kills} kills, work "
        f"{spent_s / whole_s:.2f} x (goal 1.15), bytes {_compare(never, killed)}"
    )


def _run_until_killed(clip: Path, folder: Path, seconds: float | None) -> tuple[float, bool]:
    """Run the job, kill it after `seconds`; return its CPU seconds, and whether it was over before."""
    folder.mkdir(exist_ok=True)
    command = [str(part) for part in build_command(clip, folder)]
    pid = os.posix_spawn(sys.executable, command, os.environ)
    deadline = None if seconds is None else time.monotonic() + seconds
    while True:
        found, status, used = os.wait4(pid, os.WNOHANG)
        if found:
            return used.ru_utime + used.ru_stime, os.waitstatus_to_exitcode(status) == 0
        if deadline is not None and time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            deadline = None
        time.sleep(0.02)
