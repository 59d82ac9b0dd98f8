"""The progress monitor: progress of running jobs, health of the store, heartbeats."""

from __future__ import annotations

import asyncio

from mcsyncd.api import ProgressBody, StreamEventBody
from mcsyncd.daemon.bodies import build_session_progress
from mcsyncd.daemon.bounded_calls import run_in_thread
from mcsyncd.daemon.event_hub import EventHub
from mcsyncd.daemon.loop import SessionLoop
from mcsyncd.model.jobs import Conform, Hash, Job, Listen, Probe, Upload
from mcsyncd.model.session import Session
from mcsyncd.workers.progress import ProgressReport, read_progress

POLL_EVERY_S = 0.5
"""Seconds between two readings of the workers' progress. Judgement: a progress bar looks alive at twice a
second; each reading opens one small file for each running job."""


class ProgressMonitor:
    """Reads the workers' progress, and broadcasts it when it has changed."""

    def __init__(self, loop: SessionLoop, hub: EventHub) -> None:
        self._loop = loop
        self._hub = hub
        self.reports: dict[str, ProgressReport | None] = {}
        self.storage_health = "not checked yet"

    async def run(self) -> None:
        """Read the progress regularly, until cancelled."""
        while True:
            await asyncio.sleep(POLL_EVERY_S)
            await self.poll_reports()

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
        for session_id in changed:
            session = self._loop.sessions.get(session_id)
            if session is None:
                continue  # it was rejected while its job ran
            progress = self.get_session_progress(session)
            self._hub.broadcast(StreamEventBody(what="progress", session=session_id, progress=progress))

    async def send_heartbeat(self) -> None:
        """Tell all subscribers that the daemon is alive."""
        self._hub.broadcast(StreamEventBody(what="heartbeat"))

    def get_session_progress(self, session: Session) -> ProgressBody | None:
        """Return the progress of the session's present stage; None when no job of it is running."""
        jobs = {one.job for one in self._loop.workers.running.values() if one.job.session == session.id}
        if not jobs:
            return None
        open_jobs = self._loop.list_open_jobs(session)
        order = {job.id: index for index, job in enumerate(open_jobs)}
        running = {
            job: self.reports.get(job.id)
            for job in sorted(jobs, key=lambda job: order.get(job.id, len(order)))
        }
        ids = {job.id for job in jobs}
        waiting = tuple(job for job in open_jobs if job.id not in ids)
        return build_session_progress(running, waiting, _count_finished_jobs(session, next(iter(running))))


def _count_finished_jobs(session: Session, job: Job) -> int:
    """Return how many jobs of this kind the session has finished."""
    clips = session.clips
    match job:
        case Hash():
            return sum(clip.digest is not None for clip in clips)
        case Probe():
            return sum(clip.media is not None for clip in clips)
        case Listen():
            return sum(clip.analysis_audio is not None for clip in clips)
        case Conform():
            present = {clip.key for clip in clips}
            return sum(made.clip in present and not made.lost for made in session.conformed[-len(clips) :])
        case Upload():
            stored = {found.key for found in session.stored}
            plan = session.publishing.plan if session.publishing is not None else None
            return sum(planned.key in stored for planned in plan.uploads) if plan is not None else 0
        case _:
            return 0
