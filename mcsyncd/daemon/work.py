"""Jobs in, facts out: the workers, over any `concurrent.futures.Executor`.

By default every slot has a process of its own. A crash is then the crash of exactly one job (a
shared pool breaks for all of them at once), and a job can be stopped by ending its process.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context

from mcsyncd.daemon.clock import utc_now
from mcsyncd.daemon.perform import enter_worker, perform
from mcsyncd.daemon.places import Places
from mcsyncd.daemon.progress import forget
from mcsyncd.errors import BadMedia, ConfigError, IntegrityError, McsyncError, SourceChanged, StorageError
from mcsyncd.model.facts import Fact, JobFailed, JobFinished
from mcsyncd.model.jobs import Conform, Job

_PASSING = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EIO,
        errno.ESTALE,
        errno.ENOTCONN,
        errno.ETIMEDOUT,
        errno.EROFS,
        errno.ENFILE,
    }
)
_VERDICTS = (
    (BadMedia, "final"),
    (ConfigError, "final"),
    (SourceChanged, "changed"),
    (IntegrityError, "corrupt"),
    (StorageError, "transient"),
)

Report = Callable[[Job, Fact], None]
MakeExecutor = Callable[[], Executor]


def process_slot() -> Executor:
    """Return an executor with one worker process, started afresh rather than forked.

    A fork of a process with threads and an event loop copies their locks in any state.
    """
    return ProcessPoolExecutor(
        max_workers=1, mp_context=get_context("spawn"), initializer=enter_worker, initargs=(os.getpid(),)
    )


@dataclass
class _Slot:
    executor: Executor | None = None
    pid: int | None = None


@dataclass(frozen=True)
class Running:
    """A job that runs now."""

    job: Job
    task: asyncio.Task[None]
    slot: _Slot

    @property
    def pid(self) -> int | None:
        """The worker's process, when it is one of ours."""
        return self.slot.pid


class Workers:
    """A fixed number of slots. Every started job ends in exactly one report, unless it is stopped."""

    def __init__(self, slots: int, report: Report, make: MakeExecutor = process_slot) -> None:
        self._free = [_Slot() for _ in range(slots)]
        self._report = report
        self._make = make
        self.slots = slots
        self.running: dict[str, Running] = {}

    @property
    def free(self) -> int:
        """How many jobs could start now."""
        return len(self._free)

    async def warm(self) -> None:
        """Start the processes of all free slots, so that the first shoot need not wait for them."""
        await asyncio.gather(*(self._ready(slot) for slot in self._free), return_exceptions=True)

    async def _ready(self, slot: _Slot) -> Executor:
        executor = slot.executor = slot.executor or self._make()
        if slot.pid is None:
            slot.pid = await asyncio.wrap_future(executor.submit(os.getpid))
        return executor

    def start(self, job: Job, places: Places) -> None:
        """Start a job in a free slot. Raises IndexError if there is none."""
        slot = self._free.pop(0)
        task = asyncio.create_task(self._run(job, places, slot), name=f"{job.stage} {job.subject}")
        self.running[job.id] = Running(job, task, slot)

    async def _run(self, job: Job, places: Places, slot: _Slot) -> None:
        stopped = False
        try:
            fact = await self._outcome(job, places, slot)
        except asyncio.CancelledError:
            stopped = True
            raise
        finally:
            forget(places.progress(job.id))
            if stopped or isinstance(job, Conform):
                _end(slot)  # an encoder's memory goes back to the machine with its process
            self._free.append(slot)
            self.running.pop(job.id, None)
        self._report(job, fact)

    async def _outcome(self, job: Job, places: Places, slot: _Slot) -> Fact:
        try:
            executor = await self._ready(slot)
            result = await asyncio.wrap_future(executor.submit(perform, job, places))
        except asyncio.CancelledError:
            raise
        except BrokenExecutor:
            _end(slot)
            return failed(job, "crash", f"{job.subject}: the worker died in {job.stage}", "look into the log")
        except Exception as error:  # noqa: BLE001  # whatever a station raises becomes a fact about its job
            return failure_of(job, error)
        return JobFinished(utc_now(), job.id, result)

    async def drain(self, patience_s: float) -> None:
        """Wait for running jobs, then end what is left; their work is due again at the next start."""
        tasks = [running.task for running in self.running.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=patience_s)
        self.stop_all()
        await asyncio.gather(*tasks, return_exceptions=True)
        for slot in self._free:
            _end(slot)

    def stop_all(self) -> None:
        """End all running jobs at once."""
        for running in list(self.running.values()):
            running.task.cancel()

    def stop(self, job_id: str) -> None:
        """End one job whose result nobody needs any more."""
        if (running := self.running.get(job_id)) is not None:
            running.task.cancel()


def _end(slot: _Slot) -> None:
    executor, pid = slot.executor, slot.pid
    slot.executor, slot.pid = None, None
    if executor is None:
        return
    if isinstance(executor, ProcessPoolExecutor) and pid is not None and pid != os.getpid():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    executor.shutdown(wait=False, cancel_futures=True)


def failure_of(job: Job, error: Exception) -> JobFailed:
    """Return the fact that a job's error is, with the verdict that its kind deserves.

    What may pass by itself (a full disk, a network that is down) is tried again for ever; what
    trying again cannot mend is not.
    """
    for kind, verdict in _VERDICTS:
        if isinstance(error, kind):
            return failed(job, verdict, error.message, error.hint)
    if isinstance(error, OSError) and error.errno in _PASSING:
        hint = (
            "make room; work goes on by itself"
            if error.errno == errno.ENOSPC
            else "it is tried again by itself"
        )
        return failed(job, "transient", f"{job.subject}: {error.strerror} ({error.filename})", hint)
    if isinstance(error, McsyncError):
        return failed(job, "final", error.message, error.hint)
    words = f"{job.subject}: {type(error).__name__} in {job.stage}: {error}"
    return failed(job, "crash", words, "look into the log; this may be a fault of the daemon")


def failed(job: Job, verdict: str, message: str, hint: str) -> JobFailed:
    """Return a failure, as of now."""
    return JobFailed(utc_now(), time.time(), job.id, verdict, message, hint)  # type: ignore[arg-type]  # one of Verdict by construction
