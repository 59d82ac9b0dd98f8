"""The worker pool: jobs in, facts out, over any `concurrent.futures.Executor`.

By default every slot has its own process. A crash then affects exactly one job (a shared pool breaks
for all of them at once), and a job can be stopped by killing its process (docs/adr/0003).
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
from functools import partial
from multiprocessing import get_context

from mcsyncd.daemon.bounded_calls import run_detached
from mcsyncd.daemon.clock import utc_now
from mcsyncd.errors import BadMedia, ConfigError, IntegrityError, McsyncError, SourceChanged, StorageError
from mcsyncd.model.facts import Fact, JobFailed, JobFinished
from mcsyncd.model.jobs import Conform, Job
from mcsyncd.model.session import FailureKind
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.workers.perform import enter_worker, perform_job
from mcsyncd.workers.progress import remove_progress

_TRANSIENT_ERRNOS = frozenset(
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
"""Errors of the operating system that may pass: full or read-only disks, lost network shares, no free file
handles. They are retried until they pass; any other error counts as a crash and fails after three."""
_KIND_BY_ERROR: tuple[tuple[type[McsyncError], FailureKind], ...] = (
    (BadMedia, "final"),
    (ConfigError, "final"),
    (SourceChanged, "changed"),
    (IntegrityError, "corrupt"),
    (StorageError, "transient"),
)
"""How the job of each error goes on (`FailureKind`); any other McsyncError is final."""

ReportFact = Callable[[Job, Fact], None]
MakeExecutor = Callable[[], Executor]


def make_process_executor() -> Executor:
    """Return an executor with one worker process, spawned and not forked.

    A fork of a process with threads and an event loop copies their locks in whatever state they are.
    """
    return ProcessPoolExecutor(
        max_workers=1, mp_context=get_context("spawn"), initializer=enter_worker, initargs=(os.getpid(),)
    )


@dataclass
class _WorkerSlot:
    executor: Executor | None = None
    pid: int | None = None


@dataclass(frozen=True)
class RunningJob:
    """A job that is running."""

    job: Job
    task: asyncio.Task[None]
    slot: _WorkerSlot

    @property
    def pid(self) -> int | None:
        """The process id of the worker; None until it has started."""
        return self.slot.pid


class WorkerPool:
    """A fixed number of slots. Every job that is started reports exactly one fact, unless it is stopped."""

    def __init__(
        self, slot_count: int, report: ReportFact, make_executor: MakeExecutor = make_process_executor
    ) -> None:
        self._free_slots = [_WorkerSlot() for _ in range(slot_count)]
        self._report = report
        self._make_executor = make_executor
        self.slot_count = slot_count
        self.running: dict[str, RunningJob] = {}

    @property
    def free_count(self) -> int:
        """How many jobs can be started now."""
        return len(self._free_slots)

    async def warm_up(self) -> None:
        """Start the processes of all free slots, so that the first session does not wait for them."""
        await asyncio.gather(
            *(self._ensure_executor(slot) for slot in self._free_slots), return_exceptions=True
        )

    async def _ensure_executor(self, slot: _WorkerSlot) -> Executor:
        executor = slot.executor = slot.executor or self._make_executor()
        if slot.pid is None:
            slot.pid = await asyncio.wrap_future(executor.submit(os.getpid))
        return executor

    def start_job(self, job: Job, layout: WorkLayout) -> None:
        """Start a job in a free slot. Raises IndexError if there is none."""
        slot = self._free_slots.pop(0)
        task = asyncio.create_task(self._run_job(job, layout, slot), name=f"{job.stage} {job.subject}")
        self.running[job.id] = RunningJob(job, task, slot)

    async def _run_job(self, job: Job, layout: WorkLayout, slot: _WorkerSlot) -> None:
        stopped = False
        try:
            fact = await self._await_outcome(job, layout, slot)
        except asyncio.CancelledError:
            stopped = True
            raise
        finally:
            run_detached(partial(remove_progress, layout.locate_progress(job.id)))
            if stopped or isinstance(job, Conform):
                _end_worker(slot)  # only a process that ends returns all memory of an encoder
            self._free_slots.append(slot)
            self.running.pop(job.id, None)
        self._report(job, fact)

    async def _await_outcome(self, job: Job, layout: WorkLayout, slot: _WorkerSlot) -> Fact:
        try:
            executor = await self._ensure_executor(slot)
            result = await asyncio.wrap_future(executor.submit(perform_job, job, layout))
        except asyncio.CancelledError:
            raise
        except BrokenExecutor:
            _end_worker(slot)
            return build_job_failed(
                job, "crash", f"{job.subject}: the worker died in {job.stage}", "see `journalctl -u mcsyncd`"
            )
        except Exception as error:  # noqa: BLE001  # whatever a stage raises becomes a fact about its job
            return classify_failure(job, error)
        return JobFinished(utc_now(), job.id, result)

    async def drain(self, patience_s: float) -> None:
        """Wait for running jobs, then stop the rest: their jobs are due again at the next start."""
        tasks = [running.task for running in self.running.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=patience_s)
        self.stop_all()
        await asyncio.gather(*tasks, return_exceptions=True)
        for slot in self._free_slots:
            _end_worker(slot)

    def stop_all(self) -> None:
        """Stop all running jobs."""
        for running in list(self.running.values()):
            running.task.cancel()

    def stop_job(self, job_id: str) -> None:
        """Stop a job whose result is no longer needed."""
        if (running := self.running.get(job_id)) is not None:
            running.task.cancel()


def _end_worker(slot: _WorkerSlot) -> None:
    executor, pid = slot.executor, slot.pid
    slot.executor, slot.pid = None, None
    if executor is None:
        return
    if isinstance(executor, ProcessPoolExecutor) and pid is not None and pid != os.getpid():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    executor.shutdown(wait=False, cancel_futures=True)


def classify_failure(job: Job, error: Exception) -> JobFailed:
    """Return the failure of a job for the error that it raised.

    Errors that may pass (a full disk, a network that is down) are retried until they do. Errors that
    a retry cannot fix are final.
    """
    for error_type, failure_kind in _KIND_BY_ERROR:
        if isinstance(error, error_type):
            return build_job_failed(job, failure_kind, error.message, error.hint)
    if isinstance(error, OSError) and error.errno in _TRANSIENT_ERRNOS:
        hint = (
            "free some space; the job will be retried automatically"
            if error.errno == errno.ENOSPC
            else "will be retried automatically"
        )
        return build_job_failed(job, "transient", f"{job.subject}: {error.strerror} ({error.filename})", hint)
    if isinstance(error, McsyncError):
        return build_job_failed(job, "final", error.message, error.hint)
    message = f"{job.subject}: {type(error).__name__} in {job.stage}: {error}"
    return build_job_failed(
        job, "crash", message, "see `journalctl -u mcsyncd`; this may be a bug in mcsyncd"
    )


def build_job_failed(job: Job, failure_kind: FailureKind, message: str, hint: str) -> JobFailed:
    """Return the failure of a job, with the present time."""
    return JobFailed(utc_now(), time.time(), job.id, failure_kind, message, hint)
