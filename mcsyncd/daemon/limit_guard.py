"""The limit guard: kills jobs that hang or take too long, so that no session is "working" for ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from mcsyncd.daemon.worker_pool import RunningJob, WorkerPool
from mcsyncd.model.limits import Overrun, compute_total_limit_s, count_input_bytes, find_overrun
from mcsyncd.settings.job_limits import JobLimitSettings, name_limit_field
from mcsyncd.workers.progress import ProgressReport

CHECK_EVERY_S = 1.0
"""Seconds between two checks of the running jobs: a limit is noticed late by up to this much."""

ReadReports = Callable[[], Mapping[str, ProgressReport | None]]
"""Returns the last progress report of each running job, by its id."""

log = structlog.get_logger("mcsyncd.limit_guard")


@dataclass(frozen=True, slots=True)
class _Progress:
    """The last report of a job, and since when (seconds of the monotonic clock) there has been no other.

    A report with the same count is a sign of life, too: an upload that takes the sums of its file sends
    nothing yet. Jobs report only when they have done something.
    """

    report: ProgressReport | None
    since: float


class LimitGuard:
    """Watches the running jobs by the monotonic clock."""

    def __init__(
        self,
        workers: WorkerPool,
        read_limits: Callable[[], JobLimitSettings],
        read_reports: ReadReports,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._workers = workers
        self._read_limits = read_limits
        self._read_reports = read_reports
        self._clock = clock
        self._progress: dict[str, _Progress] = {}

    async def run(self) -> None:
        """Check regularly, until cancelled."""
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            self.stop_overruns()

    def stop_overruns(self) -> None:
        """Kill the jobs that exceed a limit, and report each as failed."""
        now, limits = self._clock(), self._read_limits()
        running = dict(self._workers.running)
        self._progress = {job_id: self._follow_progress(one, now) for job_id, one in running.items()}
        for job_id, one in running.items():
            overrun = find_overrun(
                limits.choose_limit(one.job),
                count_input_bytes(one.job),
                running_s=now - one.started_at,
                stalled_s=now - self._progress[job_id].since,
            )
            if overrun is not None:
                message, hint = _describe_overrun(one, overrun, limits)
                job = one.job
                log.warning("job stopped", job=job_id, session=job.session, of=job.subject, why=message)
                self._workers.fail_job(job_id, message, hint)

    def _follow_progress(self, running: RunningJob, now: float) -> _Progress:
        before = self._progress.get(running.job.id, _Progress(None, running.started_at))
        report = self._read_reports().get(running.job.id)
        return before if report is None or report == before.report else _Progress(report, now)


def _describe_overrun(one: RunningJob, overrun: Overrun, limits: JobLimitSettings) -> tuple[str, str]:
    """Return what happened, and what to do if it happens again."""
    job, field = one.job, f"limits.{name_limit_field(one.job)}"
    limit = limits.choose_limit(job)
    if overrun == "stalled":
        what = f"no progress in {job.stage} for {limit.stall_s:.0f} s"
        setting = f"{field}.stall"
    else:
        total_s = compute_total_limit_s(limit, count_input_bytes(job))
        what = f"{job.stage} took longer than {total_s:.0f} s"
        setting = f"{field}.total or {field}.per_gb"
    hint = (
        "check the file and the disk that it is on, then retry the session; or copy the file again from "
        f"the card; if it only needs longer, raise {setting} in the settings"
    )
    return f"{job.subject}: {what}: stopped", hint
