"""The progress monitor: progress of running jobs, health of the store, heartbeats."""

from __future__ import annotations

import asyncio
import time

from mcsyncd.api import ProgressBody, StreamEventBody
from mcsyncd.daemon.bounded_calls import run_in_thread
from mcsyncd.daemon.event_hub import EventHub
from mcsyncd.daemon.loop import SessionLoop
from mcsyncd.daemon.session_progress import Reports, StageWork, build_session_progress, measure_stage
from mcsyncd.daemon.throughput_meter import ThroughputMeter
from mcsyncd.model.session import Session, State
from mcsyncd.workers.progress import ProgressReport, read_progress

POLL_EVERY_S = 0.5
"""Seconds between two readings of the workers' progress. Judgement: a progress bar looks alive at twice a
second; each reading opens one small file for each running job."""
_ALL_EVERY_POLLS = 10
"""After how many readings the progress of all is told, also of what stands still: the time left grows then.
Judgement: every five seconds a person sees it soon enough."""


class ProgressMonitor:
    """Reads the workers' progress, and broadcasts it when it has changed."""

    def __init__(self, loop: SessionLoop, hub: EventHub) -> None:
        self._loop = loop
        self._hub = hub
        self.reports: dict[str, ProgressReport | None] = {}
        self._meters: dict[str, ThroughputMeter] = {}
        self._polls = 0
        self._told_of_store = ("open", "")
        self.storage_health = "not checked yet"

    async def run(self) -> None:
        """Read the progress regularly, until cancelled."""
        while True:
            await asyncio.sleep(POLL_EVERY_S)
            await self.poll_reports()
            self.tell_of_store()

    async def poll_reports(self) -> None:
        """Read once, in a thread: a work folder that does not answer leaves the last reports standing."""
        layout = self._loop.config.layout
        running = {job_id: one.job.session for job_id, one in self._loop.workers.running.items()}
        if not running:
            self.reports = {}
            return
        now = await run_in_thread(
            lambda: {job_id: read_progress(layout.locate_progress(job_id)) for job_id in running}
        )
        changed = {running[job_id] for job_id, report in now.items() if report != self.reports.get(job_id)}
        self.reports = now
        self._measure_throughput()
        self._polls += 1
        if self._polls % _ALL_EVERY_POLLS == 0:
            changed = set(running.values())
        for session_id in changed:
            session = self._loop.sessions.get(session_id)
            if session is None:
                continue  # it was rejected while its job ran
            progress = self.get_session_progress(session)
            self._hub.broadcast(StreamEventBody(what="progress", session=session_id, progress=progress))

    def tell_of_store(self) -> None:
        """Tell all subscribers when what keeps uploads back has changed: the status, and each session."""
        gate = self._loop.store_gates.main
        told = (gate.state, gate.trouble.message if gate.trouble is not None else "")
        if told == self._told_of_store:
            return
        self._told_of_store = told
        self._hub.broadcast(StreamEventBody(what="folders"))
        for session in self._loop.sessions.values():
            if session.state is State.PUBLISHING:
                self._hub.broadcast(StreamEventBody(what="progress", session=session.id))

    async def send_heartbeat(self) -> None:
        """Tell all subscribers that the daemon is alive."""
        self._hub.broadcast(StreamEventBody(what="heartbeat"))

    def get_session_progress(self, session: Session) -> ProgressBody | None:
        """Return the progress of the session's present stage; None when no job of it is running.

        A published session is ready: what its stores still lack is no progress of it (`SessionBody.copies`).
        """
        if session.state is State.PUBLISHED:
            return None
        reports, work = self._measure_session(session)
        if work is None:
            return None
        meter = self._meters.get(session.id)
        return build_session_progress(work, reports, meter.throughput if meter is not None else None)

    def _measure_session(self, session: Session) -> tuple[Reports, StageWork | None]:
        running = [one.job for one in self._loop.workers.running.values() if one.job.session == session.id]
        reports = {job: self.reports.get(job.id) for job in running}
        if not reports:
            return reports, None
        return reports, measure_stage(session, reports, self._loop.list_open_jobs(session))

    def _measure_throughput(self) -> None:
        """Note for each session what is done by now."""
        sessions = self._loop.sessions
        self._meters = {known: meter for known, meter in self._meters.items() if known in sessions}
        for session_id in {one.job.session for one in self._loop.workers.running.values()}:
            session = sessions.get(session_id)
            if session is None:
                continue  # it was rejected while its job ran
            _, work = self._measure_session(session)
            if work is not None:
                self._meters.setdefault(session_id, ThroughputMeter()).note(work, time.monotonic())
