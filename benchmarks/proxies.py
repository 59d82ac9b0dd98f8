"""Encode other proxies of the same footage: what another GOP, B-frames or a tuning would gain."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

LONG = "GOP 250, B 3 (x264's default)"

_CLOSED = ("-bf", "0", "-sc_threshold", "0", "-flags", "+cgop")
_WITH_B = ("-bf", "2", "-sc_threshold", "0", "-flags", "+cgop")

VARIANTS: Mapping[str, tuple[str, ...]] = {
    LONG: (),
    "GOP 6": ("-g", "6", *_CLOSED),
    "GOP 8": ("-g", "8", *_CLOSED),
    "GOP 12": ("-g", "12", *_CLOSED),
    "GOP 15": ("-g", "15", *_CLOSED),
    "GOP 10, B 2": ("-g", "10", *_WITH_B),
    "GOP 10, scenecut": ("-g", "10", "-bf", "0", "-flags", "+cgop"),
    "GOP 10, CAVLC": ("-g", "10", *_CLOSED, "-coder", "0"),
    "GOP 10, fastdecode": ("-g", "10", *_CLOSED, "-tune", "fastdecode"),
    "GOP 15, fastdecode": ("-g", "15", *_CLOSED, "-tune", "fastdecode"),
}
"""The shipped profile itself has a closed GOP of 10 without B-frames."""


def encode_variants(source: Path, folder: Path, wanted: Mapping[str, tuple[str, ...]]) -> dict[str, Path]:
    """Encode all of them in one decode: 540 lines, veryfast, CRF 23, audio as in the shipped proxy."""
    files = {name: folder / f"{source.stem}.{_build_slug(name)}.mp4" for name in wanted}
    branches = "".join(f"[{index}]" for index in range(len(wanted)))
    scaled = f"[0:v]scale=-2:540:flags=bicubic+accurate_rnd,format=yuv420p,split={len(wanted)}{branches}"
    command: list[str | Path] = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", source]
    command += ["-filter_complex", scaled]
    for index, (name, options) in enumerate(wanted.items()):
        command += ["-map", f"[{index}]", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23", *options]
        command += ["-map", "0:a?", "-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart", files[name]]
    subprocess.run(command, check=True)
    return files


def _build_slug(name: str) -> str:
    return "".join(char if char.isalnum() else "-" for char in name)
