"""Starts real daemons quickly, below a library that kills them at a system call and sets their wall clock.

The library is `daemon_shim.c`, preloaded into the daemon and its workers. Daemons are forked from a process
that has imported everything (`forked_daemon.py`), so that a start costs a tenth of a second.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from line import ROOT

HERE = Path(__file__).parent
_STATE = "MCSYNC_SHIM_STATE"
"""The variable that names the file of the shared state."""


class Shim(ctypes.Structure):
    """The state of `daemon_shim.c`, in memory that all processes share."""

    _fields_ = (
        ("calls", ctypes.c_long),
        ("kill_at", ctypes.c_long),
        ("wall_offset_us", ctypes.c_long),
        ("leader", ctypes.c_int),
        ("only_workers", ctypes.c_int),
        ("skip_writes", ctypes.c_int),
        ("dead", ctypes.c_int),
        ("root", ctypes.c_char * 4096),
        ("killed", ctypes.c_char * (4096 + 32)),
    )

    @classmethod
    def attach(cls, environ: Mapping[str, str] = os.environ) -> Shim:
        """Return the state that the processes of that environment share."""
        with Path(environ[_STATE]).open("r+b") as file:
            return cls.from_buffer(mmap.mmap(file.fileno(), 0))


def build_environ(folder: Path) -> dict[str, str]:
    """Build the library in a folder; return the environment of the processes that it watches."""
    folder.mkdir(parents=True, exist_ok=True)
    library, state = folder / "daemon_shim.so", folder / "shim_state"
    source = HERE / "daemon_shim.c"
    subprocess.run([find_compiler(), "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    state.write_bytes(bytes(ctypes.sizeof(Shim)))
    return os.environ | {
        "LD_PRELOAD": str(library),
        _STATE: str(state),
        "PYTHONPATH": f"{ROOT}:{HERE}",
        # Whoever is killed gives no semaphore back; multiprocessing says so, and does it.
        "PYTHONWARNINGS": "ignore::UserWarning:multiprocessing.resource_tracker",
    }


def find_compiler() -> str | None:
    """Return a C compiler, if there is one."""
    return shutil.which("gcc") or shutil.which("cc")


@dataclass(frozen=True)
class Kill:
    """When a daemon is killed: before a call (0: at none), or after some seconds.

    `count_writes` counts the pages that are written to the ledger, too; `only_workers` kills the worker that
    makes the call, and not the daemon.
    """

    at_call: int = 0
    after_s: float | None = None
    count_writes: bool = False
    only_workers: bool = False


class Nursery:
    """Starts daemons that `shim` can kill and whose wall clock it sets; it counts what they change."""

    def __init__(self, folder: Path, *, backoff_s: float | None = None) -> None:
        environ = build_environ(folder)
        self.shim = Shim.attach(environ)
        if backoff_s is not None:
            environ["MCSYNC_BACKOFF_S"] = str(backoff_s)
        self._forks = subprocess.Popen(
            [sys.executable, HERE / "forked_daemon.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environ,
        )
        self._fork_server = int(self._forks.stdout.readline())

    def close(self) -> None:
        """End all processes."""
        self._forks.stdin.close()
        self._forks.wait(20)
        self._forks.stdout.close()

    def start(self, home: Path, kill: Kill) -> int:
        """Start a daemon and return its process id."""
        self.wait_for_workers()
        self.shim.leader = self.shim.dead = self.shim.calls = 0
        self.shim.killed = b""
        self.shim.kill_at, self.shim.only_workers = kill.at_call, kill.only_workers
        self.shim.skip_writes = not kill.count_writes
        self.shim.root = str(home).encode()
        print(home, file=self._forks.stdin, flush=True)
        return int(self._forks.stdout.readline())

    @property
    def clock_offset(self) -> timedelta:
        """By how much the daemons' wall clock is ahead."""
        return timedelta(microseconds=self.shim.wall_offset_us)

    def set_clock(self, offset: timedelta) -> None:
        """Set the wall clock of the daemons that run, and of those that start."""
        self.shim.wall_offset_us = offset // timedelta(microseconds=1)

    def wait_for_workers(self) -> None:
        """Wait until no worker of an earlier daemon is left."""
        children = Path(f"/proc/{self._fork_server}/task/{self._fork_server}/children")
        while children.read_text().split():
            time.sleep(0.002)


@contextmanager
def open_nursery(folder: Path, *, backoff_s: float | None = None) -> Iterator[Nursery]:
    """Open a nursery and end all its processes in the end.

    `backoff_s` is how long a failed job waits; None is as long as it does without a test.
    """
    nursery = Nursery(folder, backoff_s=backoff_s)
    try:
        yield nursery
    finally:
        nursery.close()
