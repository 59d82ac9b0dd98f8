"""The one loop: facts in, events recorded, jobs out.

Facts are decided on, recorded and only then acted upon, one at a time. Nothing that matters is kept
only in memory: after a crash the sessions are read back and asked for their due jobs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import structlog

from mcsyncd.api import StreamEventBody
from mcsyncd.daemon.bodies import build_log_entry_body
from mcsyncd.daemon.clock import new_session_id, utc_now
from mcsyncd.daemon.event_hub import EventHub
from mcsyncd.daemon.job_board import JobBoard
from mcsyncd.daemon.ledger_thread import LedgerThread
from mcsyncd.daemon.session_shelf import SessionShelf
from mcsyncd.daemon.store_gate import StoreFailure
from mcsyncd.daemon.store_gates import StoreGates
from mcsyncd.daemon.upload_guard import UploadGuard
from mcsyncd.daemon.worker_pool import Outcome, WorkerPool, build_job_failed
from mcsyncd.daemon.worker_process import MakeExecutor, make_process_executor
from mcsyncd.errors import LedgerDamaged, LedgerUnavailable, UnknownSession
from mcsyncd.model.clip import DropIdentity
from mcsyncd.model.decide import DecisionContext, decide
from mcsyncd.model.due import list_open_jobs
from mcsyncd.model.events import ClipsOffloaded, Event, SessionOpened
from mcsyncd.model.evolve import apply_events
from mcsyncd.model.facts import Fact, JobFailed, JobFinished
from mcsyncd.model.jobs import Job, find_store_name
from mcsyncd.model.limits import compute_output_limit, count_input_bytes
from mcsyncd.model.losses import lacks_analysis
from mcsyncd.model.schedule import Lane, choose_jobs, list_yielding_jobs, needs_store
from mcsyncd.model.session import Session, State
from mcsyncd.present.events import format_event
from mcsyncd.settings.active_config import ActiveConfig
from mcsyncd.store.chain import LogEntry
from mcsyncd.store.ledger import Ledger, SessionsQuery
from mcsyncd.workers.engine import choose_engine

_FIRST_RECORD_WAIT_S, _MAX_RECORD_WAIT_S = 1.0, 30.0
"""Seconds between attempts to record a result while the ledger cannot be written, doubled from the first to
the longest. Judgement: work resumes half a minute after there is room again; shorter, and a full disk is
asked, and logged, without end."""
_LAST_REPORTS_S = 5.0
"""Seconds that the last results get to be recorded when the daemon stops. Judgement: a commit takes
milliseconds. Results that are not recorded are due again at the next start."""
_BUG_HINT = "see `journalctl -u mcsyncd`; this may be a bug in mcsyncd"

log = structlog.get_logger("mcsyncd.loop")


class SessionLoop:
    """Owns the sessions in memory; the ledger's copy is never older. Finished ones stay in the ledger."""

    def __init__(
        self,
        ledger: Ledger,
        ledger_thread: ThreadPoolExecutor,
        config: ActiveConfig,
        hub: EventHub,
        *,
        slot_counts: Mapping[Lane, int],
        make_executor: MakeExecutor = make_process_executor,
    ) -> None:
        self.config = config
        self._shelf = SessionShelf()
        self.sessions = self._shelf.unfinished
        """The sessions that something may still happen to, in the order in which they were opened."""
        self.workers = WorkerPool(slot_counts, self._schedule_report, make_executor)
        self._board = JobBoard()
        self._hub = hub
        self.ledger = LedgerThread(ledger, ledger_thread)
        self._lock = asyncio.Lock()
        self._chain_head = ""
        self.store_gates = StoreGates(lambda: self.config)
        self.upload_guard = UploadGuard(lambda: self.config.settings)
        self._reports: dict[str, asyncio.Task[None]] = {}
        self.draining = False
        self.intake_count = 0
        """How often clips were moved out of the drop folders since the start."""
        self.taken_keys: set[DropIdentity] = set()
        """The files that were moved out of the drop folders since the last
        scan: that scan still has them."""
        self.state_changes = 0
        """How often any session went from one state to another since the start."""

    async def resume_sessions(self) -> None:
        """Read the sessions back and start what is due: the ordinary path of every start."""
        _, self._chain_head = await self.read_head()
        counts = await self.ledger.call(self.ledger.ledger.count_sessions)
        self._shelf.fill(await self.ledger.call(self.ledger.ledger.read_unfinished_sessions), counts)
        for session in self.sessions.values():
            self._board.post_session(session, self._review_below, resumed=True)
        await self.check_waiting_sessions()

    async def submit_fact(self, session: str, fact: Fact) -> Session:
        """Decide on a fact, record its events, start what is due; return the session afterwards."""
        return await self.submit_fact_from(session, lambda _: fact)

    async def submit_fact_from(self, session: str, build_fact: Callable[[Session], Fact]) -> Session:
        """The same for a fact that depends on the session as it is then; `build_fact` may raise."""
        async with self._lock:
            before = await self.load_session(session)
            fact = build_fact(before)
            context = self._build_context()
            after = await self._record_events(before, decide(before, fact, context))
        self.start_due_jobs()
        return after

    def _build_context(self) -> DecisionContext:
        settings = self.config.settings
        return DecisionContext(
            self._review_below,
            self._chain_head,
            further=settings.further_stores,
            reads_back=settings.verification.read_back,
        )

    def find_session(self, session: str) -> Session | None:
        """Return a session that is in memory: all that are not finished, and those used last."""
        return self._shelf.find(session)

    async def load_session(self, session: str) -> Session:
        """Return a session, from the ledger if need be. Raises UnknownSession if there is none of that id."""
        known = self._shelf.find(session)
        if known is None:
            found = await self.ledger.call(self.ledger.ledger.read_session, session)
            known = self._shelf.find(session) or found  # it may have been reopened in the meantime
            if known is None:
                raise UnknownSession(f"no session {session}", "see `mcsyncd sessions`")
            if not known.is_finished or any(lacks_analysis(clip) for clip in known.clips):
                # Published, with something to do in a store; or finished, and its peaks were lost: nobody
                # needs them until it is looked at again.
                self._board.post_session(known, self._review_below, resumed=True)
        self._shelf.keep(known)
        return known

    async def has_session(self, session: str) -> bool:
        """Tell whether there is a session of that id."""
        try:
            return await self.load_session(session) is not None
        except UnknownSession:
            return False

    async def list_sessions(self, query: SessionsQuery) -> tuple[Session, ...]:
        """Return a page of the sessions, newest first."""
        return await self.ledger.call(self.ledger.ledger.read_session_page, query)

    def count_states(self) -> dict[State, int]:
        """Return how many sessions there are in each state that has any."""
        return self._shelf.count_states()

    @property
    def collecting_session(self) -> Session | None:
        """The session that takes the clips that are dropped now, if there is one."""
        return next((one for one in self.sessions.values() if one.state is State.COLLECTING), None)

    async def open_collecting_session(self) -> Session:
        """Return the session that takes what is dropped now; open one if there is none."""
        async with self._lock:
            return self.collecting_session or await self._open_session()

    async def _open_session(self) -> Session:
        opened = SessionOpened(utc_now(), new_session_id())
        while await self.ledger.call(self.ledger.ledger.read_session, opened.id) is not None:
            opened = SessionOpened(utc_now(), new_session_id())
        return await self._record_events(Session(opened.id, opened.at), (opened,), opening=True)

    async def _record_events(
        self, session: Session, events: tuple[Event, ...], *, opening: bool = False
    ) -> Session:
        if not events:
            return session
        after = apply_events(session, events[1:] if opening else events)
        recorded = await self.ledger.record(after, events)
        self._shelf.replace(None if opening else session, after)
        self._board.post_session(after, self._review_below)
        if any(isinstance(event, ClipsOffloaded) for event in events):
            self._note_intake(session, after)
        self.state_changes += after.state is not session.state
        for one in recorded:
            self._announce_event(one.entry)
        self._chain_head = recorded[-1].entry.hash
        return after

    def _note_intake(self, before: Session, after: Session) -> None:
        self.intake_count += 1
        left = {key for key, _ in after.left_behind}
        self.taken_keys |= {
            file.identity
            for file in (before.incoming if before.offloaded else before.drop_files)
            if file.key not in left
        }

    async def record_note(self, session: str, event: Event) -> None:
        """Record an event that changes no session. Raises LedgerUnavailable or LedgerDamaged."""
        async with self._lock:
            (recorded,) = await self.ledger.append_notes((event,), session)
            self._chain_head = recorded.entry.hash
        self._announce_event(recorded.entry)

    def _announce_event(self, entry: LogEntry) -> None:
        labels = {camera.key: camera.label for camera in self.config.settings.angles}
        body = build_log_entry_body(entry)
        of_clip = {"clip": clip} if (clip := body.body.get("clip")) else {}
        log.info(
            entry.kind, said=format_event(body, labels), session=entry.session_id, seq=entry.seq, **of_clip
        )
        self._hub.broadcast(
            StreamEventBody(
                what="event", session=entry.session_id, seq=entry.seq, kind=entry.kind, at=entry.at
            )
        )

    async def read_entries(self, session: str | None, after: int = 0) -> tuple[LogEntry, ...]:
        """Return a page of recorded events after number `after`, oldest first; see `Ledger.read_entries`."""
        return await self.ledger.call(self.ledger.ledger.read_entries, session, after)

    async def read_newest_entries(self, session: str | None, count: int) -> tuple[LogEntry, ...]:
        """Return the newest `count` events, oldest first; see `Ledger.read_newest_entries`."""
        return await self.ledger.call(self.ledger.ledger.read_newest_entries, session, count)

    async def read_head(self) -> tuple[int, str]:
        """Return the number and the hash of the last recorded event."""
        return await self.ledger.call(self.ledger.ledger.read_head)

    async def check_waiting_sessions(self) -> None:
        """Start what waited for its time or for a free slot. Called regularly."""
        self.start_due_jobs()
        self.workers.end_idle_processes()

    def compute_wait_s(self, session: str) -> float | None:
        """Return the seconds until a job of the session is tried again; None if none waits."""
        return self._board.compute_wait_s(session)

    def list_open_jobs(self, session: Session) -> tuple[Job, ...]:
        """Return the jobs of a session whose results are still missing."""
        return list_open_jobs(session, self._review_below)

    @property
    def _review_below(self) -> float:
        return self.config.settings.review.review_below

    def apply_config(self, config: ActiveConfig) -> None:
        """Put other settings in force, and start what they make due."""
        self.config = config
        for session in self.sessions.values():
            self._board.post_session(session, self._review_below)
        self.start_due_jobs()

    def start_due_jobs(self) -> None:
        """Stop the jobs that are no longer needed, and start the due ones that have a free slot."""
        self._stop_unwanted_jobs()
        self._stop_off_hours()
        if self.ledger.fault is not None:
            self.workers.stop_all()  # their results could not be recorded
        if self.draining or self.ledger.fault is not None:
            return
        # A job whose result is being recorded still counts as due: it must not be started again.
        busy = self.workers.running.keys() | self._reports.keys()
        running = [one.job for one in self.workers.running.values()]
        idle = [job for job_id, job in self._board.list_due().items() if job_id not in busy]
        due = self.store_gates.choose_allowed(self.upload_guard.choose_allowed(idle), running)
        for job in list_yielding_jobs(due, running):
            log.info("an upload makes way for smaller ones", session=job.session, of=job.subject)
            self.workers.stop_job(job.id)
        for job in choose_jobs(due, running, self.workers.free_counts):
            if not self.upload_guard.admit(job):
                continue
            limit = self.config.settings.limits.choose_limit(job)
            output = compute_output_limit(limit, count_input_bytes(job))
            engine = choose_engine(self.config.settings.workers, self.config.layout)
            self.workers.start_job(job, self.config.layout, output, engine)

    def pause_uploads(self, by: str) -> None:
        """Stop the uploads; what is stored of them stays. Nothing starts until somebody resumes."""
        self.store_gates.main.pause(by)
        for job_id, running in list(self.workers.running.items()):
            if needs_store(running.job):
                self.workers.stop_job(job_id)

    def _stop_off_hours(self) -> None:
        for job_id, running in list(self.workers.running.items()):
            store = find_store_name(running.job)
            if store is not None and self.store_gates.is_off_hours(store):
                self.workers.stop_job(job_id)

    def try_stores_now(self) -> None:
        """Ask stores that failed again, without waiting: somebody has done something about them."""
        self.store_gates.try_now()
        self.start_due_jobs()

    def resume_uploads(self, by: str) -> None:
        """Go on with the uploads, at once."""
        self.store_gates.main.resume(by)
        self.try_stores_now()

    def _stop_unwanted_jobs(self) -> None:
        for job_id, running in list(self.workers.running.items()):
            job = running.job
            if not self._board.is_wanted(job.session, job_id):
                log.info(
                    "a job was stopped", job=job_id, stage=job.stage, session=job.session, of=job.subject
                )
                self.workers.stop_job(job_id)

    def _schedule_report(self, job: Job, outcome: Outcome) -> None:
        if isinstance(outcome, StoreFailure):
            self.store_gates.note_failure(job, outcome)
            return
        if isinstance(outcome, JobFinished):
            self.store_gates.note_success(job)
        task = asyncio.create_task(self._record_report(job, outcome))
        job_id = job.id
        self._reports[job_id] = task
        task.add_done_callback(lambda _: self._reports.pop(job_id, None))

    async def _record_report(self, job: Job, fact: Fact) -> None:
        """Record the result of a job. While the ledger cannot be written, it is kept and tried again."""
        wait_s = _FIRST_RECORD_WAIT_S
        while True:
            try:
                await self.submit_fact(job.session, fact)
            except LedgerUnavailable as error:
                log.warning(
                    "a result waits for the ledger", session=job.session, of=job.subject, error=str(error)
                )
            except LedgerDamaged:
                return  # nothing more is recorded; the job is due again when the ledger is whole
            except Exception as error:
                log.exception(
                    "a result could not be recorded", job=job.id, session=job.session, of=job.subject
                )
                if isinstance(fact, JobFailed):
                    return  # the job is still due, and starts again with the next tick
                message = f"{job.subject}: {type(error).__name__} while its result was recorded"
                fact = build_job_failed(job, "crash", message, _BUG_HINT)
            else:
                return
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _MAX_RECORD_WAIT_S)

    async def drain_jobs(self, patience_s: float) -> None:
        """Start no more jobs, give running ones `patience_s` to finish, and record their results."""
        self.draining = True
        await self.workers.drain(patience_s)
        if self._reports:
            # A ledger that cannot be written must not keep the daemon from stopping.
            _, late = await asyncio.wait(self._reports.values(), timeout=_LAST_REPORTS_S)
            for task in late:
                task.cancel()
