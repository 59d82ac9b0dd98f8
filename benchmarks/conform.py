"""Conform: cost of a clip compared with `ffmpeg`, peak memory, three cameras in sync, audio along a curve.

The footage is synthetic (`benchmarks.scenery`) unless a clip is given.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks import bent_clock, cameras, curves, memory, segments, speed

_SHORTEST_BEND_MIN = 20.0
"""Minutes after which a clock that warms up is far enough off its line to be told from chance."""

PARTS = ("speed", "segments", "memory", "cameras", "curves")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options; the defaults are the short form."""
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS)
    )
    parser.add_argument("--home", type=Path, help="folder in which footage is kept and reused")
    parser.add_argument(
        "--seconds", type=float, default=8.0, help="length of the 1080p clip (the report's: 20)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="of the comparison (the report's: 5)")
    parser.add_argument("--footage", type=Path, help="a clip of your own for the comparison")
    parser.add_argument(
        "--seconds-4k", type=float, default=2.0, help="length of the 4K clips (the report's: 6)"
    )
    parser.add_argument(
        "--long", type=float, default=6.0, help="minutes of the long clip (the report's: 120)"
    )
    parser.add_argument(
        "--minutes",
        type=float,
        default=2.0,
        help="of the three cameras, and of audio along a curve (the report's: 60)",
    )
    parser.add_argument(
        "--killed", type=float, default=1.0, help="minutes of the clip whose job is killed (the report's: 10)"
    )
    parser.add_argument(
        "--kill-every", type=float, default=4.0, help="seconds between two kills (the report's: 20)"
    )
    parser.add_argument(
        "--drifts",
        type=float,
        nargs=2,
        default=(300.0, -300.0),
        metavar="PPM",
        help="of cam_b and cam_c (the report's: 30 -80)",
    )


def run(asked: argparse.Namespace) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="mcsyncd-bench-") as folder:
        home = asked.home or Path(folder)
        home.mkdir(parents=True, exist_ok=True)
        if "speed" in asked.only:
            speed.run(home, asked.seconds, asked.rounds, asked.footage)
        if "segments" in asked.only:
            segments.run(home, asked.seconds, asked.rounds, asked.killed, asked.kill_every)
        if "memory" in asked.only:
            memory.run(home, asked.seconds_4k, asked.long)
        if "cameras" in asked.only:
            cameras.run(home, asked.minutes, tuple(asked.drifts))
        if "curves" in asked.only:
            curves.run(asked.minutes)
            bent_clock.run(home, max(asked.minutes, _SHORTEST_BEND_MIN))
