"""Calls that block in the kernel: the loop runs on, callers get the last answer or a clear refusal."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest

from mcsyncd.daemon.bounded_calls import BlockingCalls, CachedLookup, run_in_thread
from mcsyncd.errors import Unavailable


@pytest.fixture
def gate():
    """An event that blocks calls until the test is over."""
    opened = threading.Event()
    yield opened
    opened.set()


def time_out():
    raise TimeoutError("its own")


async def test_a_call_returns_its_value_and_raises_its_error():
    calls = BlockingCalls()
    assert await calls.run(lambda: 7, "the disk") == 7
    with pytest.raises(FileNotFoundError):
        await calls.run(Path("/nonexistent").read_bytes, "the disk")
    with pytest.raises(TimeoutError, match="its own"):
        await calls.run(time_out, "the disk")


async def test_a_call_that_blocks_is_given_up_in_time(gate):
    began = time.monotonic()
    with pytest.raises(Unavailable, match="the disk has not answered"):
        await BlockingCalls().run(gate.wait, "the disk", limit_s=0.05)
    assert time.monotonic() - began < 1


async def test_blocked_calls_are_bounded_and_released(gate):
    calls = BlockingCalls(max_stuck=2)
    for _ in range(2):
        with pytest.raises(Unavailable):
            await calls.run(gate.wait, "the disk", limit_s=0.01)
    threads = threading.active_count()
    with pytest.raises(Unavailable, match="does not answer"):
        await calls.run(lambda: 7, "the disk")
    assert threading.active_count() == threads
    gate.set()
    await asyncio.sleep(0.1)
    assert await calls.run(lambda: 7, "the disk") == 7


async def test_a_lookup_gives_its_last_answer_while_it_is_slow(gate):
    answers = iter([lambda: "first", gate.wait])

    def look_up():
        return next(answers)()

    lookup = CachedLookup(look_up)
    first = await lookup.ask(1.0)
    assert first.value == "first"
    assert await lookup.ask(0.05) == first


async def test_a_slow_lookup_is_joined_by_all_callers_and_has_no_answer_before_its_first(gate):
    asked = []
    lookup = CachedLookup(lambda: asked.append(1) or gate.wait(10))
    assert await asyncio.gather(*(lookup.ask(0.05) for _ in range(20))) == [None] * 20
    assert asked == [1]
    gate.set()
    assert (await lookup.ask(1.0)).value is True


async def test_the_age_of_an_answer_counts_from_the_question():
    for _ in range(50):
        answer = await CachedLookup(time.monotonic).ask(10.0)
        assert answer.asked_at <= answer.value, "asked after the call had begun"


async def test_a_lookup_that_fails_says_so_and_is_asked_again():
    answers = iter([OSError("no database"), None])

    def look_up():
        if (error := next(answers)) is not None:
            raise error
        return "found"

    lookup = CachedLookup(look_up)
    with pytest.raises(OSError, match="no database"):
        await lookup.ask(1.0)
    assert (await lookup.ask(1.0)).value == "found"


async def test_the_thread_of_a_call_does_not_hold_up_a_stop(gate):
    run_in_thread(gate.wait)
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "blocking-call")
