"""A call in an encoder's process on this machine: the same command that machines run for theirs.

So a segment that no machine is left for is contained, too, and a codec that crashes ends this call alone.
"""

from __future__ import annotations

import asyncio

from mcsyncd.workers.encoder_process import read_answer, start_encoder


async def perform_here(call: bytes) -> bytes:
    """Do a pickled call, `(function, argument, limit)`, and return its pickled result.

    Raises what the function raises, and EncoderDied. The process ends if nobody waits any more.
    """
    with start_encoder() as encoder:  # by the loop's own thread: the process ends with it
        answer, _ = await asyncio.to_thread(encoder.communicate, call)
    return read_answer(encoder, answer)
