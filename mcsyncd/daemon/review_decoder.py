"""Decoding for the review, in a worker process of its own and within a time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from typing import TypeVar

from mcsyncd.daemon.worker_process import WorkerProcess, WorkerProfile
from mcsyncd.errors import BadMedia, Unavailable

T = TypeVar("T")

DECODE_LIMIT_S = 25.0
"""Seconds after which a decoder is killed, with the time that the call waited for its turn.
Judgement: below the client's limit of 30 s, or nobody is there to read the refusal."""


class ReviewDecoder:
    """Runs one decoding call at a time: the daemon itself never decodes.

    A decoder that hangs or crashes is killed, and must not be in the middle of somebody else's call.
    """

    def __init__(self, *preloaded: str) -> None:
        """`preloaded` are the modules that decode: imported once, not for each call."""
        self._process = WorkerProcess(WorkerProfile(preloaded=preloaded))
        self._lock = asyncio.Lock()

    async def run(self, what: str, call: Callable[..., T], *arguments: object) -> T:
        """Return what `call` returns in the process, or raise what it raises. `what` names it in errors.

        Raises Unavailable if that takes longer than `DECODE_LIMIT_S`, BadMedia if the process crashes.
        """
        try:
            return await asyncio.wait_for(self._run_in_turn(call, *arguments), DECODE_LIMIT_S)
        except TimeoutError:
            raise Unavailable(
                f"{what} was not decoded within {DECODE_LIMIT_S:.0f} s",
                "check the disk of the work folder, then ask for it again",
            ) from None
        except BrokenExecutor:
            raise BadMedia(f"{what}: the decoder crashed", "see `journalctl -u mcsyncd`") from None

    async def _run_in_turn(self, call: Callable[..., T], *arguments: object) -> T:
        async with self._lock:
            try:
                return await self._process.run(call, *arguments)
            except (asyncio.CancelledError, BrokenExecutor):
                self._process.end()
                raise

    def end(self) -> None:
        """Kill the process; the next call starts a new one."""
        self._process.end()
