"""`python -m vmtest [--suite bookworm|trixie]`: try the newest .deb of dist/ in a booted Debian."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from mcsyncd.demo.shoot import make_shoot
from power_cut import can_mount
from vmtest.machine import Machine, find_missing_tools, unpack_debian
from vmtest.steps import STEPS, UMASKS, Trial

ROOT = Path(__file__).parents[1]


def film_cards(folder: Path) -> None:
    """Film one shoot for each umask, as cards that everybody may read."""
    for shoot in UMASKS:
        made = make_shoot(folder / shoot, seconds=20.0, size=(320, 180), seed=int(shoot))
        for file in made.files.values():
            card = file.parent / "DCIM" / "100MEDIA"
            card.mkdir(parents=True)
            file.rename(card / file.name)


def try_package(package: Path, suite: str, folder: Path) -> bool:
    """Boot, take every step, and print what each proved; return whether all did."""
    root = folder / "root"
    unpack_debian(suite, ROOT / "var" / "vmtest", root)
    shutil.copy(package, root / "var" / "cache" / "mcsyncd.deb")
    film_cards(root / "media")
    proven: list[tuple[str, str]] = []
    with Machine(folder, root) as machine:
        trial = Trial(machine)
        for step in STEPS:
            began = time.monotonic()
            try:
                result, kept = step(trial), True
            except (AssertionError, RuntimeError, TimeoutError) as error:
                result, kept = f"FAILED: {error!r}", False
                print(machine.run("journalctl -u 'mcsyncd*' -o short -n 40 --no-pager", check=False))
            print(f"{step.__doc__}\n    {result} [{time.monotonic() - began:.0f} s]", flush=True)
            proven.append((step.__name__, result))
            if not kept:
                break
    print(f"\n{suite}, {package.name}")
    for name, result in proven:
        print(f"  {name:18} {result}")
    return len(proven) == len(STEPS) and not proven[-1][1].startswith("FAILED")


def main() -> int:
    """Try the package; exit code 1 if a step failed, 2 if this machine cannot boot one."""
    parser = argparse.ArgumentParser(prog="python -m vmtest", description=__doc__)
    parser.add_argument("--suite", default="bookworm", help="Debian's release (default: bookworm)")
    parser.add_argument("--package", type=Path, help="the .deb (default: the newest in dist/)")
    asked = parser.parse_args()
    missing = find_missing_tools()
    if missing or os.geteuid() != 0 or not can_mount():
        print(f"vmtest needs root, loop devices, mmdebstrap and systemd-container; missing: {missing}")
        return 2
    package = asked.package or max((ROOT / "dist").glob("*.deb"), key=lambda file: file.stat().st_mtime)
    with tempfile.TemporaryDirectory(prefix="mcsync-vmtest-", dir="/var/tmp") as name:
        return 0 if try_package(package, asked.suite, Path(name)) else 1


if __name__ == "__main__":
    sys.exit(main())
