"""Conform one clip in one process: `python -m benchmarks.segment_job CLIP FOLDER [OPTION …]`.

Prints nothing. `--segment-s` is the length of a segment (the product's by default), `--processes` the number
of processes that encode segments; 0: this one.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from multiprocessing import get_context
from pathlib import Path

from benchmarks.clip_job import build_shipped_ref
from mcsyncd.conform import segments
from mcsyncd.conform.conform import conform_clip
from mcsyncd.probe.probe import probe_clip

WHOLE_S = 1_000_000
"""Seconds of a segment that is longer than any clip: one pass."""


def build_command(
    clip: Path, folder: Path, *, segment_s: int = segments.SEGMENT_S, processes: int = 0
) -> list[str | Path]:
    """Return the command line that runs this module on a clip."""
    options = ("--segment-s", str(segment_s), "--processes", str(processes))
    return [sys.executable, "-m", "benchmarks.segment_job", clip, folder, *options]


def main() -> None:
    """Conform the clip."""
    parser = argparse.ArgumentParser()
    parser.add_argument("clip", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--segment-s", type=int, default=segments.SEGMENT_S)
    parser.add_argument("--processes", type=int, default=0)
    asked = parser.parse_args()
    segments.SEGMENT_S = asked.segment_s
    media = probe_clip(asked.clip)
    assert media.video is not None
    pool = ProcessPoolExecutor(asked.processes, get_context("spawn")) if asked.processes else nullcontext()
    with pool as executor:
        conform_clip(
            asked.clip,
            media,
            rate=media.video.rate,
            phase_us=0,
            drift_ppm=0.0,
            mezzanine=build_shipped_ref("mezz-h264"),
            proxy=build_shipped_ref("proxy-540p"),
            folder=asked.folder,
            stem="clip",
            executor=executor,
        )


if __name__ == "__main__":
    main()
