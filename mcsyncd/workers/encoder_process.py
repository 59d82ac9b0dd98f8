"""The process that does one call, seen from who starts it: a worker of a machine, or the job itself.

It is a command, not a fork or a spawn of who starts it: it loads none of dask (measured: 0.2 s instead of
2), and may run below a nanny.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class EncoderDied(Exception):
    """The process of a call ended without a result: a codec crashed, or the kernel wanted its memory."""


@contextmanager
def start_encoder() -> Iterator[subprocess.Popen[bytes]]:
    """Start a process that reads a call (`remote_encoder.py`). It is killed if the block does not end well.

    It also ends with the thread that started it.
    """
    command = [sys.executable, "-P", "-m", "mcsyncd.workers.remote_encoder"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as encoder:  # noqa: S603  # our own module
        try:
            yield encoder
        except BaseException:
            encoder.kill()
            raise


def read_answer(encoder: subprocess.Popen[bytes], answer: bytes) -> bytes:
    """Return the pickled result in an encoder's answer once it ended; raises its error, or EncoderDied."""
    if encoder.returncode != 0:
        raise EncoderDied(f"the encoder died with code {encoder.returncode}")
    made, error = pickle.loads(answer)  # noqa: S301  # from our own process
    if error is not None:
        raise error
    result: bytes = made
    return result
