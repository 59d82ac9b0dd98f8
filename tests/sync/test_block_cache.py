"""Whitened blocks are built once, and the cache is bounded."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import numpy as np
import pytest

from mcsyncd.sync.block_cache import MAX_CACHE_BYTES, BlockCache, choose_cache_bytes


def block(value, samples=50):
    return np.full(samples, value, np.int16)


def test_a_block_is_built_once_and_then_cached():
    cache, built = BlockCache(), []
    for _ in range(3):
        assert cache.get("a", lambda: built.append(1) or block(7))[0] == 7
    assert built == [1]


def test_threads_that_want_the_same_block_wait_for_one_build():
    cache, built, together, go = BlockCache(), [], Barrier(4, timeout=5), Event()

    def build():
        built.append(1)
        assert go.wait(5)
        return block(7)

    def ask(_):
        together.wait()
        return cache.get("a", build)[0]

    with ThreadPoolExecutor(4) as threads:
        answers = threads.map(ask, range(4))
        go.set()
        assert list(answers) == [7] * 4
    assert built == [1]


def test_the_least_recently_used_block_is_evicted_first():
    cache, built = BlockCache(max_bytes=2 * block(0).nbytes), []

    def get(key):
        return cache.get(key, lambda: built.append(key) or block(0))

    for key in "abaca":
        get(key)
    assert built == ["a", "b", "c"]
    get("b")
    assert built == ["a", "b", "c", "b"]


def test_a_block_that_failed_to_build_is_built_again():
    cache = BlockCache()

    def fail():
        raise MemoryError

    with pytest.raises(MemoryError):
        cache.get("a", fail)
    assert cache.get("a", lambda: block(3))[0] == 3


def test_the_cache_is_small_where_blocks_are_evicted_before_their_next_use():
    assert choose_cache_bytes(MAX_CACHE_BYTES) == MAX_CACHE_BYTES
    assert choose_cache_bytes(MAX_CACHE_BYTES + 1) < MAX_CACHE_BYTES / 2
