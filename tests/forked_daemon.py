"""Starts daemons by forking a process that has imported everything, so that a start costs no imports.

Run with the folder of each daemon on a line of standard input; the daemon's process id comes back. Only
the way in which processes start differs from `mcsyncd run` (`worker_forks.py`).
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from worker_forks import STATIONS, fork_workers, start_fork_server

from mcsyncd.cli.main import root_command
from mcsyncd.daemon import service, worker_pool
from mcsyncd.model import decide


def serve_forks() -> None:
    """Fork a daemon for each folder on standard input."""
    print(start_fork_server(), flush=True)  # noqa: T201  # the answer
    pid = 0
    for line in sys.stdin:
        if pid:
            os.waitpid(pid, 0)  # only here: until then, nobody else gets its number
        pid = os.fork()
        if pid == 0:
            _run_daemon(Path(line.strip()))
        print(pid, flush=True)  # noqa: T201  # the answer
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _run_daemon(home: Path) -> None:
    os.setsid()
    log = os.open(home / "daemon.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, log), (2, log)):
        os.dup2(source, target)
    if "MCSYNC_SHIM_STATE" in os.environ:
        ctypes.CDLL(None).mcsync_become_leader()
    fork_workers()
    root_command.main(["--config", str(home / "config.yaml"), "run"], prog_name="mcsyncd")


def start_no_worker(_: worker_pool.WorkerPool) -> None:
    """Leave a worker to the first job that needs it: a daemon that is killed at once needs none."""


worker_pool.WorkerPool.warm_up = start_no_worker
for station in (*STATIONS[:2], "aiohttp", service.__name__):
    import_module(station)
gc.freeze()  # or the first collection in a child would copy all of it
if __name__ == "__main__":
    if "MCSYNC_BACKOFF_S" in os.environ:
        decide.BACKOFF_S = (float(os.environ["MCSYNC_BACKOFF_S"]),)
    serve_forks()
