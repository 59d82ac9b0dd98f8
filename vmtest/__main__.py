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
from vmtest.lifecycle import NEWER, begin_with_older, install_again, purge, remove, upgrade
from vmtest.machine import Machine, find_missing_tools, unpack_debian
from vmtest.notifications import notify
from vmtest.older import find_older_package
from vmtest.steps import STEPS, UMASKS, Step, Trial

ROOT = Path(__file__).parents[1]
CACHE = ROOT / "var" / "vmtest"
"""What is built once: the bare Debian, and the package that is upgraded from."""


LIFE: tuple[Step, ...] = (*STEPS, notify, install_again, remove, purge)
UPGRADE: tuple[Step, ...] = (begin_with_older, upgrade)


def film_cards(folder: Path) -> None:
    """Film one shoot for each umask, as cards that everybody may read."""
    for shoot in UMASKS:
        made = make_shoot(folder / shoot, seconds=20.0, size=(320, 180), seed=int(shoot))
        for file in made.files.values():
            card = file.parent / "DCIM" / "100MEDIA"
            card.mkdir(parents=True)
            file.rename(card / file.name)


def try_package(package: Path, steps: tuple[Step, ...], suite: str, newer: Path | None = None) -> bool:
    """Boot, take every step, and print what each proved; return whether all did.

    `newer` is the package that a step upgrades to.
    """
    with tempfile.TemporaryDirectory(prefix="mcsync-vmtest-", dir="/var/tmp") as name:
        root = Path(name) / "root"
        unpack_debian(suite, CACHE, root)
        shutil.copy(package, root / "var" / "cache" / "mcsyncd.deb")
        if newer is not None:
            shutil.copy(newer, root / NEWER.removeprefix("/"))
        film_cards(root / "media")
        return take_steps(Path(name), root, steps, f"{suite}, {package.name}")


def take_steps(folder: Path, root: Path, steps: tuple[Step, ...], title: str) -> bool:
    """Boot what lies in `root`, take the steps until one fails, and print what each proved."""
    proven: list[tuple[str, str]] = []
    with Machine(folder, root) as machine:
        trial = Trial(machine)
        for step in steps:
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
    print(f"\n{title}")
    for name, result in proven:
        print(f"  {name:18} {result}")
    return len(proven) == len(steps) and not proven[-1][1].startswith("FAILED")


def main() -> int:
    """Try the package; exit code 1 if a step failed, 2 if this machine cannot boot one."""
    parser = argparse.ArgumentParser(prog="python -m vmtest", description=__doc__)
    parser.add_argument("--suite", default="bookworm", help="Debian's release (default: bookworm)")
    parser.add_argument("--package", type=Path, help="the .deb (default: the newest in dist/)")
    parser.add_argument(
        "--older", type=Path, help="the .deb to upgrade from (default: built from an old commit)"
    )
    asked = parser.parse_args()
    missing = find_missing_tools()
    if missing or os.geteuid() != 0 or not can_mount():
        print(f"vmtest needs root, loop devices, mmdebstrap and systemd-container; missing: {missing}")
        return 2
    package = asked.package or max((ROOT / "dist").glob("*.deb"), key=lambda file: file.stat().st_mtime)
    if not try_package(package, LIFE, asked.suite):
        return 1
    older = asked.older or find_older_package(ROOT, CACHE)
    return 0 if try_package(older, UPGRADE, asked.suite, newer=package) else 1


if __name__ == "__main__":
    sys.exit(main())
