"""Disks that fail while a shoot is processed: the daemon goes on by itself, and nothing is lost.

The whole matrix: each folder with each fault, one shoot each, which meets the fault at every stage of its
way. Needs root and FUSE. A star marks the stages in which something failed and was tried again.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from disk_faults import FAULTS, FOLDERS, STAGES, Cell, can_fail_disks, run_faults

from mcsyncd.demo.shoot import make_shoot

_STAGE_NAMES = [stage.name for stage in STAGES]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--folders", nargs="+", choices=FOLDERS, default=FOLDERS)
    parser.add_argument("--faults", nargs="+", choices=FAULTS, default=FAULTS)
    parser.add_argument("--stages", nargs="+", choices=_STAGE_NAMES, default=_STAGE_NAMES)
    parser.add_argument("--hold", type=float, default=4.0, help="seconds that a fault lasts")
    parser.add_argument("--folder", type=Path, help="where the daemons live, e.g. /dev/shm")


def run(asked: argparse.Namespace) -> bool:
    """Let the disks fail and print a line for each cell; return whether all was well."""
    if not can_fail_disks():
        print("disk-faults: skipped, because this needs root and FUSE")
        return True
    began, faulty, cells = time.monotonic(), 0, 0
    with tempfile.TemporaryDirectory(prefix="mcsync-soak-", dir=asked.folder) as name:
        shoot = make_shoot(Path(name) / "shoot", seconds=12.0, size=(160, 90))
        expected = None
        for folder in asked.folders:
            for fault in asked.faults:
                home = Path(name) / f"{folder}-{fault.replace('/', '')}"
                try:
                    found, outcome = run_faults(home, shoot, folder, fault, asked.stages, hold_s=asked.hold)
                except (AssertionError, TimeoutError) as error:
                    print(f"disk-faults: {folder} {fault}: stuck: {error}", flush=True)
                    faulty += 1
                    continue
                for cell in found:
                    print(_describe_cell(cell), flush=True)
                expected = expected or outcome.objects
                faults = list(outcome.faults)
                if outcome.objects != expected:
                    faults.append("something else was published than in the first run")
                for fault_found in faults:
                    print(f"disk-faults: {folder} {fault}: {fault_found}", flush=True)
                cells += len(found)
                faulty += sum(bool(cell.problems) for cell in found) + len(faults)
    print(f"disk-faults: {cells} cells, {faulty} with a fault, {time.monotonic() - began:.0f} s", flush=True)
    return faulty == 0


def _describe_cell(cell: Cell) -> str:
    when = "went on" if cell.resumed_s is None else f"{cell.resumed_s:.1f} s"
    when += " *" if cell.is_hit else "  "
    problems = "".join(f"\n    FAULT {problem[:3000]}" for problem in cell.problems)
    return f"{cell.folder:<6} {cell.fault:<9} {cell.stage:<8} {when:>9}  {cell.told[:300]}{problems}"
