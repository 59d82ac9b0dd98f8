"""Generated sessions of every condition: each is one that the engine may be given."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from generated_cases import check_case, write_recordings

from calibration.conditions import CONDITIONS
from calibration.material import Material


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options; the defaults are the full form."""
    parser.add_argument("--seed", type=int, default=1, help="the first; each condition has a session of each")
    parser.add_argument("--seeds", type=int, default=10)


def run(asked: argparse.Namespace) -> bool:
    """Make the sessions and print what is wrong with any; return whether nothing is."""
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="mcsync-cases-") as folder:
        material = Material(write_recordings(Path(folder)))
        for condition in CONDITIONS:
            for seed in range(asked.seed, asked.seed + asked.seeds):
                try:
                    check_case(condition, seed, material)
                except Exception as error:  # noqa: BLE001  # whatever a condition raises is a fault of it
                    wrong += 1
                    print(f"generated-cases: {condition}, seed {seed}: {error!r}")
    print(f"generated-cases: {len(CONDITIONS) * asked.seeds}, {wrong} of them not whole")
    return not wrong
