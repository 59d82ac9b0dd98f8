"""What an independent decoder (the system's ffmpeg, not our own library) sees and hears."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
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


def _filters() -> str:
    if not shutil.which("ffmpeg"):
        return ""
    command = ["ffmpeg", "-v", "error", "-filters"]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout


needs_zscale = pytest.mark.skipif("zscale" not in _filters(), reason="no ffmpeg with zscale to judge by")


def make_pq(path: Path, colour: tuple[int, int, int]) -> None:
    """Film one colour (sRGB numbers, taken for BT.709) as PQ in BT.2020, white at 203 cd/m2."""
    red, green, blue = colour
    flat = f"color=0x{red:02x}{green:02x}{blue:02x}:s=160x120:r=25:d=0.4"
    to_pq = (
        "format=gbrp,scale=out_color_matrix=bt709:out_range=tv,format=yuv444p10le,"
        "zscale=transferin=709:primariesin=709:matrixin=709:rangein=limited:transfer=smpte2084:primaries=2020"
        ":matrix=2020_ncl:range=limited:npl=203,format=yuv422p10le"
    )
    tags = ["-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"]
    _run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", flat, "-vf", to_pq, "-c:v", "prores_ks", *tags, path])


def remade(source: Path, target: Path, *options: object, before: tuple[object, ...] = ()) -> Path:
    """Let the system's ffmpeg make one file of another."""
    command = ["ffmpeg", "-v", "error", *before, "-i", source, *options, target]
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    return target


def facts(path: Path, kind: str, track: int = 0) -> dict[str, Any]:
    """What ffprobe says of a stream of that kind ("v" or "a"); nothing where there are not so many."""
    command = ["ffprobe", "-v", "error", "-select_streams", f"{kind}:{track}", "-show_streams", "-of", "json"]
    found = json.loads(subprocess.run([*command, path], check=True, capture_output=True).stdout)["streams"]
    return found[0] if found else {}


def timecodes(path: Path) -> dict[str, str]:
    """The timecode of the picture, and of the timecode track, where there are any."""
    command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", path]
    streams = json.loads(_run(command))["streams"]
    return {
        "video" if one["codec_type"] == "video" else one["codec_tag_string"]: one["tags"]["timecode"]
        for one in streams
        if "timecode" in one.get("tags", {})
    }


def pictures(path: Path, upright: tuple[int, int] | None = None) -> np.ndarray:
    """Every picture as it is shown, gray: uint8 (pictures, height, width).

    `upright` is the size (width, height) where the file is to be turned for showing.
    """
    seen = facts(path, "v")
    width, height = upright or (seen["width"], seen["height"])
    command = ["ffmpeg", "-v", "error", "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough"]
    raw = _run([*command, "-f", "rawvideo", "-pix_fmt", "gray", "-"])
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width)


def rgb(path: Path) -> np.ndarray:
    """Every picture in colour, as its tags say: uint8 (pictures, height, width, 3)."""
    seen = facts(path, "v")
    # A JPEG is BT.601 whatever it says; a film's matrix is in its tags, and swscale goes by those.
    command = ["ffmpeg", "-v", "error", "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough"]
    raw = _run([*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
    return np.frombuffer(raw, np.uint8).reshape(-1, seen["height"], seen["width"], 3)


def numbers(path: Path) -> list[int]:
    """The number that each picture carries."""
    return [number_in(gray) for gray in pictures(path)]


def together(path: Path, picture: Path | None, *sounds: Path, late: Sequence[float] = ()) -> Path:
    """Put the picture of one file and the sounds of others into one, each sound later by so many seconds."""
    command: list[object] = ["ffmpeg", "-v", "error"]
    command += ["-i", picture] if picture else []
    starts = (*late, *([0.0] * (len(sounds) - len(late))))
    for start, one in zip(starts, sounds, strict=True):
        command += ["-itsoffset", start, "-i", one]
    inputs = len(sounds) + (picture is not None)
    command += [part for number in range(inputs) for part in ("-map", number)]
    scale = ["-movie_timescale", "48000"] if path.suffix in {".mov", ".mp4"} else []
    _run([*command, "-c", "copy", *scale, path])
    return path


def sound(path: Path, track: int = 0) -> np.ndarray:
    """The sound of a track: float32 (samples, channels)."""
    channels = facts(path, "a", track)["channels"]
    command = ["ffmpeg", "-v", "error", "-i", path, "-map", f"0:a:{track}"]
    raw = _run([*command, "-f", "f32le", "-c:a", "pcm_f32le", "-"])
    return np.frombuffer(raw, np.float32).reshape(-1, channels)


def framehash(path: Path) -> list[str]:
    """The sha256 of each picture as it is decoded, in its own pixel format."""
    command = ["ffmpeg", "-v", "error", "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough"]
    lines = _run([*command, "-f", "framehash", "-hash", "sha256", "-"]).decode().splitlines()
    return [line.rpartition(",")[2].strip() for line in lines if not line.startswith("#")]


def pcm(path: Path, fmt: str) -> bytes:
    """The sound as it is decoded, interleaved; `fmt` is s16 or s32."""
    command = ["ffmpeg", "-v", "error", "-i", path, "-map", "0:a:0", "-f", f"{fmt}le"]
    return _run([*command, "-c:a", f"pcm_{fmt}le", "-"])


def beeps_in(path: Path, track: int = 0, channel: int = 0) -> list[float]:
    """When each beep of a channel begins, in seconds, to a fraction of a sample.

    A beep of amplitude 0.7 passes 0.25 after asin(0.25/0.7) of its first millisecond; the crossing
    is taken between two samples. The first channel is as loud as it was filmed; others are scaled to it.
    """
    loud = sound(path, track)[:, channel]
    loud = loud / (np.abs(loud).max() if channel else 0.7)
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
