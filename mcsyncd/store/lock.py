"""The lock of a state folder: one process at a time has its ledger open."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcsyncd.errors import McsyncError


@contextmanager
def lock_state_folder(state: Path) -> Iterator[None]:
    """Hold the state folder's lock. Raises McsyncError, naming the process, if a daemon holds it."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = lock_folder(state)
    try:
        yield
    finally:
        os.close(lock)


def lock_folder(state: Path) -> int:
    """Lock the state folder. Raises McsyncError, naming the process, if another daemon has it locked."""
    lock = os.open(state / "daemon.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(lock, 32).decode("ascii", "replace").strip() or "unknown"
        os.close(lock)
        raise McsyncError(
            f"{state}: another daemon (process {holder}) has this ledger open",
            "stop it, or set another paths.state",
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock
