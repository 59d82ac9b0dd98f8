"""What a worker process sets up with the operating system: its limits, its priority and its heap."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_PR_SET_PDEATHSIG = 1
"""prctl(2): the option that sets the signal a process gets when its parent ends."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""mallopt(3): numbers of the options, from glibc's malloc.h."""
_MAX_ADDRESS_SPACE_BYTES = 8 << 30
"""Judgement: several times what a 4K conform job holds in memory (1075 MiB, docs/performance.md), because
address space counts mapped files, too. Lower, and large clips fail; without it, a hostile file can
exhaust the machine's memory."""
DEFAULT_NICENESS = 5
"""Judgement: workers yield to the daemon's event loop, which must answer while they are busy."""
_MAX_HEAP_ARRAY_BYTES = 8 << 20
"""Arrays up to this size are kept on the heap. Measured: larger ones are rare and leave gaps that nothing
fits into (with 32 MiB, the most that glibc accepts, four hours of session needed 23 MB more); with
3 MiB, the system's share of the time was 20 times as large."""

_TRIM_THRESHOLD_BYTES = 512 << 20
"""Free heap that is kept before it goes back to the system. Judgement: more than a worker frees during one
job; lower, memory is fetched and cleared again within a job, which is what this must prevent."""

_libc = ctypes.CDLL(None, use_errno=True)
"""The C library that Python itself runs on."""


def limit_worker(parent_pid: int, niceness: int = DEFAULT_NICENESS) -> None:
    """Prepare this process for work on untrusted media on behalf of `parent_pid`.

    It dies with its parent, yields to other processes, leaves no core files and cannot exhaust the
    machine's memory. Ctrl-C reaches the parent alone, which ends its workers itself.
    """
    die_with_parent(parent_pid)
    keep_freed_memory()
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.nice(niceness)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # footage must not lie about in core files
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = (
        _MAX_ADDRESS_SPACE_BYTES if hard == resource.RLIM_INFINITY else min(hard, _MAX_ADDRESS_SPACE_BYTES)
    )
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


@contextmanager
def limit_output(max_bytes: int) -> Iterator[None]:
    """Have the kernel refuse, with EFBIG, to let this process write a file of more than `max_bytes`.

    The limit is the whole process's: nothing is limited in a thread that shares its process with other jobs.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    limit = max_bytes if hard == resource.RLIM_INFINITY else min(max_bytes, hard)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))  # Python ignores the signal that comes with it
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, hard))


def die_with_parent(parent_pid: int) -> None:
    """Have the kernel kill this process when its parent, `parent_pid`, ends.

    An orphan would keep writing next to the worker that a restarted daemon starts.
    """
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(1)  # the parent ended before the call above


def keep_freed_memory() -> None:
    """Make the C library keep freed memory in one heap for all threads, until `release_freed_memory`.

    Otherwise every array of megabytes is fetched from the system and cleared again. Measured in the
    alignment of three hours: a million page faults, 3 of 11 CPU-seconds, and 40 % of the elapsed time
    with two threads; separate heaps per thread held 30 MB more. See mallopt(3). Without glibc, nothing
    is changed.
    """
    if hasattr(_libc, "mallopt"):
        _libc.mallopt(_M_MMAP_THRESHOLD, _MAX_HEAP_ARRAY_BYTES)
        _libc.mallopt(_M_TRIM_THRESHOLD, _TRIM_THRESHOLD_BYTES)
        _libc.mallopt(_M_ARENA_MAX, 1)


def release_freed_memory() -> None:
    """Return the memory that `keep_freed_memory` kept: an idle worker should hold none."""
    if hasattr(_libc, "malloc_trim"):
        _libc.malloc_trim(0)
