"""Blocks are made once, and only so many are kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import numpy as np
import pytest

from mcsyncd.sync.block_cache import MAX_CACHE_BYTES, BlockCache, choose_cache_bytes


def block(value, samples=50):
    return np.full(samples, value, np.int16)


def test_a_block_is_made_once_and_then_kept():
    kept, made = BlockCache(), []
    for _ in range(3):
        assert kept.get("a", lambda: made.append(1) or block(7))[0] == 7
    assert made == [1]


def test_threads_that_want_the_same_block_wait_for_one_maker():
    kept, made, together, go = BlockCache(), [], Barrier(4, timeout=5), Event()

    def make():
        made.append(1)
        assert go.wait(5)
        return block(7)

    def ask(_):
        together.wait()
        return kept.get("a", make)[0]

    with ThreadPoolExecutor(4) as threads:
        answers = threads.map(ask, range(4))
        go.set()
        assert list(answers) == [7] * 4
    assert made == [1]


def test_the_block_used_longest_ago_goes_first():
    kept, made = BlockCache(max_bytes=2 * block(0).nbytes), []

    def get(key):
        return kept.get(key, lambda: made.append(key) or block(0))

    for key in "abaca":
        get(key)
    assert made == ["a", "b", "c"]
    get("b")
    assert made == ["a", "b", "c", "b"]


def test_a_block_that_could_not_be_made_is_tried_again():
    kept = BlockCache()

    def fail():
        raise MemoryError

    with pytest.raises(MemoryError):
        kept.get("a", fail)
    assert kept.get("a", lambda: block(3))[0] == 3


def test_little_is_kept_of_what_is_gone_before_it_is_asked_for_again():
    assert choose_cache_bytes(MAX_CACHE_BYTES) == MAX_CACHE_BYTES
    assert choose_cache_bytes(MAX_CACHE_BYTES + 1) < MAX_CACHE_BYTES / 2
