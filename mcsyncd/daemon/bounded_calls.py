"""Blocking calls in threads, with a time limit: nothing outside the daemon stops its event loop.

A group database on a dead LDAP server or a disk behind a dead network share blocks the calling
thread in the kernel, for minutes, and cannot be cancelled. So each call gets a daemon thread of its
own, which a stop of the service does not wait for (the default executor of asyncio is joined at
exit, and a few stuck calls fill it for everybody).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from mcsyncd.errors import Unavailable

T = TypeVar("T")

log = structlog.get_logger("mcsyncd.blocking")

FILE_LIMIT_S = 10.0
"""Seconds that one request may wait for a disk.

Judgement, not measured: shorter, and a disk that wakes from standby may be reported as dead. Longer
than the client's own limit of 30 s, and the client is gone before the refusal reaches it.
"""
MAX_STUCK_CALLS = 32
"""Threads that may wait for disks at the same time.

Judgement, not measured: without a bound, clients that keep asking for a file on a dead share add a
thread with each request; with a small one, a busy screen is refused.
"""

ABANDON_S = 60.0
"""Seconds after which a lookup that has not returned is asked again.

Judgement: no working database or disk takes a minute. Longer, and nobody can approve for as long after
the database is back; shorter, and a slow one is asked twice.
"""
MAX_ABANDONED = 8
"""Lookups of one question that may hang at the same time: each holds a thread until it returns."""


def run_in_thread(call: Callable[[], T]) -> asyncio.Future[T]:
    """Start `call` in a daemon thread and return the future of its result, on the running loop."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def set_outcome(value: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(value)  # type: ignore[arg-type]  # the value of a call that raised nothing

    def run() -> None:
        value, error = None, None
        try:
            value = call()
        except BaseException as raised:  # noqa: BLE001  # raised again where the future is awaited
            error = raised
        with suppress(RuntimeError):  # the loop is closed: the service stopped without this answer
            loop.call_soon_threadsafe(set_outcome, value, error)

    threading.Thread(target=run, name="blocking-call", daemon=True).start()
    return future


def run_detached(call: Callable[[], None]) -> None:
    """Run `call` in a daemon thread that nobody waits for; an OSError is logged."""

    def run() -> None:
        try:
            call()
        except OSError as error:
            log.warning("a file operation failed", error=str(error))

    threading.Thread(target=run, name="blocking-call", daemon=True).start()


class BlockingCalls:
    """Runs blocking calls for requests, a bounded number at a time."""

    def __init__(self, max_stuck: int = MAX_STUCK_CALLS) -> None:
        self._max_stuck = max_stuck
        self._in_flight = 0

    async def run(self, call: Callable[[], T], what: str, limit_s: float = FILE_LIMIT_S) -> T:
        """Return what `call` returns, or raise what it raises.

        Raises Unavailable, naming `what`, if it takes longer than `limit_s` or if too many earlier
        calls still wait. The call itself is not cancelled.
        """
        if self._in_flight >= self._max_stuck:
            raise Unavailable(f"{what} does not answer", "check the disk or network share behind it")
        self._in_flight += 1
        future = run_in_thread(call)
        future.add_done_callback(self._release)
        await asyncio.wait((future,), timeout=limit_s)
        if not future.done():
            raise Unavailable(
                f"{what} has not answered for {limit_s:.0f} s", "check the disk or network share behind it"
            )
        return future.result()

    def _release(self, future: asyncio.Future[T]) -> None:
        self._in_flight -= 1
        future.exception()  # or asyncio logs that of a call that nobody waits for any more


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What a lookup returned, and when it was asked (seconds of the monotonic clock)."""

    value: T
    asked_at: float

    def compute_age_s(self, now: float) -> float:
        """Return the seconds since the question: the answer may describe that moment, and no later."""
        return now - self.asked_at


@dataclass(frozen=True, slots=True)
class _Pending(Generic[T]):
    future: asyncio.Future[T]
    asked_at: float


class CachedLookup(Generic[T]):
    """One blocking question, asked in a thread by one caller at a time, with its last answer."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._pending: _Pending[T] | None = None
        self._abandoned = 0
        self.last: Answer[T] | None = None

    async def ask(self, limit_s: float) -> Answer[T] | None:
        """Ask again, wait `limit_s` at most, and return the newest answer; None before the first.

        A call that still runs is joined, not repeated: however many callers wait, a dead database
        holds one thread. After `ABANDON_S` it is given up for lost and asked again, up to
        `MAX_ABANDONED` times: a question that was lost must not be the last. Raises what the call
        raises.
        """
        pending = self._pending
        if pending is None or self._is_lost(pending):
            pending = self._start()
        await asyncio.wait((pending.future,), timeout=limit_s)
        if pending.future.done():
            return Answer(pending.future.result(), pending.asked_at)
        return self.last

    def _is_lost(self, pending: _Pending[T]) -> bool:
        """Tell whether to give up a call, and count it if so."""
        if time.monotonic() - pending.asked_at < ABANDON_S or self._abandoned >= MAX_ABANDONED:
            return False
        self._abandoned += 1
        return True

    def _start(self) -> _Pending[T]:
        asked_at = time.monotonic()  # before the thread begins: an answer must not look newer than it is
        pending = self._pending = _Pending(run_in_thread(self._call), asked_at)

        def keep_answer(done: asyncio.Future[T]) -> None:
            if self._pending is pending:
                self._pending = None
            else:
                self._abandoned -= 1
            if done.cancelled() or done.exception() is not None:
                return
            if self.last is None or self.last.asked_at < pending.asked_at:
                self.last = Answer(done.result(), pending.asked_at)

        pending.future.add_done_callback(keep_answer)
        return pending
