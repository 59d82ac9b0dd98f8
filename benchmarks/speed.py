"""What a clip costs with us and with the `ffmpeg` command, side by side."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks import job
from benchmarks.camera import HD, shot
from benchmarks.cost import Cost, in_turn, ratio
from benchmarks.rival import libraries, one_command, one_each
from mcsyncd.probe.probe import probe_clip

_OURS, _ONE, _EACH = "everything a clip gets", "one ffmpeg command", "ffmpeg once an output"
_GOALS = (("cpu_s", _ONE, 1.05), ("cpu_s", _EACH, 0.90), ("wall_s", _ONE, 1.00))
_NAMES = {"cpu_s": "CPU", "wall_s": "wall"}
_MIB = 2**20
_PEAK_GOAL = 450 * _MIB


def run(home: Path, seconds: float, rounds: int, footage: Path | None = None) -> None:
    """Measure on two cores, on 1080p30 footage of its own or on the clip `footage`, and print the table."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    clip = footage or shot(home / f"hd-{seconds:g}.mp4", HD, seconds)
    pictures = _introduce(clip, rounds)
    jobs = {_OURS: [job.command(clip, home)], _ONE: one_command(clip, home), _EACH: one_each(clip, home)}
    found = in_turn(jobs, rounds)
    print(f"{'':<24}{'CPU ms a picture':>18}{'wall s':>8}{'MiB':>6}")
    for name, costs in found.items():
        cpu_ms, wall_s = _middle(costs, "cpu_s") * 1000 / pictures, _middle(costs, "wall_s")
        print(f"{name:<24}{cpu_ms:18.1f}{wall_s:8.1f}{_peak(costs) / _MIB:6.0f}")
    for part, name, goal in _GOALS:
        low, middle, high = ratio(found[_OURS], found[name], part)
        print(f"{_NAMES[part]} against {name}: {middle:.3f} ({low:.3f} to {high:.3f}), goal {goal:.2f}")
    print(f"memory of our job: {_peak(found[_OURS]) / _MIB:.0f} MiB, goal {_PEAK_GOAL / _MIB:.0f}")
    steps = json.loads((home / job.TOLD).read_text())["cpu_s"].items()
    print("its CPU ms, in all: " + ", ".join(f"{step} {1000 * cpu_s:.0f}" for step, cpu_s in steps))


def _introduce(clip: Path, rounds: int) -> int:
    """Say what is measured on what, and return the clip's number of pictures."""
    media = probe_clip(clip)
    assert media.video is not None
    seconds = media.video.duration_us * 1e-6
    size, rate = f"{media.video.width}x{media.video.height}", media.video.rate
    mbit, load = clip.stat().st_size * 8e-6 / seconds, os.getloadavg()[0]
    print(f"{size} at {rate}, {seconds:.1f} s, {mbit:.1f} Mbit/s, {rounds} rounds; load {load:.1f}")
    print(libraries())
    return round(seconds * float(rate.fraction))


def _middle(costs: Sequence[Cost], part: str) -> float:
    return float(median(getattr(cost, part) for cost in costs))


def _peak(costs: Sequence[Cost]) -> int:
    return max(cost.peak_bytes for cost in costs)
