"""Starts daemons by forking a process that has imported everything, so that a start costs no imports.

Run with the folder of each daemon on a line of standard input; the daemon's process id comes back. Only
the way in which processes start differs from `mcsyncd run`: workers are forked from multiprocessing's fork
server, and because that is their parent, each watches the daemon itself in order to die with it.
"""

from __future__ import annotations

import ctypes
import gc
import os
import select
import signal
import sys
from contextlib import suppress
from functools import partial
from importlib import import_module
from multiprocessing import context, forkserver, get_context, set_forkserver_preload
from pathlib import Path
from threading import Thread

from mcsyncd.cli.main import root_command
from mcsyncd.daemon import service, worker_pool, worker_process
from mcsyncd.model import decide
from mcsyncd.workers import process

_STATIONS = (
    "mcsyncd.ingest.offload",
    "mcsyncd.integrity.hashing",
    "mcsyncd.probe.probe",
    "mcsyncd.listen.analysis",
    "mcsyncd.sync.solve",
    "mcsyncd.conform.conform",
    "mcsyncd.workers.publishing",
    "mcsyncd.publish.local",
    "mcsyncd.workers.derived_files",
    "mcsyncd.workers.solver_input",
)
"""What workers import when they need it."""


def die_with_daemon(pid: int) -> None:
    """Kill this process when the daemon ends, as the kernel does with the child of a daemon."""
    try:
        daemon = os.pidfd_open(pid)
    except ProcessLookupError:
        os._exit(1)

    def wait() -> None:
        select.select([daemon], [], [])
        os.kill(os.getpid(), signal.SIGKILL)

    Thread(target=wait, daemon=True).start()


def serve_forks() -> None:
    """Fork a daemon for each folder on standard input."""
    set_forkserver_preload([Path(__file__).stem])
    forkserver.ensure_running()
    print(forkserver._forkserver._forkserver_pid, flush=True)  # noqa: T201  # the answer
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
    forkserver._forkserver.ensure_running = lambda: None  # it runs, though it is not this process's child
    worker_process.get_context = partial(_get_fork_context)
    root_command.main(["--config", str(home / "config.yaml"), "run"], prog_name="mcsyncd")


def _get_fork_context(_method: str) -> context.BaseContext:
    return get_context("forkserver")


def start_no_worker(_: worker_pool.WorkerPool) -> None:
    """Leave a worker to the first job that needs it: a daemon that is killed at once needs none."""


worker_pool.WorkerPool.warm_up = start_no_worker
process.die_with_parent = die_with_daemon  # here and, because it is preloaded, in the fork server
for station in (
    _STATIONS if __name__ == Path(__file__).stem else (*_STATIONS[:2], "aiohttp", service.__name__)
):
    import_module(station)
gc.freeze()  # or the first collection in a child would copy all of it
if __name__ == "__main__":
    if "MCSYNC_BACKOFF_S" in os.environ:
        decide.BACKOFF_S = (float(os.environ["MCSYNC_BACKOFF_S"]),)
    serve_forks()
