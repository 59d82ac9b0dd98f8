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
from mcsyncd.daemon.clock import session_id, utc_now
from mcsyncd.daemon.hub import Hub
from mcsyncd.daemon.live import Live
from mcsyncd.daemon.publishing import Publishing, prepare
from mcsyncd.daemon.work import MakeExecutor, Workers, process_slot
from mcsyncd.errors import McsyncError, UsageError
from mcsyncd.model.clip import DropFile
from mcsyncd.model.decide import Expected, decide, list_awaited_jobs
from mcsyncd.model.due import jobs_due
from mcsyncd.model.events import Event, SessionOpened
from mcsyncd.model.evolve import apply_event
from mcsyncd.model.facts import Fact, FilesSettled, Seal
from mcsyncd.model.jobs import Job
from mcsyncd.model.session import HALTED, Actor, Failure, Session, State
from mcsyncd.store.chain import Entry
from mcsyncd.store.ledger import Ledger, Recorded

T = TypeVar("T")

log = structlog.get_logger("mcsyncd.loop")


class Loop:
    """Owns the sessions in memory; the ledger's copy is always at least as new."""

    def __init__(
        self,
        ledger: Ledger,
        ledger_thread: ThreadPoolExecutor,
        live: Live,
        hub: Hub,
        *,
        slots: int,
        make_executor: MakeExecutor = process_slot,
    ) -> None:
        self.live = live
        self.sessions: dict[str, Session] = {}
        self.workers = Workers(slots, self._report, make_executor)
        self._hub = hub
        self._ledger = ledger
        self._ledger_thread = ledger_thread
        self._turn = asyncio.Lock()
        self._publishing: dict[str, Publishing] = {}
        self.trouble: dict[str, Failure] = {}
        """What keeps a publishing session from being planned; passing, so not in the ledger."""
        self._reports: dict[str, asyncio.Task[None]] = {}
        self.draining = False
        self.intakes = 0
        """How many times clips were taken out of the drop folders since the start."""

    async def resume(self) -> None:
        """Read the sessions back and go on where they were: the ordinary path of every start."""
        for session in await self._in_ledger(self._ledger.sessions):
            self.sessions[session.id] = session
        await self.tick()

    async def tell(self, session: str, fact: Fact) -> Session:
        """Decide on a fact, record what it leads to, and start what is due. Returns the session."""
        return await self.decide_with(session, lambda _: fact)

    async def decide_with(self, session: str, fact_for: Callable[[Session], Fact]) -> Session:
        """The same for a fact that depends on the session as it is now; `fact_for` may raise."""
        async with self._turn:
            before = self.session(session)
            fact = fact_for(before)
            events = decide(before, fact, self._expected(before))
            after = await self._record(before, events)
        await self._plan(after)
        self.start_due()
        return after

    def session(self, session: str) -> Session:
        """Return a session. Raises UsageError if there is none of that id."""
        try:
            return self.sessions[session]
        except KeyError:
            raise UsageError(f"no session {session}", "see `mcsyncd sessions`") from None

    @property
    def collecting(self) -> Session | None:
        """The session that takes what is dropped now."""
        return next((one for one in self.sessions.values() if one.state is State.COLLECTING), None)

    async def settled(self, files: tuple[DropFile, ...]) -> None:
        """These files lie complete in the drop folders; the first opens a session."""
        taken = self._being_taken()
        files = tuple(file for file in files if file not in taken)
        async with self._turn:
            session = self.collecting
            if session is None and any(file.kind == "clip" for file in files):
                session = await self._open()
        if session is not None:
            await self.tell(session.id, FilesSettled(utc_now(), files))

    async def seal(self, by: Actor | None = None) -> Session:
        """Start with what is there. Raises UsageError if there is nothing."""
        session = self.collecting
        if session is None or not any(file.kind == "clip" for file in session.dropped):
            raise UsageError("nothing to seal: no settled clip in any drop folder", "see `mcsyncd status`")
        return await self.tell(session.id, Seal(utc_now(), self.live.terms, by))

    def _being_taken(self) -> set[DropFile]:
        """Files of sealed sessions that are still on their way out of the drop folders."""
        return {
            file
            for session in self.sessions.values()
            if session.terms is not None and not session.taken_in and session.state is not State.REJECTED
            for file in session.dropped
        }

    async def _open(self) -> Session:
        opened = SessionOpened(utc_now(), session_id())
        while opened.id in self.sessions:
            opened = SessionOpened(utc_now(), session_id())
        return await self._record(Session(opened.id, opened.at), (opened,), opening=True)

    async def _record(self, session: Session, events: Iterable[Event], *, opening: bool = False) -> Session:
        events = tuple(events)
        if not events:
            return session
        after = session
        for event in events[1:] if opening else events:
            after = apply_event(after, event)
        recorded = await self._in_ledger(self._ledger.record, after, events)
        self.sessions[after.id] = after
        self.intakes += after.taken_in and not session.taken_in
        for one in recorded:
            self._announce(one)
        return after

    def _announce(self, one: Recorded) -> None:
        entry = one.entry
        log.info(entry.kind, session=entry.session_id, seq=entry.seq)
        self._hub.tell(
            StreamEventBody(
                what="event", session=entry.session_id, seq=entry.seq, kind=entry.kind, at=entry.at
            )
        )

    async def entries(self, session: str | None, after: int = 0) -> tuple[Entry, ...]:
        """Return recorded events, oldest first."""
        return await self._in_ledger(self._ledger.entries, session, after)

    async def head(self) -> tuple[int, str]:
        """Return number and hash of the last recorded event."""
        return await self._in_ledger(self._ledger.head)

    async def _in_ledger(self, call: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._ledger_thread, call, *args)

    async def _plan(self, session: Session) -> None:
        """Plan the uploads of a session that publishes, once for each revision.

        What goes wrong (a full disk, peaks that are gone) is shown with the session and tried
        again at every tick: the decision that led here is recorded and stands.
        """
        planned = self._publishing.get(session.id)
        if session.state is not State.PUBLISHING or (planned and planned.revision == session.revision):
            self.trouble.pop(session.id, None)
            return
        history = await self.entries(session.id)
        began = next(entry for entry in reversed(history) if entry.kind == "publishing_began")
        try:
            plan = await asyncio.to_thread(prepare, session, self.live.places, began)
        except (McsyncError, OSError) as error:
            log.warning("publishing cannot be planned", session=session.id, error=str(error))
            self.trouble[session.id] = Failure("publish", str(error), "it is tried again by itself", True)
            return
        self.trouble.pop(session.id, None)
        self._publishing[session.id] = plan

    async def tick(self) -> None:
        """Look again at what waited: for its time, for room, for a plan."""
        for session in list(self.sessions.values()):
            await self._plan(session)
        self.start_due()

    def _expected(self, session: Session) -> Expected:
        planned = self._publishing.get(session.id)
        uploads = planned.open(session) if planned else ()
        return Expected(self.live.settings.review.review_below, uploads)

    def open_jobs(self, session: Session) -> tuple[Job, ...]:
        """Return what is still to be done for a session, uploads included."""
        return list_awaited_jobs(session, self._expected(session))

    def start_due(self) -> None:
        """Start what is due, of the oldest session that has anything to do; stop what nobody needs."""
        self._stop_unwanted()
        if self.draining:
            return
        for session in sorted(self.sessions.values(), key=lambda one: one.id):
            due = self._due(session)
            for job in due:
                busy = job.id in self.workers.running or job.id in self._reports
                if self.workers.free and not busy:
                    self.workers.start(job, self.live.places)
            if due:
                return

    def _due(self, session: Session) -> tuple[Job, ...]:
        now = time.time()
        if session.state in HALTED or session.state is State.REJECTED:
            return ()
        waiting = {attempt.job for attempt in session.attempts if attempt.retry_at > now}
        expected = self._expected(session)
        uploads = tuple(job for job in expected.uploads if job.id not in waiting)
        return (*jobs_due(session, expected.review_below, now), *uploads)

    def _stop_unwanted(self) -> None:
        for running in list(self.workers.running.values()):
            session = self.sessions[running.job.session]
            wanted = session.state is not State.REJECTED and any(
                job.id == running.job.id for job in self.open_jobs(session)
            )
            if not wanted:
                log.info("stopped", job=running.job.id, stage=running.job.stage, session=session.id)
                self.workers.stop(running.job.id)

    def _report(self, job: Job, fact: Fact) -> None:
        # Until its result is recorded the job still looks due: it must not be started again.
        task = asyncio.create_task(self._take_report(job, fact))
        self._reports[job.id] = task
        task.add_done_callback(lambda _: self._reports.pop(job.id, None))

    async def _take_report(self, job: Job, fact: Fact) -> None:
        try:
            await self.tell(job.session, fact)
        except Exception:
            # The result is not recorded, so the job is still due: the next tick starts it again.
            log.exception("a result could not be recorded", job=job.id, session=job.session)

    async def drain(self, patience_s: float) -> None:
        """Start nothing more, let running jobs end for a while, record what they bring."""
        self.draining = True
        await self.workers.drain(patience_s)
        if self._reports:
            await asyncio.wait(self._reports.values())
