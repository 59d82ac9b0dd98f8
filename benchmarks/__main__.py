"""`python -m benchmarks [NAME] [OPTION …]`: run one benchmark; `all` runs the short form of each.

Without a name, `pipeline` runs. To add a benchmark, write a module with `add_options` and `run` whose
defaults are the short form, and add it to `BENCHMARKS`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Protocol

from benchmarks import (
    cluster,
    conform,
    lanes,
    pipeline,
    preview,
    scrub,
    sessions,
    storage,
    sync,
    sync_scale,
    tui,
)


class Benchmark(Protocol):
    """A module that measures one thing, which its docstring describes."""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options; the defaults are the short form."""

    def run(self, asked: argparse.Namespace) -> None:
        """Measure and print."""


BENCHMARKS: dict[str, Benchmark] = {
    "pipeline": pipeline,
    "lanes": lanes,
    "conform": conform,
    "scrub": scrub,
    "preview": preview,
    "sync": sync,
    "sync-scale": sync_scale,
    "sessions": sessions,
    "tui": tui,
    "storage": storage,
    "cluster": cluster,
}
_DEFAULT = "pipeline"


def main(arguments: Sequence[str]) -> None:
    """Run the requested benchmarks; each prints its own table."""
    if not arguments or arguments[0] not in {*BENCHMARKS, "all", "-h", "--help"}:
        arguments = (_DEFAULT, *arguments)
    parser = _build_parser()
    asked = parser.parse_args(arguments)
    if asked.name != "all":
        BENCHMARKS[asked.name].run(asked)
        return
    for name, benchmark in BENCHMARKS.items():
        print(f"\n== {name}", flush=True)
        benchmark.run(parser.parse_args([name]))


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = parser.add_subparsers(dest="name", required=True)
    for name, benchmark in BENCHMARKS.items():
        benchmark.add_options(names.add_parser(name, help=(benchmark.__doc__ or "").splitlines()[0]))
    names.add_parser("all", help="the short form of each")
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
