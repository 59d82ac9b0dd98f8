"""The process on a machine that does one call: a command of its own, which reads the call from stdin.

It has the machine's network and the worker's user. So a clip is decoded in a fork of it that has neither.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from typing import Any

from mcsyncd.workers.process import limit_output, limit_worker

_NICENESS = 15
"""Niceness of encoders, as on the daemon's own machine."""


def main() -> None:
    """Read a pickled `(function, argument, limit)`; write `(pickled result, None)` or `(None, error)`."""
    limit_worker(os.getppid(), _NICENESS)
    call = sys.stdin.buffer.read()
    # What a library prints must not get into the answer.
    answer_to = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with os.fdopen(answer_to, "wb") as answer:
        answer.write(_perform(call))


def _perform(call: bytes) -> bytes:
    try:
        function, argument, max_bytes = pickle.loads(call)  # noqa: S301  # from our own daemon, over mutual TLS
        with limit_output(max_bytes):
            return pickle.dumps((pickle.dumps(_call(function, argument, max_bytes)), None))
    except Exception as error:  # noqa: BLE001  # the caller's, on the daemon's machine
        return _pickle_error(error)


def _call(function: Callable[[Any], Any], argument: Any, max_bytes: int) -> Any:
    """Do a call; what encodes a segment, the only one that reads a clip, contained."""
    stage = sys.modules.get("mcsyncd.conform.segment_task")
    if stage is None or function is not stage.encode_segment:
        return function(argument)
    from mcsyncd.workers.contained_segment import encode_contained  # noqa: PLC0415  # loads the codecs
    from mcsyncd.workers.sandbox.contained_call import ContainedProcessDied  # noqa: PLC0415  # and its checks

    try:
        return encode_contained(argument, max_bytes)
    except ContainedProcessDied as error:
        raise RuntimeError(f"the encoder died: {error}") from error


def _pickle_error(error: Exception) -> bytes:
    try:
        told = pickle.dumps((None, error))
        pickle.loads(told)  # noqa: S301  # some errors can be written, but not read
    except Exception:  # noqa: BLE001  # its text has to do
        return pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}")))
    return told


if __name__ == "__main__":
    main()
