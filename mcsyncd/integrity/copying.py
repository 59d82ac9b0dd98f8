"""Copying so that the copy is proven: what was read, what was written, what the disk gives back."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator

_CHUNK = 4 << 20


def pour(source: int, copy: int, progress: Callable[[int], None] | None = None) -> tuple[str, int]:
    """Copy one open file into another, both from their start, in one read.

    Returns sha256 and size of what was read. `progress` is called with the bytes done. Plain
    reads and writes, not copy_file_range: the hash must be of the bytes that went through.
    """
    digest, done = hashlib.sha256(), 0
    for chunk in _chunks(source):
        digest.update(chunk)
        written = 0
        while written < len(chunk):
            written += os.write(copy, chunk[written:])
        done += len(chunk)
        if progress is not None:
            progress(done)
    return digest.hexdigest(), done


def read_back(descriptor: int) -> str:
    """Flush a file, drop it from the cache, and return the sha256 of what the disk holds of it.

    Without dropping the cache the comparison would be of memory with itself.
    """
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    return sha256_of(descriptor)


def sha256_of(descriptor: int) -> str:
    """Return the sha256 of an open file, wherever its position is."""
    digest = hashlib.sha256()
    for chunk in _chunks(descriptor):
        digest.update(chunk)
    return digest.hexdigest()


def _chunks(descriptor: int) -> Iterator[memoryview]:
    """Yield a file from its start in chunks, all in one buffer."""
    buffer = memoryview(bytearray(_CHUNK))
    at = 0
    while got := os.preadv(descriptor, [buffer], at):
        at += got
        yield buffer[:got]
