"""What a working process asks of the system for itself."""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_MAX_HEAP_ARRAY_BYTES = 8 << 20
"""What is larger is rare, and leaves gaps on the heap that nothing fits into: with 32 MiB, the most that
glibc takes, four hours needed 23 MB more. With 3 the system's share of the time was 20 times as large."""
_TRIM_THRESHOLD_BYTES = 512 << 20

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent_pid: int) -> None:
    """Let the system kill this process when the one that started it, `parent`, has ended.

    An orphan would go on writing next to the worker that a restarted parent sends out.
    """
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(1)  # it ended before the line above


def keep_freed_memory() -> None:
    """Let the C library keep what arrays free, in one heap for all threads, until `give_back`.

    Else every array of megabytes is fetched from the system and cleared anew: a million page faults
    and 3 of 11 CPU-s in the alignment of three hours, 40 % of its time on the wall with two threads
    (and a heap for each thread held 30 MB more). See mallopt(3); other libraries than glibc have none.
    """
    if hasattr(_libc, "mallopt"):
        _libc.mallopt(_M_MMAP_THRESHOLD, _MAX_HEAP_ARRAY_BYTES)
        _libc.mallopt(_M_TRIM_THRESHOLD, _TRIM_THRESHOLD_BYTES)
        _libc.mallopt(_M_ARENA_MAX, 1)


def release_freed_memory() -> None:
    """Return to the system what `keep_freed_memory` kept: a worker that waits should hold nothing."""
    if hasattr(_libc, "malloc_trim"):
        _libc.malloc_trim(0)
