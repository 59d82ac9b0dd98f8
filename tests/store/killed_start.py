"""Opens a ledger in children that are killed (SIGKILL) before their n-th change of the disk, for each n.

Run below `daemon_shim.c` with a folder of templates and a folder to work in. Prints, as JSON, how many
children were killed for each template, and a sentence for each that a later start could not open as it was.
"""

from __future__ import annotations

import ctypes
import itertools
import json
import os
import shutil
import signal
import sys
from pathlib import Path

from mcsyncd.errors import McsyncError
from mcsyncd.store.ledger import Ledger
from nursery import Shim


def main(templates: Path, place: Path) -> None:
    shim = Shim.attach()
    shim.root = str(place).encode()
    found = {}
    for template in sorted(templates.iterdir()):
        expected, faults = describe_opened(shutil.copytree(template, place / "undisturbed")), []
        shutil.rmtree(place / "undisturbed")
        for number in itertools.count(1):
            state = shutil.copytree(template, place / "state")
            status = open_in_child(shim, state, number)
            call = shim.killed.decode()
            if (now := describe_opened(state)) != expected:
                faults.append(f"killed before {call}: {now}")
            leftovers = [path.name for path in state.rglob("*") if ".part" in path.name]
            faults += [f"killed before {call}: left behind: {name}" for name in leftovers]
            shutil.rmtree(state)
            if not os.WIFSIGNALED(status):
                break
        found[template.name] = {"kills": number - 1, "faults": faults}
    print(json.dumps(found))  # noqa: T201  # the answer


def open_in_child(shim: Shim, state: Path, kill_at: int) -> int:
    shim.calls = shim.dead = 0
    shim.kill_at, shim.killed = kill_at, b""
    pid = os.fork()
    if pid == 0:
        ctypes.CDLL(None).mcsync_become_leader()
        Ledger(state, "1.0").close()
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    shim.leader = 0  # nobody is watched until the next child
    return status


def describe_opened(state: Path) -> str:
    """Open the ledger as the next start does; return what is in it, or the error."""
    try:
        with Ledger(state, "1.0") as ledger:
            head, sessions = ledger.read_head(), ledger.read_unfinished_sessions()
            return f"{head} {sessions}"
    except McsyncError as error:
        return str(error)


if __name__ == "__main__":
    signal.alarm(300)
    main(*map(Path, sys.argv[1:]))
