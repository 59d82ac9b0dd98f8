"""Power cuts while a shoot is processed: nothing acknowledged is lost, and no empty file is used.

A daemon works on an ext4 in a loop-mounted image, which is copied at chosen and at random instants; a
daemon that is started on a copy must publish the same. Half of the runs mount with `data=writeback`,
where ext4 may record the length of a file before its content. Needs root.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from mcsyncd.demo.shoot import make_shoot
from power_cut import CHOSEN_EVENTS, can_mount, find_fault, record_cuts

_CUTS_PER_RUN = 20
"""Cuts on the way of one shoot. Judgement: each costs a daemon's start and the rest of the shoot; with fewer,
the time goes into the runs that are cut."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--cuts", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1, help="of the first run's random instants")
    parser.add_argument("--data", choices=("ordered", "writeback"), help="one mode only (default: in turn)")
    parser.add_argument("--folder", type=Path, help="where the images lie, e.g. /dev/shm")


def run(asked: argparse.Namespace) -> bool:
    """Cut, recover and print; return whether every recovery was whole."""
    if not can_mount():
        print("power-cut: skipped, because this needs root and loop devices")
        return True
    began, done, faulty, seed = time.monotonic(), 0, 0, asked.seed
    with tempfile.TemporaryDirectory(prefix="mcsync-soak-", dir=asked.folder) as name:
        folder = Path(name)
        shoot = make_shoot(folder / "shoot", seconds=12.0, size=(160, 90))
        while done < asked.cuts:
            data = asked.data or ("ordered", "writeback")[seed % 2]
            count = min(_CUTS_PER_RUN, max(asked.cuts - done, len(CHOSEN_EVENTS)))
            cuts, expected = record_cuts(
                folder, shoot, data=data, random_cuts=count - len(CHOSEN_EVENTS), seed=seed
            )
            faulty += _report_fault("without a cut", data, "; ".join(expected.faults))
            for cut in cuts:
                faulty += _report_fault(cut.name, data, find_fault(folder, cut, expected, data=data))
            (folder / f"{seed}.img").unlink()
            done, seed = done + len(cuts), seed + 1
            print(
                f"power-cut: {done} cuts, {faulty} with a fault, {time.monotonic() - began:.0f} s", flush=True
            )
    return faulty == 0


def _report_fault(name: str, data: str, fault: str) -> int:
    if fault:
        print(f"power-cut: {name} (data={data}): {fault}", flush=True)
    return int(bool(fault))
