"""Compare what a clip costs with conform and with the `ffmpeg` command."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks import clip_job
from benchmarks.cost import Cost, compute_ratio, measure_in_turn
from benchmarks.ffmpeg_baseline import build_command_per_output, build_single_command, describe_libraries
from benchmarks.footage_files import HD, film_clip
from mcsyncd.probe.probe import probe_clip

_OURS, _ONE, _EACH = "the whole clip job", "one ffmpeg command", "one ffmpeg per output"
_GOALS = (("cpu_s", _ONE, 1.05), ("cpu_s", _EACH, 0.90), ("wall_s", _ONE, 1.00))
_NAMES = {"cpu_s": "CPU", "wall_s": "wall"}
_MIB = 2**20
_PEAK_GOAL = 450 * _MIB


def run(home: Path, seconds: float, rounds: int, footage: Path | None = None) -> None:
    """Measure on two cores, with generated 1080p30 footage or with the clip `footage`; print the table."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    clip = footage or film_clip(home / f"hd-{seconds:g}.mp4", HD, seconds)
    frames = _print_introduction(clip, rounds)
    jobs = {
        _OURS: [clip_job.build_command(clip, home)],
        _ONE: build_single_command(clip, home),
        _EACH: build_command_per_output(clip, home),
    }
    results = measure_in_turn(jobs, rounds)
    print(f"{'':<24}{'CPU ms per frame':>18}{'wall s':>8}{'MiB':>6}")
    for name, costs in results.items():
        cpu_ms, wall_s = _compute_median(costs, "cpu_s") * 1000 / frames, _compute_median(costs, "wall_s")
        print(f"{name:<24}{cpu_ms:18.1f}{wall_s:8.1f}{_get_peak(costs) / _MIB:6.0f}")
    for part, name, goal in _GOALS:
        low, middle, high = compute_ratio(results[_OURS], results[name], part)
        print(f"{_NAMES[part]} against {name}: {middle:.3f} ({low:.3f} to {high:.3f}), goal {goal:.2f}")
    print(f"memory of the clip job: {_get_peak(results[_OURS]) / _MIB:.0f} MiB, goal {_PEAK_GOAL / _MIB:.0f}")
    steps = json.loads((home / clip_job.RESULT_FILE).read_text())["cpu_s"].items()
    print("its CPU ms by step: " + ", ".join(f"{step} {1000 * cpu_s:.0f}" for step, cpu_s in steps))


def _print_introduction(clip: Path, rounds: int) -> int:
    """Print what is measured on what, and return the clip's number of frames."""
    media = probe_clip(clip)
    assert media.video is not None
    seconds = media.video.duration_us * 1e-6
    size, rate = f"{media.video.width}x{media.video.height}", media.video.rate
    mbit, load = clip.stat().st_size * 8e-6 / seconds, os.getloadavg()[0]
    print(f"{size} at {rate}, {seconds:.1f} s, {mbit:.1f} Mbit/s, {rounds} rounds; load {load:.1f}")
    print(describe_libraries())
    return round(seconds * float(rate.fraction))


def _compute_median(costs: Sequence[Cost], part: str) -> float:
    return float(median(getattr(cost, part) for cost in costs))


def _get_peak(costs: Sequence[Cost]) -> int:
    return max(cost.peak_bytes for cost in costs)
