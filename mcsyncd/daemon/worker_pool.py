"""The worker pool: jobs in, facts out, over any `concurrent.futures.Executor`.

By default every slot has its own process. A crash then affects exactly one job (a shared pool breaks
for all of them at once), and a job can be stopped by killing its process (docs/adr/0003).
"""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import Callable, Mapping
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

from mcsyncd.daemon.bounded_calls import run_detached
from mcsyncd.daemon.clock import utc_now
from mcsyncd.daemon.object_names import name_objects
from mcsyncd.daemon.store_gate import StoreFailure
from mcsyncd.daemon.worker_process import (
    MakeExecutor,
    MappedFileLost,
    WorkerProcess,
    WorkerProfile,
    make_process_executor,
)
from mcsyncd.errors import (
    BadMedia,
    ConfigError,
    DerivedFileLost,
    IntegrityError,
    McsyncError,
    SourceChanged,
    SourceUnreadable,
    StorageError,
    StoredObjectsMissing,
    StoreOffline,
    StoreRefused,
    is_passing,
    suggest_repair,
)
from mcsyncd.model.facts import (
    DerivedFilesLost,
    Fact,
    JobFailed,
    JobFinished,
    JobResult,
    StoredObjectsLost,
)
from mcsyncd.model.jobs import Conform, Job
from mcsyncd.model.schedule import Lane, choose_lane, needs_store
from mcsyncd.model.session import FailureKind
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.workers.engine import ClusterEngine
from mcsyncd.workers.perform import perform_job
from mcsyncd.workers.progress import remove_progress
from mcsyncd.workers.sandbox.contained_call import ContainedProcessDied

_KIND_BY_ERROR: tuple[tuple[type[McsyncError], FailureKind], ...] = (
    (BadMedia, "final"),
    (ConfigError, "final"),
    (SourceChanged, "changed"),
    (SourceUnreadable, "transient"),
    (IntegrityError, "corrupt"),
    (StorageError, "final"),
)
"""How the job of each error goes on (`FailureKind`); any other McsyncError is final."""
_PROFILES: Mapping[Lane, WorkerProfile] = MappingProxyType(
    {
        Lane.INGEST: WorkerProfile(5, ("mcsyncd.ingest.offload",)),
        Lane.ANALYSIS: WorkerProfile(
            5, ("mcsyncd.probe.probe", "mcsyncd.listen.analysis", "mcsyncd.sync.solve")
        ),
        Lane.HASHING: WorkerProfile(10),
        Lane.ENCODING: WorkerProfile(15),
        Lane.PUBLISHING: WorkerProfile(10),
        Lane.BULK_UPLOAD: WorkerProfile(10),
        Lane.COPYING: WorkerProfile(10),
        Lane.READING_BACK: WorkerProfile(15),
    }
)
"""The worker processes of each lane. A supervisor should not wait for imports between drop and confidence.

Judgement on niceness: all yield to the daemon, which must answer, and nobody waits at the screen for
encoders. Without the difference, two encoders take half of the processor from the next confidence."""

_WARM_LANES = frozenset({Lane.INGEST, Lane.ANALYSIS})
"""Lanes whose processes start while files settle: a confidence must not wait for their imports."""
_IDLE_S = 60.0
"""Seconds without a job after which the processes of a lane end. Measured: one that has loaded boto3 holds
63 MB. Shorter, and the objects of one session would start them again and again."""

Outcome = Fact | StoreFailure
"""What becomes of a job: a fact about its session, or a failure of the store that concerns all of them."""
ReportOutcome = Callable[[Job, Outcome], None]


@dataclass(slots=True)
class RunningJob:
    """A job that is running. `started_at` is in seconds of the monotonic clock."""

    job: Job
    process: WorkerProcess
    started_at: float
    task: asyncio.Task[None] | None = None
    overrun: Outcome | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the worker; None until it has started."""
        return self.process.pid


@dataclass(slots=True)
class _LaneSlots:
    capacity: int
    free: list[WorkerProcess] = field(default_factory=list)
    used_at: float = 0.0


class WorkerPool:
    """A fixed number of slots for each lane.

    Every job that is started reports exactly one outcome, unless it is stopped; its slot is free again
    whatever happens.
    """

    def __init__(
        self,
        slot_counts: Mapping[Lane, int],
        report: ReportOutcome,
        make_executor: MakeExecutor = make_process_executor,
    ) -> None:
        self._lanes = {
            lane: _LaneSlots(count, [WorkerProcess(_PROFILES[lane], make_executor) for _ in range(count)])
            for lane, count in slot_counts.items()
        }
        self._report = report
        self.running: dict[str, RunningJob] = {}
        self._warming: asyncio.Task[None] | None = None

    @property
    def slot_count(self) -> int:
        """How many jobs can run at the same time."""
        return sum(slots.capacity for slots in self._lanes.values())

    @property
    def free_counts(self) -> dict[Lane, int]:
        """How many jobs of each lane can be started now."""
        return {lane: len(slots.free) for lane, slots in self._lanes.items()}

    def warm_up(self) -> None:
        """Begin to start the processes that a confidence needs: files are arriving, and will settle soon."""
        now = time.monotonic()
        for lane in _WARM_LANES & self._lanes.keys():
            self._lanes[lane].used_at = now
        if self._warming is None or self._warming.done():
            self._warming = asyncio.create_task(self._start_warm_lanes())

    async def _start_warm_lanes(self) -> None:
        cold = [one for lane in _WARM_LANES & self._lanes.keys() for one in self._lanes[lane].free]
        await asyncio.gather(*(process.start() for process in cold), return_exceptions=True)

    def end_idle_processes(self) -> None:
        """End the processes of lanes that had nothing to do for a while."""
        for slots in self._lanes.values():
            idle_s = time.monotonic() - slots.used_at
            if len(slots.free) == slots.capacity and idle_s > _IDLE_S:
                for process in slots.free:
                    process.end()

    def start_job(
        self, job: Job, layout: WorkLayout, max_output_bytes: int, engine: ClusterEngine | None = None
    ) -> None:
        """Start a job in a free slot of its lane; see `perform_job`. Raises IndexError if there is none."""
        process = self._lanes[choose_lane(job)].free.pop(0)
        running = self.running[job.id] = RunningJob(job, process, time.monotonic())
        perform = partial(perform_job, job, layout, max_output_bytes, engine)
        running.task = asyncio.create_task(
            self._run_job(running, layout, perform), name=f"{job.stage} {job.subject}"
        )

    async def _run_job(
        self, running: RunningJob, layout: WorkLayout, perform: Callable[[], JobResult]
    ) -> None:
        job, fact = running.job, None
        try:
            fact = await self._await_outcome(job, layout, perform, running.process)
        except asyncio.CancelledError:
            fact = running.overrun
            running.process.end()
        finally:
            # Nothing that can fail stands before this: a slot that is not given back is lost until a restart.
            slots = self._lanes[choose_lane(job)]
            slots.free.append(running.process)
            slots.used_at = time.monotonic()
            self.running.pop(job.id, None)
        if isinstance(job, Conform):
            running.process.end()  # only a process that ends returns all memory of an encoder
        if fact is not None:
            self._report(job, fact)
        run_detached(partial(remove_progress, layout.locate_progress(job.id)))

    async def _await_outcome(
        self, job: Job, layout: WorkLayout, perform: Callable[[], JobResult], process: WorkerProcess
    ) -> Outcome:
        try:
            result = await process.run(perform)
        except asyncio.CancelledError:
            raise
        except MappedFileLost:
            process.end()
            message = f"{layout.work}: a file could not be read (in {job.stage} of {job.subject})"
            return build_job_failed(job, "transient", message, suggest_repair(OSError(errno.EIO, "")))
        except BrokenExecutor as error:
            process.end()
            how = f" ({error})" if isinstance(error, ContainedProcessDied) else ""
            message = f"{job.subject}: the worker died in {job.stage}{how}"
            return build_job_failed(job, "crash", message, "see `journalctl -u mcsyncd`")
        except DerivedFileLost as error:
            return DerivedFilesLost(utc_now(), job.id, error.paths, error.message)
        except StoredObjectsMissing as error:
            return StoredObjectsLost(utc_now(), job.id, error.keys, error.message)
        except Exception as error:  # noqa: BLE001  # whatever a stage raises becomes a fact about its job
            return classify_failure(job, error)
        return JobFinished(utc_now(), job.id, result)

    async def drain(self, patience_s: float) -> None:
        """Wait for running jobs, then stop the rest: their jobs are due again at the next start."""
        if self._warming is not None:
            self._warming.cancel()
        tasks = [running.task for running in self.running.values() if running.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=patience_s)
        self.stop_all()
        await asyncio.gather(*tasks, return_exceptions=True)
        for slots in self._lanes.values():
            for process in slots.free:
                process.end()

    def stop_all(self) -> None:
        """Stop all running jobs."""
        for job_id in list(self.running):
            self.stop_job(job_id)

    def stop_job(self, job_id: str) -> None:
        """Stop a job whose result is no longer needed."""
        running = self.running.get(job_id)
        if running is not None and running.task is not None:
            running.task.cancel()

    def fail_job(self, job_id: str, message: str, hint: str) -> None:
        """Stop a job that exceeds its limit, and report it as a crash for the reason in `message`."""
        running = self.running.get(job_id)
        if running is not None and running.overrun is None:
            # An upload that stands still is the store's: it is not the file that hangs.
            running.overrun = (
                StoreFailure(job_id, message, hint, passing=True)
                if needs_store(running.job)
                else build_job_failed(running.job, "crash", message, hint)
            )
            self.stop_job(job_id)


def classify_failure(job: Job, error: Exception) -> JobFailed | StoreFailure:
    """Return the failure of a job for the error that it raised.

    Errors that may pass (a full disk, a network that is down) are retried until they do. Errors that
    a retry cannot fix are final. An error of the store as a whole is none of the session's.
    """
    message = name_objects(error.message, job) if isinstance(error, McsyncError) else ""
    if isinstance(error, StoreOffline | StoreRefused):
        return StoreFailure(job.id, message, error.hint, passing=isinstance(error, StoreOffline))
    for error_type, failure_kind in _KIND_BY_ERROR:
        if isinstance(error, error_type):
            return build_job_failed(job, failure_kind, message, error.hint)
    if isinstance(error, OSError) and is_passing(error):
        message = f"{error.filename or job.subject}: {error.strerror} (in {job.stage} of {job.subject})"
        return build_job_failed(job, "transient", message, suggest_repair(error))
    if isinstance(error, McsyncError):
        return build_job_failed(job, "final", message, error.hint)
    message = f"{job.subject}: {type(error).__name__} in {job.stage}: {error}"
    return build_job_failed(
        job, "crash", message, "see `journalctl -u mcsyncd`; this may be a bug in mcsyncd"
    )


def build_job_failed(job: Job, failure_kind: FailureKind, message: str, hint: str) -> JobFailed:
    """Return the failure of a job, with the present time."""
    return JobFailed(utc_now(), job.id, failure_kind, message, hint)
