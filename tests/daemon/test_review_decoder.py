"""What decodes for the review: one call at a time, killed when it hangs, and fresh for the next one."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from mcsyncd.daemon import review_decoder
from mcsyncd.daemon.review_decoder import ReviewDecoder
from mcsyncd.errors import BadMedia, Unavailable


@pytest.fixture
def decoder():
    made = ReviewDecoder()
    yield made
    made.end()


async def test_a_call_that_hangs_is_killed_and_the_next_one_is_answered(decoder, monkeypatch):
    hanging = await decoder.run("it", os.getpid)
    monkeypatch.setattr(review_decoder, "DECODE_LIMIT_S", 0.5)
    with pytest.raises(Unavailable, match="cam_b/C1: the frame was not decoded within"):
        await decoder.run("cam_b/C1: the frame", time.sleep, 600)
    monkeypatch.undo()
    assert await decoder.run("it", os.getpid) != hanging
    for _ in range(100):
        try:
            os.kill(hanging, 0)
        except ProcessLookupError:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the process that hung is still there")


async def test_a_crash_is_named_and_costs_one_call(decoder):
    with pytest.raises(BadMedia, match="cam_b/C1: the decoder crashed"):
        await decoder.run("cam_b/C1", os._exit, 11)
    assert await decoder.run("it", abs, -3) == 3


async def test_calls_take_turns_and_one_that_is_given_up_while_it_waits_disturbs_nobody(decoder):
    await decoder.run("it", os.getpid)
    first = asyncio.create_task(decoder.run("first", time.sleep, 0.5))
    await asyncio.sleep(0.1)
    second = asyncio.create_task(decoder.run("second", time.sleep, 600))
    await asyncio.sleep(0.1)
    second.cancel()
    await first
    assert await decoder.run("it", abs, -3) == 3
