"""The daemon's pulse: progress of running jobs, health of the store, heartbeats."""

from __future__ import annotations

import asyncio

from mcsyncd.api import ProgressBody, StreamEventBody
from mcsyncd.daemon.bodies import session_progress
from mcsyncd.daemon.hub import Hub
from mcsyncd.daemon.loop import Loop
from mcsyncd.daemon.progress import Progress, told
from mcsyncd.model.jobs import Conform, Hash, Job, Listen, Probe, Put
from mcsyncd.model.session import Session

EVERY_S = 0.5


class Pulse:
    """Reads what the workers told, and passes it on when it has changed."""

    def __init__(self, loop: Loop, hub: Hub) -> None:
        self._loop = loop
        self._hub = hub
        self.told: dict[str, Progress | None] = {}
        self.storage_health = "not asked yet"

    async def run(self) -> None:
        """Read twice a second for ever."""
        while True:
            await asyncio.sleep(EVERY_S)
            self.beat()

    def beat(self) -> None:
        """Read once."""
        running = self._loop.workers.running
        places = self._loop.live.places
        now = {job_id: told(places.progress(job_id)) for job_id in running}
        changed = {
            running[job_id].job.session for job_id, word in now.items() if word != self.told.get(job_id)
        }
        self.told = now
        for session_id in changed:
            progress = self.of_session(self._loop.sessions[session_id])
            self._hub.tell(StreamEventBody(what="progress", session=session_id, progress=progress))

    async def heartbeat(self) -> None:
        """Tell all listeners that we live."""
        self._hub.tell(StreamEventBody(what="heartbeat"))

    def of_session(self, session: Session) -> ProgressBody | None:
        """Return how far the session's present stage is; None when nothing runs for it."""
        jobs = {one.job for one in self._loop.workers.running.values() if one.job.session == session.id}
        if not jobs:
            return None
        open_jobs = self._loop.open_jobs(session)
        order = {job.id: index for index, job in enumerate(open_jobs)}
        running = {
            job: self.told.get(job.id) for job in sorted(jobs, key=lambda job: order.get(job.id, len(order)))
        }
        ids = {job.id for job in jobs}
        waiting = tuple(job for job in open_jobs if job.id not in ids)
        return session_progress(running, waiting, _finished(session, next(iter(running))))


def _finished(session: Session, like: Job) -> int:
    """How many jobs of this kind the session has behind it."""
    clips = session.clips
    match like:
        case Hash():
            return sum(clip.digest is not None for clip in clips)
        case Probe():
            return sum(clip.media is not None for clip in clips)
        case Listen():
            return sum(clip.sound is not None for clip in clips)
        case Conform():
            present = {clip.key for clip in clips}
            return sum(made.clip in present for made in session.conformed[-len(clips) :])
        case Put():
            return len(session.stored)
        case _:
            return 0
