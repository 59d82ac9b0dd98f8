"""The one loop: facts in, events recorded, jobs out.

A fact is decided on, recorded and only then acted upon, one at a time. Nothing is remembered
that is not recorded: after a crash the sessions are read back and asked for their due jobs.
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
from mcsyncd.daemon.publishing import PublishingPlan, prepare_publishing
from mcsyncd.daemon.worker_pool import MakeExecutor, WorkerPool, make_process_executor
from mcsyncd.errors import McsyncError, UnknownSession, UsageError
from mcsyncd.model.clip import DropFile
from mcsyncd.model.decide import Expectations, decide, list_awaited_jobs
from mcsyncd.model.due import list_due_jobs
from mcsyncd.model.events import Event, SessionOpened
from mcsyncd.model.evolve import apply_event
from mcsyncd.model.facts import Fact, FilesSettled, Seal
from mcsyncd.model.jobs import Job
from mcsyncd.model.session import HALTED, Actor, Failure, Session, State
from mcsyncd.settings.active_config import ActiveConfig
from mcsyncd.store.chain import LogEntry
from mcsyncd.store.ledger import Ledger, RecordedEvent

T = TypeVar("T")

log = structlog.get_logger("mcsyncd.loop")


class SessionLoop:
    """Owns the sessions in memory; the ledger's copy is always at least as new."""

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
        self._publishing_plans: dict[str, PublishingPlan] = {}
        self.publishing_failures: dict[str, Failure] = {}
        """What keeps a publishing session from being planned; passing, so not in the ledger."""
        self._reports: dict[str, asyncio.Task[None]] = {}
        self.draining = False
        self.intake_count = 0
        """How many times clips were taken out of the drop folders since the start."""

    async def resume_sessions(self) -> None:
        """Read the sessions back and go on where they were: the ordinary path of every start."""
        for session in await self._run_in_ledger_thread(self._ledger.read_sessions):
            self.sessions[session.id] = session
        await self.check_waiting_sessions()

    async def submit_fact(self, session: str, fact: Fact) -> Session:
        """Decide on a fact, record what it leads to, and start what is due. Returns the session."""
        return await self.submit_fact_from(session, lambda _: fact)

    async def submit_fact_from(self, session: str, build_fact: Callable[[Session], Fact]) -> Session:
        """The same for a fact that depends on the session as it is now; `fact_for` may raise."""
        async with self._lock:
            before = self.get_session(session)
            fact = build_fact(before)
            events = decide(before, fact, self._build_expected(before))
            after = await self._record_events(before, events)
        await self._plan_publishing(after)
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
        """The session that takes what is dropped now."""
        return next((one for one in self.sessions.values() if one.state is State.COLLECTING), None)

    async def accept_settled_files(self, files: tuple[DropFile, ...]) -> None:
        """These files lie complete in the drop folders; the first opens a session."""
        taken = self._list_files_in_intake()
        files = tuple(file for file in files if file not in taken)
        async with self._lock:
            session = self.collecting_session
            if session is None and any(file.kind == "clip" for file in files):
                session = await self._open_session()
        if session is not None:
            await self.submit_fact(session.id, FilesSettled(utc_now(), files))

    async def seal_session(self, by: Actor | None = None) -> Session:
        """Start with what is there. Raises UsageError if there is nothing."""
        session = self.collecting_session
        if session is None or not any(file.kind == "clip" for file in session.drop_files):
            raise UsageError("nothing to seal: no settled clip in any drop folder", "see `mcsyncd status`")
        return await self.submit_fact(session.id, Seal(utc_now(), self.config.terms, by))

    def _list_files_in_intake(self) -> set[DropFile]:
        """Files of sealed sessions that are still on their way out of the drop folders."""
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
            self._announce_event(one)
        return after

    def _announce_event(self, one: RecordedEvent) -> None:
        entry = one.entry
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
        """Return number and hash of the last recorded event."""
        return await self._run_in_ledger_thread(self._ledger.read_head)

    async def _run_in_ledger_thread(self, call: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._ledger_thread, call, *args)

    async def _plan_publishing(self, session: Session) -> None:
        """Plan the uploads of a session that publishes, once for each revision.

        What goes wrong (a full disk, peaks that are gone) is shown with the session and tried
        again at every tick: the decision that led here is recorded and stands.
        """
        planned = self._publishing_plans.get(session.id)
        if session.state is not State.PUBLISHING or (planned and planned.revision == session.revision):
            self.publishing_failures.pop(session.id, None)
            return
        history = list(await self.read_entries(session.id))
        while page := await self.read_entries(session.id, history[-1].seq):
            history.extend(page)
        began = next(entry for entry in reversed(history) if entry.kind == "publishing_began")
        try:
            plan = await asyncio.to_thread(prepare_publishing, session, self.config.layout, began)
        except (McsyncError, OSError) as error:
            log.warning("publishing cannot be planned", session=session.id, error=str(error))
            self.publishing_failures[session.id] = Failure(
                "publish", str(error), "it is tried again by itself", True
            )
            return
        self.publishing_failures.pop(session.id, None)
        self._publishing_plans[session.id] = plan

    async def check_waiting_sessions(self) -> None:
        """Look again at what waited: for its time, for room, for a plan."""
        for session in list(self.sessions.values()):
            await self._plan_publishing(session)
        self.start_due_jobs()

    def _build_expected(self, session: Session) -> Expectations:
        planned = self._publishing_plans.get(session.id)
        uploads = planned.list_open_jobs(session) if planned else ()
        return Expectations(self.config.settings.review.review_below, uploads)

    def list_open_jobs(self, session: Session) -> tuple[Job, ...]:
        """Return what is still to be done for a session, uploads included."""
        return list_awaited_jobs(session, self._build_expected(session))

    def start_due_jobs(self) -> None:
        """Start what is due, of the oldest session that has anything to do; stop what nobody needs."""
        self._stop_unwanted_jobs()
        if self.draining:
            return
        for session in sorted(self.sessions.values(), key=lambda one: one.id):
            due = self._list_due_jobs(session)
            for job in due:
                busy = job.id in self.workers.running or job.id in self._reports
                if self.workers.free_count and not busy:
                    self.workers.start_job(job, self.config.layout)
            if due:
                return

    def _list_due_jobs(self, session: Session) -> tuple[Job, ...]:
        now = time.time()
        if session.state in HALTED or session.state is State.REJECTED:
            return ()
        waiting = {attempt.job for attempt in session.attempts if attempt.retry_at > now}
        expected = self._build_expected(session)
        uploads = tuple(job for job in expected.uploads if job.id not in waiting)
        return (*list_due_jobs(session, expected.review_below, now), *uploads)

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
        # Until its result is recorded the job still looks due: it must not be started again.
        task = asyncio.create_task(self._record_report(job, fact))
        self._reports[job.id] = task
        task.add_done_callback(lambda _: self._reports.pop(job.id, None))

    async def _record_report(self, job: Job, fact: Fact) -> None:
        try:
            await self.submit_fact(job.session, fact)
        except Exception:
            # The result is not recorded, so the job is still due: the next tick starts it again.
            log.exception("a result could not be recorded", job=job.id, session=job.session)

    async def drain_jobs(self, patience_s: float) -> None:
        """Start nothing more, let running jobs end for a while, record what they bring."""
        self.draining = True
        await self.workers.drain(patience_s)
        if self._reports:
            await asyncio.wait(self._reports.values())
