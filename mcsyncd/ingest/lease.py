"""Asking the kernel whether somebody on this machine still has a file open for writing.

A read lease (`F_SETLEASE`, `F_RDLCK`) is refused with EAGAIN while any process has the file open
for writing, a shared memory mapping whose descriptor is long closed included; readers do not
disturb it. With a quiet time of 2 s it cut the half files among seven ways of copying from three
to one. Listing other processes' descriptors instead needs the rights of a debugger.
"""

from __future__ import annotations

import errno
import fcntl
import signal
from enum import StrEnum


class WriterStatus(StrEnum):
    """What the kernel says of a file's writers."""

    NONE = "none"
    """Nobody here writes to it. No proof on a network share, where writers elsewhere are not known."""
    SOME = "some"
    """A process of this machine may still write to it: that is a proof."""
    UNKNOWN = "unknown"
    """Somebody else's file without CAP_LEASE, or a filesystem without leases."""


def query_writers(descriptor: int) -> WriterStatus:
    """Ask about a file that is open for reading.

    The lease is taken and given back at once: while it is held, a writer that opens has to wait.
    """
    try:
        # That writer's open is signalled to us. SIGIO, the default, would end the process;
        # SIGURG is ignored by default.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as refused:
        return WriterStatus.SOME if refused.errno == errno.EAGAIN else WriterStatus.UNKNOWN
    return WriterStatus.NONE
