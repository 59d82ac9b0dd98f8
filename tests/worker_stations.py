"""What a fork server imports before it forks workers (multiprocessing's `forkserver` preloads it)."""

from __future__ import annotations

import errno
import gc
from importlib import import_module
from multiprocessing import reduction

from worker_forks import STATIONS, watch_daemons

_receive_files = reduction.recvfds


def _receive_or_abort(connection, size):
    """Read a request. A daemon may be killed before it has sent it: that must not end the fork server."""
    try:
        return _receive_files(connection, size)
    except EOFError as error:
        raise ConnectionAbortedError(errno.ECONNABORTED, "the daemon is gone") from error


watch_daemons()
reduction.recvfds = _receive_or_abort
for station in STATIONS:
    import_module(station)
gc.freeze()  # or the first collection in a worker would copy all of it
