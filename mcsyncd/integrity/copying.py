"""Copying a file and hashing both what was read and what the disk returns."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator

from mcsyncd.integrity.disk_errors import name_descriptor

_CHUNK_BYTES = 4 << 20
"""Bytes read at once. Judgement: 4 MiB keeps the number of system calls small; larger only costs memory."""


def copy_and_hash(
    source: int, copy: int, report_bytes: Callable[[int], None] | None = None
) -> tuple[str, int]:
    """Copy the open file `source` into `copy` from its start, reading it once.

    Returns the sha256 (hex) and the number of bytes of what was read. `report_bytes` is called with
    the bytes done so far. Uses plain reads and writes, not copy_file_range, so that the hash is that
    of the bytes that were copied. Raises OSError.
    """
    digest, done = hashlib.sha256(), 0
    for chunk in read_chunks(source):
        digest.update(chunk)
        write_all(copy, chunk)
        done += len(chunk)
        if report_bytes is not None:
            report_bytes(done)
    return digest.hexdigest(), done


def write_all(descriptor: int, data: memoryview) -> None:
    """Write all of `data` at the file's position. Raises OSError, which names the file."""
    with name_descriptor(descriptor):
        while data:
            data = data[os.write(descriptor, data) :]


def flush_and_hash(descriptor: int, report_bytes: Callable[[int], None] | None = None) -> str:
    """Flush a file, drop it from the page cache, and return the sha256 of what is on the disk.

    If it were still cached, a comparison would compare memory with itself. `report_bytes` is called with the
    bytes read so far.
    """
    with name_descriptor(descriptor):
        os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    return compute_sha256(descriptor, report_bytes)


def compute_sha256(descriptor: int, report_bytes: Callable[[int], None] | None = None) -> str:
    """Return the sha256 of a whole open file, whatever its current position."""
    digest, done = hashlib.sha256(), 0
    for chunk in read_chunks(descriptor):
        digest.update(chunk)
        done += len(chunk)
        if report_bytes is not None:
            report_bytes(done)
    return digest.hexdigest()


def read_chunks(descriptor: int, start: int = 0, length: int | None = None) -> Iterator[memoryview]:
    """Yield a file, or `length` bytes of it from `start` on, in chunks: less if it ends before.

    Each is in the same buffer, so that memory stays constant.
    """
    buffer = memoryview(bytearray(_CHUNK_BYTES if length is None else max(1, min(_CHUNK_BYTES, length))))
    position, end = start, None if length is None else start + length
    while end is None or position < end:
        count = _read_into(descriptor, buffer if end is None else buffer[: end - position], position)
        if not count:
            return
        position += count
        yield buffer[:count]


def _read_into(descriptor: int, buffer: memoryview, position: int) -> int:
    with name_descriptor(descriptor):
        return os.preadv(descriptor, [buffer], position)
