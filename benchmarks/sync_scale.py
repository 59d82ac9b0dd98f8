"""The solver at scale: many angles at once, with chosen pairs and with all, or three angles of a day.

One of those three may have a clock that changes its rate while it warms up.

From analysis audio that is generated, so what decoding costs is not in it (`sync --long` has that).
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from statistics import median

from benchmarks import solve_job
from benchmarks.analysis_sound import CAMERAS_FILE, AnalysisCamera, spread_cameras, write_sounds
from benchmarks.cost import measure_process

_MIB = 2**20
_SURE = 0.85


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options; the defaults are the short form."""
    parser.add_argument("--angles", type=int, default=24, help="cameras of one event (the report's: 24, 40)")
    parser.add_argument("--minutes", type=float, default=1.0, help="length of each (the report's: 3, 10)")
    parser.add_argument("--all-pairs", action="store_true", help="measure all pairs as well, to compare")
    parser.add_argument("--hours", type=float, help="three angles of so many hours instead")
    parser.add_argument("--warming", type=float, default=0.0, help="ppm by which one of those clocks changes")
    parser.add_argument("--sounds", type=Path, help="folder in which sounds are kept and found again")


def run(asked: argparse.Namespace) -> None:
    """Measure and print."""
    print(f"load {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} cores")
    with tempfile.TemporaryDirectory(prefix="mcsyncd-bench-") as home:
        kept = asked.sounds or Path(home)
        if asked.hours:
            cameras = _spread_day(asked.hours * 3600, asked.warming)
            folder = kept / f"3x{asked.hours:g}h{asked.warming:+g}ppm"
        else:
            cameras = spread_cameras(asked.angles, asked.minutes * 60)
            folder = kept / f"{asked.angles}x{asked.minutes:g}min"
        if not (folder / CAMERAS_FILE).is_file():
            write_sounds(folder, cameras)
        for all_pairs in (False, True) if asked.all_pairs else (False,):
            _measure(folder, all_pairs=all_pairs)


def _spread_day(seconds: float, warming_ppm: float) -> list[AnalysisCamera]:
    return [
        AnalysisCamera("cam_a", 7.0, 0.0, seconds, hiss=0.004),
        AnalysisCamera("cam_b", 0.0, 25.0, seconds, hiss=0.004, warming_ppm=warming_ppm),
        AnalysisCamera("cam_c", 18.0, -40.0, seconds, hiss=0.004),
    ]


def _measure(folder: Path, *, all_pairs: bool) -> None:
    cost = measure_process(solve_job.build_command(folder, all_pairs=all_pairs))
    result = json.loads((folder / solve_job.RESULT_FILE).read_text())
    angles = result["angles"].values()
    errors_ms = [one["error_ms"] for one in angles if one["error_ms"] is not None]
    wrong = [one for one in angles if one["error_ms"] is None or one["error_ms"] > 1000 / 120]
    print(f"{folder.name}, {'all' if all_pairs else 'chosen'} pairs: {result['pairs']} measured")
    print(f"  wall {cost.wall_s:.1f} s, CPU {cost.cpu_s:.1f} s, {cost.peak_bytes / _MIB:.0f} MiB")
    print(f"  error throughout: median {median(errors_ms) * 1e3:.0f} us, worst {max(errors_ms) * 1e3:.0f} us")
    for angle, one in result["angles"].items():
        if one["bend_ms"]:
            print(f"  {angle}: a bend of {one['bend_ms']:.1f} ms was taken out")
        if one["asks"]:
            print(f"  {angle}: asks for a person ({', '.join(one['asks'])})")
    sure = sum(one["confidence"] >= _SURE for one in angles)
    false = sum(one["confidence"] >= _SURE for one in wrong)
    print(f"  {len(angles) - len(wrong)} of {len(angles)} right, {sure} accepted, {false} accepted and wrong")
