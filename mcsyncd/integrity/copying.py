"""Copying so that the copy is proven: what was read, what was written, what the disk gives back."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator

_CHUNK_BYTES = 4 << 20


def copy_and_hash(
    source: int, copy: int, report_bytes: Callable[[int], None] | None = None
) -> tuple[str, int]:
    """Copy one open file into another, both from their start, in one read.

    Returns sha256 and size of what was read. `progress` is called with the bytes done. Plain
    reads and writes, not copy_file_range: the hash must be of the bytes that went through.
    """
    digest, done = hashlib.sha256(), 0
    for chunk in _read_chunks(source):
        digest.update(chunk)
        written = 0
        while written < len(chunk):
            written += os.write(copy, chunk[written:])
        done += len(chunk)
        if report_bytes is not None:
            report_bytes(done)
    return digest.hexdigest(), done


def flush_and_hash(descriptor: int) -> str:
    """Flush a file, drop it from the cache, and return the sha256 of what the disk holds of it.

    Without dropping the cache the comparison would be of memory with itself.
    """
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    return compute_sha256(descriptor)


def compute_sha256(descriptor: int) -> str:
    """Return the sha256 of an open file, wherever its position is."""
    digest = hashlib.sha256()
    for chunk in _read_chunks(descriptor):
        digest.update(chunk)
    return digest.hexdigest()


def _read_chunks(descriptor: int) -> Iterator[memoryview]:
    """Yield a file from its start in chunks, all in one buffer."""
    buffer = memoryview(bytearray(_CHUNK_BYTES))
    at = 0
    while got := os.preadv(descriptor, [buffer], at):
        at += got
        yield buffer[:got]
