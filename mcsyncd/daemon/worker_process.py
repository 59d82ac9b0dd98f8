"""One worker process behind an executor: started when it is needed, killed when it must be."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import TypeVar

from mcsyncd.workers.perform import enter_worker
from mcsyncd.workers.process import DEFAULT_NICENESS
from mcsyncd.workers.sandbox.contained_call import ContainedProcessDied

T = TypeVar("T")

_EXIT_LOOKS, _EXIT_LOOK_S = 50, 0.02
"""Looks for the exit code of a process that died, and seconds between. Judgement: a kernel under load takes
some of them; without the code, a disk that failed counts as a crash."""


class MappedFileLost(BrokenExecutor):
    """The process died because the disk below a file that it had mapped into its memory failed."""


@dataclass(frozen=True, slots=True)
class WorkerProfile:
    """What a worker process is for: its niceness (0 to 19), and the modules that it imports at once."""

    niceness: int = DEFAULT_NICENESS
    preloaded: tuple[str, ...] = ()


MakeExecutor = Callable[[WorkerProfile], Executor]
"""Makes an executor for one job at a time."""


def make_process_executor(profile: WorkerProfile) -> Executor:
    """Return an executor with one worker process, spawned and not forked.

    A fork of a process with threads and an event loop copies their locks in whatever state they are.
    """
    return ProcessPoolExecutor(
        max_workers=1,
        mp_context=get_context("spawn"),
        initializer=enter_worker,
        initargs=(os.getpid(), profile.niceness, profile.preloaded),
    )


async def _collect_exit_codes(processes: tuple[BaseProcess, ...]) -> tuple[int | None, ...]:
    """Return how processes that are dying have ended: the executor knows a little earlier than the kernel."""
    for _ in range(_EXIT_LOOKS):
        if all(process.exitcode is not None for process in processes):
            break
        await asyncio.sleep(_EXIT_LOOK_S)
    return tuple(process.exitcode for process in processes)


class WorkerProcess:
    """A process that does one call at a time. `pid` is None until it has started."""

    def __init__(self, profile: WorkerProfile, make_executor: MakeExecutor = make_process_executor) -> None:
        self._profile = profile
        self._make_executor = make_executor
        self._executor: Executor | None = None
        self.pid: int | None = None

    async def start(self) -> Executor:
        """Start the process unless it runs, and return its executor. Raises BrokenExecutor if it dies."""
        executor = self._executor = self._executor or self._make_executor(self._profile)
        if self.pid is None:
            self.pid = await asyncio.wrap_future(executor.submit(os.getpid))
        return executor

    async def run(self, call: Callable[..., T], *arguments: object) -> T:
        """Return what `call` returns in the process, or raise what it raises.

        Raises BrokenExecutor if the process dies, MappedFileLost if the kernel says that a disk is to blame.
        To stop a call, cancel this one and `end` the process.
        """
        executor = await self.start()
        processes = dict(getattr(executor, "_processes", None) or {})
        try:
            return await asyncio.wrap_future(executor.submit(call, *arguments))
        except ContainedProcessDied as error:
            if error.ended_by == signal.SIGBUS:
                raise MappedFileLost(str(error)) from error
            raise
        except BrokenExecutor as error:
            if -signal.SIGBUS in await _collect_exit_codes(tuple(processes.values())):
                raise MappedFileLost(str(error)) from error
            raise

    def end(self) -> None:
        """Kill the process; the next call starts a new one. Never waits, and never raises."""
        executor, pid = self._executor, self.pid
        self._executor, self.pid = None, None
        if executor is None:
            return
        if isinstance(executor, ProcessPoolExecutor) and pid is not None and pid != os.getpid():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        executor.shutdown(wait=False, cancel_futures=True)
