"""`python -m benchmarks [NAME …]`: run the named benchmarks, or the short form of all."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import line


def main() -> None:
    """Run what was asked for and print a table for each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="length of the shoot (the report's: 10)")
    parser.add_argument("--size", default="640x360", help="of the pictures (the report's: 1920x1080)")
    parser.add_argument("--shoot", type=Path, help="folder in which the shoot is kept and found again")
    options = parser.parse_args()
    width, height = (int(part) for part in options.size.split("x"))
    line.run(options.minutes, (width, height), options.shoot)


if __name__ == "__main__":
    main()
