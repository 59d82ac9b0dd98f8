"""Workers that are forked from a process that has imported all they need, and not spawned.

Because that process is their parent and not the daemon, each watches the daemon itself in order to die
with it.
"""

from __future__ import annotations

import os
import select
import signal
from multiprocessing import context, forkserver, get_context, set_forkserver_preload
from threading import Thread

from mcsyncd.daemon import worker_process
from mcsyncd.workers import process

STATIONS = (
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


_ask_kernel_to_die_with_parent = process.die_with_parent


def start_fork_server() -> int:
    """Start the process that forks the workers of all daemons, and return its process id."""
    set_forkserver_preload(["worker_stations"])
    forkserver.ensure_running()
    return forkserver._forkserver._forkserver_pid


def fork_workers() -> None:
    """Have the daemon that this process becomes fork its workers."""
    forkserver._forkserver.ensure_running = lambda: None  # it runs, though it is not this process's child
    worker_process.get_context = _get_fork_context


def watch_daemons() -> None:
    """Have the workers of this process die with their daemon, which is not their parent."""
    process.die_with_parent = die_with_daemon


def die_with_daemon(pid: int) -> None:
    """Kill this process when the daemon ends, as the kernel does with the child of a daemon."""
    if pid == os.getppid():
        _ask_kernel_to_die_with_parent(pid)  # one of our own, which is contained
        return
    try:
        daemon = os.pidfd_open(pid)
    except ProcessLookupError:
        os._exit(1)

    def wait() -> None:
        select.select([daemon], [], [])
        os.kill(os.getpid(), signal.SIGKILL)

    Thread(target=wait, daemon=True).start()


def _get_fork_context(_method: str) -> context.BaseContext:
    return get_context("forkserver")
