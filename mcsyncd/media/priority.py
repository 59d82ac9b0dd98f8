"""The priority of this process's threads, which a codec may raise."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_REAL_TIME = {os.SCHED_FIFO, os.SCHED_RR} if hasattr(os, "SCHED_FIFO") else set()
"""Not `batch` and `idle`: an administrator may have chosen those."""


def leave_real_time() -> None:
    """Give every thread of this process the ordinary scheduling back, if this one has lost it.

    SVT-AV1 (4.1, measured) takes the highest real-time priority where it runs as root, for its
    threads and for the one that opens it. Then an encoder is served before the daemon, the shell and whatever
    watches them, and so is every process that it starts. Who may not do so has nothing to undo.
    """
    with suppress(OSError, AttributeError):  # a contained process may not ask, and macOS has no such call
        if os.sched_getscheduler(0) in _REAL_TIME:
            for task in Path("/proc/self/task").iterdir():
                _reset_thread(int(task.name))


def _reset_thread(thread: int) -> None:
    with suppress(OSError):  # it has just ended
        if os.sched_getscheduler(thread) in _REAL_TIME:
            os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))
