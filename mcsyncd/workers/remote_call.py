"""What runs in a machine's worker: it gives a call to a process of its own, which it ends if nobody waits.

A codec that crashes then ends one attempt, not the worker; and an encoder that is not needed any more stops
at once, which a thread could not.
"""

from __future__ import annotations

import subprocess

from distributed import get_worker
from distributed.core import Status
from distributed.worker import Worker, thread_state

from mcsyncd.workers.encoder_process import read_answer, start_encoder

_LOOK_S = 0.5
"""Seconds between two looks whether the result is still wanted: as long an encoder runs on for nobody."""


class NobodyWaits(Exception):
    """The result of a call is not wanted any more."""


def perform_remotely(call: bytes) -> bytes:
    """Do a pickled call, `(function, argument, limit)`, and return its pickled result.

    No file that it writes may have more bytes than the limit: OSError (EFBIG).

    The scheduler and the worker see bytes only, so neither loads a codec. Raises what the function raises,
    EncoderDied, and NobodyWaits, which nobody sees.
    """
    worker, key = get_worker(), thread_state.key
    with start_encoder() as encoder:
        answer = _await_answer(encoder, call, worker, key)
    return read_answer(encoder, answer)


def _await_answer(encoder: subprocess.Popen[bytes], call: bytes, worker: Worker, key: object) -> bytes:
    left: bytes | None = call
    while True:
        try:
            return encoder.communicate(left, timeout=_LOOK_S)[0]
        except subprocess.TimeoutExpired:
            left = None  # it goes on with what it has taken
            if not _is_wanted(worker, key):
                raise NobodyWaits(str(key)) from None


def _is_wanted(worker: Worker, key: object) -> bool:
    """Tell whether the scheduler still wants a call: dask only marks what was cancelled."""
    task = worker.state.tasks.get(key)
    return worker.status in {Status.running, Status.paused} and task is not None and task.state == "executing"
