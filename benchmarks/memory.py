"""What a job holds in memory: at 4K, and from the first minute of a long clip to its last."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from benchmarks import job
from benchmarks.camera import UHD, UHD_10BIT, Camera, repeated, shot

_SMALL = Camera((320, 180))
_PIECE_S = 60
_MIB = 2**20
_UHD_GOAL = 1.2 * 2**30


def run(home: Path, seconds_4k: float, minutes: float) -> None:
    """Conform 4K clips of `seconds_4k`, and a small one of `minutes`; print high-water marks."""
    for name, camera in (("h264", UHD), ("hevc-10bit", UHD_10BIT)):
        clip = shot(home / f"{name}-{seconds_4k:g}.mp4", camera, seconds_4k)
        peak = _marks(clip, home)[-1]
        print(f"3840x2160 {name}, {seconds_4k:g} s: {peak / _MIB:.0f} MiB, goal {_UHD_GOAL / _MIB:.0f}")
    piece = shot(home / "small.mov", _SMALL, _PIECE_S)
    clip = repeated(piece, home / "long.mov", round(minutes * 60 / _PIECE_S))
    told = zip(_marks(clip, home), ("10 %", "50 %", "the end"), strict=True)
    print(f"320x180, {minutes:g} min: ", end="")
    print(*(f"{mark / _MIB:.1f} MiB at {part}" for mark, part in told), sep=", ")


def _marks(clip: Path, home: Path) -> list[int]:
    """Do the job; return its high-water marks in bytes at 10 and 50 %, and of the whole."""
    subprocess.run([str(part) for part in job.command(clip, home)], check=True)
    found: list[int] = json.loads((home / job.TOLD).read_text())["peak_bytes"]
    return found
