"""A cache of whitened blocks, bounded in memory and shared by the matching threads.

Matching pairs reads the same audio repeatedly: every recording is in several pairs, and every pair
is measured along several lines. All blocks of ten-minute clips fit; of hour-long clips the most
recently used blocks stay. The cache never changes a result, only how often a block is computed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock

import numpy as np
from numpy.typing import NDArray

Block = NDArray[np.int16]

MAX_CACHE_BYTES = 88 << 20
"""Bytes. Measured: three angles of ten minutes in stereo, at both rates, take 82 MiB; of an hour in mono, the
lower rate alone takes as much. With less, ten-minute sessions whiten blocks twice."""
_STREAMING_CACHE_BYTES = 24 << 20
"""Bytes, for recordings that are too long to fit. Measured on four hours: 41 s with this and with the full
size. More is memory without effect; far less separates pairs that are searched at the same time."""


def choose_cache_bytes(single_read_bytes: int) -> int:
    """Return the cache size when the search reads `single_read_bytes` once for each pair.

    Blocks of recordings that do not fit are evicted before the next pair asks for them. Then only
    pairs that are searched at the same time share blocks, and a small cache is enough for that.
    """
    return MAX_CACHE_BYTES if single_read_bytes <= MAX_CACHE_BYTES else _STREAMING_CACHE_BYTES


class BlockCache:
    """The most recently used blocks, up to `max_bytes` bytes; safe for use from several threads."""

    def __init__(self, max_bytes: int = MAX_CACHE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._blocks: OrderedDict[Hashable, Future[Block]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, build: Callable[[], Block]) -> Block:
        """Return the block of `key`; call `build` if it is not cached.

        Threads that ask for a block that is being built wait for it. When `build` raises, every
        waiting thread gets that exception and nothing is cached.
        """
        with self._lock:
            cached = self._blocks.get(key)
            if cached is not None:
                self._blocks.move_to_end(key)
            else:
                future = self._blocks[key] = Future()
        if cached is not None:
            return cached.result()
        self._build_block(key, future, build)
        return future.result()

    def _build_block(self, key: Hashable, future: Future[Block], build: Callable[[], Block]) -> None:
        try:
            block = build()
        except BaseException as error:
            with self._lock:
                del self._blocks[key]
            future.set_exception(error)
            raise
        future.set_result(block)
        with self._lock:
            self._bytes += block.nbytes
            self._evict_oldest()

    def _evict_oldest(self) -> None:
        """Drop the least recently used blocks; blocks still being built have no size yet and stay."""
        while self._bytes > self._max_bytes:
            oldest = next(key for key, block in self._blocks.items() if block.done())
            self._bytes -= self._blocks.pop(oldest).result().nbytes
