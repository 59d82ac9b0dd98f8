"""Whitened blocks that were made already, as many as a bound on memory allows.

Matching pairs asks for the same sound again and again: every recording is in several pairs, and
every pair is looked at along several lines. Ten-minute clips fit whole; of hours the blocks used
last are kept. What is kept never changes a digit, only how often it is worked out.
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
"""Three angles of ten minutes in stereo, at both rates, are 82 MiB; of an hour in mono, at the lower one."""
_STREAMING_CACHE_BYTES = 24 << 20


def choose_cache_bytes(single_read_bytes: int) -> int:
    """Return how much to keep, where the search reads `once_bytes` once for every pair.

    What does not fit is gone before the next pair asks for it: then only pairs that are searched side
    by side share blocks. Of four hours a quarter of the bound does as well (41 s with either).
    """
    return MAX_CACHE_BYTES if single_read_bytes <= MAX_CACHE_BYTES else _STREAMING_CACHE_BYTES


class BlockCache:
    """The blocks used last, up to `most_bytes`; threads that ask for the same one wait for one maker."""

    def __init__(self, max_bytes: int = MAX_CACHE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._blocks: OrderedDict[Hashable, Future[Block]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, build: Callable[[], Block]) -> Block:
        """Return the block of `key`, made by `make` when it is not at hand."""
        with self._lock:
            block = self._blocks.get(key)
            if block is not None:
                self._blocks.move_to_end(key)
            else:
                mine = self._blocks[key] = Future()
        if block is None:
            self._build_block(key, mine, build)
            block = mine
        return block.result()

    def _build_block(self, key: Hashable, future: Future[Block], build: Callable[[], Block]) -> None:
        try:
            made = build()
        except BaseException as error:
            with self._lock:
                del self._blocks[key]
            future.set_exception(error)
            raise
        future.set_result(made)
        with self._lock:
            self._bytes += made.nbytes
            self._evict_oldest()

    def _evict_oldest(self) -> None:
        """Let go of the blocks used longest ago; those still being made have no size yet and stay."""
        while self._bytes > self._max_bytes:
            oldest = next(key for key, block in self._blocks.items() if block.done())
            self._bytes -= self._blocks.pop(oldest).result().nbytes
