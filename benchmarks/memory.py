"""Peak memory of a job: at 4K, and during a long clip."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from benchmarks import clip_job
from benchmarks.footage_files import UHD, UHD_10BIT, Camera, film_clip, repeat_clip

_SMALL = Camera((320, 180))
_PIECE_S = 60
_MIB = 2**20
_UHD_GOAL = 1.2 * 2**30


def run(home: Path, seconds_4k: float, minutes: float) -> None:
    """Conform 4K clips of `seconds_4k`, and a small one of `minutes`; print the peak memory."""
    for name, camera in (("h264", UHD), ("hevc-10bit", UHD_10BIT)):
        clip = film_clip(home / f"{name}-{seconds_4k:g}.mp4", camera, seconds_4k)
        peak = _measure_peaks(clip, home)[-1]
        print(f"3840x2160 {name}, {seconds_4k:g} s: {peak / _MIB:.0f} MiB, goal {_UHD_GOAL / _MIB:.0f}")
    piece = film_clip(home / "small.mov", _SMALL, _PIECE_S)
    clip = repeat_clip(piece, home / "long.mov", round(minutes * 60 / _PIECE_S))
    peaks = zip(_measure_peaks(clip, home), ("10 %", "50 %", "the end"), strict=True)
    print(f"320x180, {minutes:g} min: ", end="")
    print(*(f"{mark / _MIB:.1f} MiB at {part}" for mark, part in peaks), sep=", ")


def _measure_peaks(clip: Path, home: Path) -> list[int]:
    """Run the job; return its peak memory in bytes at 10% and 50% of conform, and at the end."""
    subprocess.run([str(part) for part in clip_job.build_command(clip, home)], check=True)
    peaks: list[int] = json.loads((home / clip_job.RESULT_FILE).read_text())["peak_bytes"]
    return peaks
