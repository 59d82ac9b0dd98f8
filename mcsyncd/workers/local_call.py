"""A call in an encoder's process on this machine: the same command that machines run for theirs.

So a segment that no machine is left for is contained, too, and a codec that crashes ends this call alone.
"""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys


class LocalEncoderDied(Exception):
    """The process of a call ended without a result: a codec crashed, or the kernel wanted its memory."""


async def perform_here(call: bytes) -> bytes:
    """Do a pickled call, `(function, argument, limit)`, and return its pickled result.

    Raises what the function raises, and LocalEncoderDied. The process ends if nobody waits any more.
    """
    command = [sys.executable, "-P", "-m", "mcsyncd.workers.remote_encoder"]
    # Started by the loop's own thread: the process ends with the thread that started it.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as encoder:  # noqa: ASYNC220, S603  # takes milliseconds; our own module
        try:
            answer, _ = await asyncio.to_thread(encoder.communicate, call)
        except BaseException:
            encoder.kill()
            raise
    if encoder.returncode != 0:
        raise LocalEncoderDied(f"the encoder died with code {encoder.returncode}")
    made, error = pickle.loads(answer)  # noqa: S301  # from our own process
    if error is not None:
        raise error
    result: bytes = made
    return result
