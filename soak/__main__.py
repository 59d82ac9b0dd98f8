"""`python -m soak [NAME] [OPTION …]`: run one long test, or `all` of them; exit code 1 if one found a fault.

To add one, write a module with `add_options` and `run` whose defaults are the full form, and add it to
`SOAKS`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Protocol

from soak import (
    collections,
    copies,
    disk_faults,
    generated_cases,
    handling,
    kills,
    mutants,
    power_cut,
    sessions,
    simulation,
    trials,
    uploads,
)


class Soak(Protocol):
    """A module that tests one promise, which its docstring describes."""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options; the defaults are the full form."""

    def run(self, asked: argparse.Namespace) -> bool:
        """Test and print; return whether the promise was kept."""


SOAKS: dict[str, Soak] = {
    "collections": collections,
    "copies": copies,
    "disk-faults": disk_faults,
    "generated-cases": generated_cases,
    "handling": handling,
    "kills": kills,
    "mutants": mutants,
    "power-cut": power_cut,
    "sessions": sessions,
    "simulation": simulation,
    "trials": trials,
    "uploads": uploads,
}


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; every soak runs even if an earlier one found a fault."""
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    names = parser.add_subparsers(dest="name", required=True)
    for name, soak in SOAKS.items():
        soak.add_options(names.add_parser(name, help=(soak.__doc__ or "").splitlines()[0]))
    names.add_parser("all", help="the full form of each")
    asked = parser.parse_args(arguments)
    if asked.name != "all":
        return 0 if SOAKS[asked.name].run(asked) else 1
    kept = [soak.run(parser.parse_args([name])) for name, soak in SOAKS.items()]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
