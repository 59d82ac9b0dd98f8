"""The one loop: facts in, events recorded, jobs out.

Facts are decided on, recorded and only then acted upon, one at a time. Nothing that matters is kept
only in memory: after a crash the sessions are read back and asked for their due jobs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import structlog

from mcsyncd.api import StreamEventBody
from mcsyncd.daemon.clock import new_session_id, utc_now
from mcsyncd.daemon.event_hub import EventHub
from mcsyncd.daemon.worker_pool import MakeExecutor, WorkerPool, make_process_executor
from mcsyncd.errors import UnknownSession, UsageError
from mcsyncd.model.clip import DropFile
from mcsyncd.model.decide import DecisionContext, decide
from mcsyncd.model.due import list_due_jobs, list_open_jobs
from mcsyncd.model.events import Event, SessionOpened
from mcsyncd.model.evolve import apply_event
from mcsyncd.model.facts import Fact, FilesSettled, Seal
from mcsyncd.model.jobs import Job
from mcsyncd.model.session import Actor, Session, State
from mcsyncd.review.decisions import require_applicable
from mcsyncd.settings.active_config import ActiveConfig
from mcsyncd.store.chain import LogEntry
from mcsyncd.store.ledger import Ledger

T = TypeVar("T")

log = structlog.get_logger("mcsyncd.loop")


class SessionLoop:
    """Owns the sessions in memory; the ledger's copy is never older."""

    def __init__(
        self,
        ledger: Ledger,
        ledger_thread: ThreadPoolExecutor,
        config: ActiveConfig,
        hub: EventHub,
        *,
        slots: int,
        make_executor: MakeExecutor = make_process_executor,
    ) -> None:
        self.config = config
        self.sessions: dict[str, Session] = {}
        self.workers = WorkerPool(slots, self._schedule_report, make_executor)
        self._hub = hub
        self._ledger = ledger
        self._ledger_thread = ledger_thread
        self._lock = asyncio.Lock()
        self._chain_head = ""
        self._reports: dict[str, asyncio.Task[None]] = {}
        self.draining = False
        self.intake_count = 0
        """How often clips were moved out of the drop folders since the start."""

    async def resume_sessions(self) -> None:
        """Read the sessions back and start what is due: the ordinary path of every start."""
        _, self._chain_head = await self.read_head()
        for session in await self._run_in_ledger_thread(self._ledger.read_sessions):
            self.sessions[session.id] = session
        await self.check_waiting_sessions()

    async def submit_fact(self, session: str, fact: Fact) -> Session:
        """Decide on a fact, record its events, start what is due; return the session afterwards."""
        return await self.submit_fact_from(session, lambda _: fact)

    async def submit_fact_from(self, session: str, build_fact: Callable[[Session], Fact]) -> Session:
        """The same for a fact that depends on the session as it is then; `build_fact` may raise."""
        async with self._lock:
            before = self.get_session(session)
            fact = build_fact(before)
            context = DecisionContext(self._review_below, self._chain_head)
            after = await self._record_events(before, decide(before, fact, context))
        self.start_due_jobs()
        return after

    def get_session(self, session: str) -> Session:
        """Return a session. Raises UnknownSession if there is none of that id."""
        try:
            return self.sessions[session]
        except KeyError:
            raise UnknownSession(f"no session {session}", "see `mcsyncd sessions`") from None

    @property
    def collecting_session(self) -> Session | None:
        """The session that takes the clips that are dropped now, if there is one."""
        return next((one for one in self.sessions.values() if one.state is State.COLLECTING), None)

    async def accept_settled_files(self, files: tuple[DropFile, ...]) -> None:
        """Submit the files that are complete in the drop folders; the first clip opens a session."""
        in_intake = self._list_files_in_intake()
        files = tuple(file for file in files if file not in in_intake)
        async with self._lock:
            session = self.collecting_session
            if session is None and any(file.kind == "clip" for file in files):
                session = await self._open_session()
        if session is not None:
            await self.submit_fact(session.id, FilesSettled(utc_now(), files))

    async def seal_session(self, by: Actor | None = None) -> Session:
        """Seal the collecting session as it is. Raises UsageError if it has no clip."""
        session = self.collecting_session
        if session is None:
            raise UsageError("nothing to seal: no settled clip in any drop folder", "see `mcsyncd status`")

        def build_seal(now: Session) -> Fact:
            seal = Seal(utc_now(), self.config.terms, by)
            require_applicable(now, seal, frozenset())
            return seal

        return await self.submit_fact_from(session.id, build_seal)

    def _list_files_in_intake(self) -> set[DropFile]:
        """Files of sealed sessions that have not been moved out of the drop folders yet."""
        return {
            file
            for session in self.sessions.values()
            if session.terms is not None and not session.offloaded and session.state is not State.REJECTED
            for file in session.drop_files
        }

    async def _open_session(self) -> Session:
        opened = SessionOpened(utc_now(), new_session_id())
        while opened.id in self.sessions:
            opened = SessionOpened(utc_now(), new_session_id())
        return await self._record_events(Session(opened.id, opened.at), (opened,), opening=True)

    async def _record_events(
        self, session: Session, events: Iterable[Event], *, opening: bool = False
    ) -> Session:
        events = tuple(events)
        if not events:
            return session
        after = session
        for event in events[1:] if opening else events:
            after = apply_event(after, event)
        recorded = await self._run_in_ledger_thread(self._ledger.record, after, events)
        self.sessions[after.id] = after
        self.intake_count += after.offloaded and not session.offloaded
        for one in recorded:
            self._announce_event(one.entry)
        self._chain_head = recorded[-1].entry.hash
        return after

    def _announce_event(self, entry: LogEntry) -> None:
        log.info(entry.kind, session=entry.session_id, seq=entry.seq)
        self._hub.broadcast(
            StreamEventBody(
                what="event", session=entry.session_id, seq=entry.seq, kind=entry.kind, at=entry.at
            )
        )

    async def read_entries(self, session: str | None, after: int = 0) -> tuple[LogEntry, ...]:
        """Return a page of recorded events after number `after`, oldest first; see `Ledger.read_entries`."""
        return await self._run_in_ledger_thread(self._ledger.read_entries, session, after)

    async def read_head(self) -> tuple[int, str]:
        """Return the number and the hash of the last recorded event."""
        return await self._run_in_ledger_thread(self._ledger.read_head)

    async def _run_in_ledger_thread(self, call: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._ledger_thread, call, *args)

    async def check_waiting_sessions(self) -> None:
        """Start what waited for its time or for a free slot. Called regularly."""
        self.start_due_jobs()

    def list_open_jobs(self, session: Session) -> tuple[Job, ...]:
        """Return the jobs of a session whose results are still missing."""
        return list_open_jobs(session, self._review_below)

    @property
    def _review_below(self) -> float:
        return self.config.settings.review.review_below

    def start_due_jobs(self) -> None:
        """Start the due jobs of the oldest session that has any; stop jobs that are no longer needed."""
        self._stop_unwanted_jobs()
        if self.draining:
            return
        for session in sorted(self.sessions.values(), key=lambda one: one.id):
            due = list_due_jobs(session, self._review_below, time.time())
            for job in due:
                busy = job.id in self.workers.running or job.id in self._reports
                if self.workers.free_count and not busy:
                    self.workers.start_job(job, self.config.layout)
            if due:
                return

    def _stop_unwanted_jobs(self) -> None:
        for running in list(self.workers.running.values()):
            session = self.sessions[running.job.session]
            wanted = session.state is not State.REJECTED and any(
                job.id == running.job.id for job in self.list_open_jobs(session)
            )
            if not wanted:
                log.info("stopped", job=running.job.id, stage=running.job.stage, session=session.id)
                self.workers.stop_job(running.job.id)

    def _schedule_report(self, job: Job, fact: Fact) -> None:
        # Until its result is recorded, the job still counts as due: it must not be started again.
        task = asyncio.create_task(self._record_report(job, fact))
        self._reports[job.id] = task
        task.add_done_callback(lambda _: self._reports.pop(job.id, None))

    async def _record_report(self, job: Job, fact: Fact) -> None:
        try:
            await self.submit_fact(job.session, fact)
        except Exception:
            # The result is not recorded, so the job is still due and will be started again.
            log.exception("a result could not be recorded", job=job.id, session=job.session)

    async def drain_jobs(self, patience_s: float) -> None:
        """Start no more jobs, give running ones `patience_s` to finish, and record their results."""
        self.draining = True
        await self.workers.drain(patience_s)
        if self._reports:
            await asyncio.wait(self._reports.values())
