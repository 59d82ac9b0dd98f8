"""What an independent decoder (the system's ffmpeg, not our own library) sees and hears."""

from __future__ import annotations

import json
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from footage import number_in

needs_ffmpeg = pytest.mark.skipif(
    not (shutil.which("ffmpeg") and shutil.which("ffprobe")),
    reason="no ffmpeg and ffprobe in PATH to judge by",
)
SAMPLE_RATE = 48_000


def facts(path: Path, kind: str) -> dict[str, Any]:
    """What ffprobe says of the first stream of that kind ("v" or "a")."""
    command = ["ffprobe", "-v", "error", "-select_streams", f"{kind}:0", "-show_streams", "-of", "json"]
    found = json.loads(subprocess.run([*command, path], check=True, capture_output=True).stdout)["streams"]
    return found[0] if found else {}


def pictures(path: Path) -> np.ndarray:
    """Every picture as it is shown, gray: uint8 (pictures, height, width)."""
    seen = facts(path, "v")
    command = ["ffmpeg", "-v", "error", "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough"]
    raw = _run([*command, "-f", "rawvideo", "-pix_fmt", "gray", "-"])
    return np.frombuffer(raw, np.uint8).reshape(-1, seen["height"], seen["width"])


def numbers(path: Path) -> list[int]:
    """The number that each picture carries."""
    return [number_in(gray) for gray in pictures(path)]


def sound(path: Path) -> np.ndarray:
    """The sound: float32 (samples, channels)."""
    channels = facts(path, "a")["channels"]
    raw = _run(
        ["ffmpeg", "-v", "error", "-i", path, "-map", "0:a:0", "-f", "f32le", "-c:a", "pcm_f32le", "-"]
    )
    return np.frombuffer(raw, np.float32).reshape(-1, channels)


def beeps_in(path: Path) -> list[float]:
    """When each beep begins, in seconds, to a fraction of a sample.

    A beep of amplitude 0.7 passes 0.25 after asin(0.25/0.7) of its first millisecond; the crossing
    is taken between two samples.
    """
    loud = sound(path)[:, 0] / 0.7
    level = 0.25 / 0.7
    late = np.arcsin(level) / (2 * np.pi * 1000)
    found, at = [], 0
    while (above := np.flatnonzero(loud[at:] > level)).size:
        first = at + int(above[0])
        between = (level - loud[first - 1]) / (loud[first] - loud[first - 1]) if first else 0.0
        found.append(float((first - 1 + between) / SAMPLE_RATE - late))
        at = first + SAMPLE_RATE // 4
    return found


def nearest(times: list[Fraction], wanted: Fraction) -> int:
    """Which of the times is nearest; of two equally near, the earlier."""
    return min(range(len(times)), key=lambda index: (abs(times[index] - wanted), index))


def _run(command: list[object]) -> bytes:
    return subprocess.run([str(part) for part in command], check=True, capture_output=True).stdout
