"""The API's requests without HTTP: what is read, and which decisions are taken.

Reading needs nothing but an open socket. Decisions need an approver, who is looked up at that moment.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mcsyncd import __version__, api
from mcsyncd.daemon.accounts import AccountDirectory, is_approver
from mcsyncd.daemon.alerts import (
    build_store_failure,
    list_alerts,
    list_limit_alerts,
    list_store_alerts,
    list_trouble,
)
from mcsyncd.daemon.bodies import build_session_body
from mcsyncd.daemon.bounded_calls import BlockingCalls, CachedLookup
from mcsyncd.daemon.clock import utc_in, utc_now
from mcsyncd.daemon.cluster_monitor import ClusterMonitor
from mcsyncd.daemon.decision_facts import OriginalsNow, build_fact, get_current_revision, look_at_originals
from mcsyncd.daemon.drop_scanner import DropScanner
from mcsyncd.daemon.event_hub import EventHub
from mcsyncd.daemon.ledger_monitor import LedgerMonitor
from mcsyncd.daemon.loop import SessionLoop
from mcsyncd.daemon.notifier import Notifier
from mcsyncd.daemon.original_check import find_original_faults, list_originals
from mcsyncd.daemon.original_monitor import OriginalMonitor
from mcsyncd.daemon.problems import choose_status_and_code
from mcsyncd.daemon.progress_monitor import ProgressMonitor
from mcsyncd.daemon.publisher_monitor import PublisherMonitor
from mcsyncd.daemon.refusals import RefusalRecorder
from mcsyncd.daemon.session_progress import build_job_progress
from mcsyncd.daemon.store_bodies import build_further_bodies, list_copy_alerts
from mcsyncd.daemon.store_gate import StoreGate
from mcsyncd.daemon.store_surveyor import StoreSurveyor
from mcsyncd.errors import Conflict, NotPermitted, Unavailable, UsageError
from mcsyncd.model.facts import Fact
from mcsyncd.model.ledger_events import DecisionRefused
from mcsyncd.model.session import Actor, Session, State
from mcsyncd.review.decisions import is_repeated_approval, require_applicable
from mcsyncd.settings.active_config import ActiveConfig
from mcsyncd.store.ledger import SessionsQuery

CLAIM_S = 60.0
"""Seconds that a claim is shown. Judgement: the terminal app renews it every 25 s; longer, and a
supervisor who went home still seems to be reviewing."""
DISK_LIMIT_S = 1.0
"""Seconds that a status waits for the work disk before it shows the last known free space.

Judgement, not measured: longer, and each status is late by as much while the disk hangs; shorter, and
a busy disk shows an old figure.
"""


@dataclass(frozen=True, slots=True)
class _Claim:
    by: Actor
    until: float


class RequestHandler:
    """Answers requests and takes decisions."""

    def __init__(
        self,
        loop: SessionLoop,
        drop_scanner: DropScanner,
        progress_monitor: ProgressMonitor,
        hub: EventHub,
        *,
        ledger_monitor: LedgerMonitor,
        surveyor: StoreSurveyor,
        cluster: ClusterMonitor,
        publisher: PublisherMonitor,
        notifier: Notifier,
        accounts: AccountDirectory,
        files: BlockingCalls,
    ) -> None:
        self._loop = loop
        self._drop_scanner = drop_scanner
        self._progress_monitor = progress_monitor
        self._hub = hub
        self._ledger_monitor = ledger_monitor
        self._surveyor = surveyor
        self._cluster = cluster
        self._publisher = publisher
        self._notifier = notifier
        self._accounts = accounts
        self._files = files
        self._free_space = CachedLookup(partial(_read_free_bytes, loop.config.layout.work))
        self.refusals = RefusalRecorder(loop.record_note)
        self.originals = OriginalMonitor(loop, hub)
        self._claims: dict[str, _Claim] = {}
        self._started_at = utc_now()

    @property
    def _config(self) -> ActiveConfig:
        return self._loop.config

    @property
    def _gate(self) -> StoreGate:
        return self._loop.store_gates.main

    async def list_sessions(self, query: SessionsQuery) -> api.SessionsBody:
        """Return a page of the sessions, newest first."""
        if query.finished is False:
            newest = sorted(self._loop.sessions.values(), key=lambda one: one.id, reverse=True)
            found = tuple(
                one
                for one in newest
                if (query.before is None or one.id < query.before) and one.state is not State.PUBLISHED
            )
        else:
            found = await self._loop.list_sessions(query)
        page = found[: query.limit]
        return api.SessionsBody(
            sessions=[self._build_session_body(self._loop.find_session(one.id) or one) for one in page],
            next_before=page[-1].id if len(page) == query.limit else None,
        )

    async def fetch_session(self, session_id: str) -> api.SessionBody:
        """Return one session. Raises UnknownSession."""
        return self._build_session_body(await self._loop.load_session(session_id))

    async def check_originals(self, session_id: str) -> api.OriginalsBody:
        """Look at the originals of a session. Raises UnknownSession, and Unavailable if a disk is stuck."""
        session, at = await self._loop.load_session(session_id), utc_now()
        originals = list_originals(session, self._config.layout)
        find_faults = partial(find_original_faults, session, originals)
        faults = await self._files.run(find_faults, "the disk of the originals")
        self.originals.note_faults(session, faults)
        return api.OriginalsBody(checked_at=at, count=len(originals), faults=faults)

    def find_session(self, session_id: str) -> api.SessionBody | None:
        """Return one session that is in memory, or None."""
        session = self._loop.find_session(session_id)
        return self._build_session_body(session) if session is not None else None

    def _build_session_body(self, session: Session) -> api.SessionBody:
        wait_s = self._loop.compute_wait_s(session.id)
        retry_at = utc_in(wait_s) if wait_s is not None else None
        waits_for = None
        if session.state is State.PUBLISHING:
            waits_for = build_store_failure(
                self._gate, self._loop.store_gates.opens_at, self._loop.upload_guard.held
            )
        if session.error is None and waits_for is not None:
            retry_at = self._gate.next_try_at
        return build_session_body(
            session,
            self._config.settings.review.review_below,
            cameras=self._config.settings.angles,
            progress=self._progress_monitor.get_session_progress(session),
            claimed_by=self._find_claimant(session.id),
            waits_for=waits_for,
            retry_at=retry_at,
            main_store=self._config.settings.storage.key,
            min_copies=self._config.settings.min_copies,
            has_faulty_originals=self.originals.is_faulty(session.id),
        )

    async def get_status(self, uid: int) -> api.StatusBody:
        """Return the status of the daemon, as seen by the caller with that uid.

        Answers in about a second even if the user database or the work disk does not.
        """
        settings = self._config.settings
        account, storage = await asyncio.gather(self._accounts.identify(uid), self._build_storage_body())
        return api.StatusBody(
            version=__version__,
            pid=os.getpid(),
            host=socket.gethostname(),
            started_at=self._started_at,
            review_below=settings.review.review_below,
            folders=self._drop_scanner.build_folder_bodies(),
            unknown_folders=self._drop_scanner.list_unknown_folders(),
            loose_files=self._drop_scanner.list_loose_files(),
            held=self._drop_scanner.list_held_names(),
            sessions=self._loop.count_states(),
            storage=storage,
            further_stores=build_further_bodies(settings, self._loop.store_gates),
            workers=[
                api.WorkerBody(
                    stage=one.job.stage,
                    session=one.job.session,
                    subject=one.job.subject,
                    pid=one.pid,
                    progress=build_job_progress(one.job, self._progress_monitor.reports.get(one.job.id)),
                )
                for one in self._loop.workers.running.values()
            ],
            worker_slots=self._loop.workers.slot_count,
            free_slots=sum(self._loop.workers.free_counts.values()),
            cluster=self._cluster.build_body(),
            publisher=self._publisher.health,
            you=account.name,
            may_approve=is_approver(account, settings.review.approvers),
            alerts=self._list_alerts(),
            ledger=self._ledger_monitor.build_body(),
        )

    def _list_alerts(self) -> list[api.AlertBody]:
        settings = self._config.settings
        return self._publisher.add_alert(
            [
                *self._ledger_monitor.list_alerts(),
                *self._drop_scanner.list_alerts(),
                *list_store_alerts(self._gate),
                *list_limit_alerts(self._loop.upload_guard.held),
                *(
                    alert
                    for name in settings.further_stores
                    for alert in list_trouble(self._loop.store_gates.find_gate(name), name)
                ),
                *self.originals.list_alerts(),
                *self._surveyor.list_alerts(),
                *self._cluster.list_alerts(),
                *self._notifier.list_alerts(),
                *list_copy_alerts(self._loop.sessions.values(), settings.storage.key),
                *list_alerts(settings, self._loop.sessions.values()),
            ]
        )

    async def _build_storage_body(self) -> api.StorageBody:
        storage, gate = self._config.settings.storage, self._gate
        opens_at = self._loop.store_gates.opens_at
        held = build_store_failure(gate, opens_at)
        free = await self._free_space.ask(DISK_LIMIT_S)
        return api.StorageBody(
            kind=storage.kind,
            name=storage.key,
            target=storage.label,
            health=gate.trouble.message if gate.trouble else self._progress_monitor.storage_health,
            work_free_bytes=free.value if free is not None else None,
            uploads="off_hours" if opens_at is not None and gate.paused is None else gate.state,
            since=gate.paused[1] if gate.paused else gate.trouble.since if gate.trouble else None,
            next_try_at=gate.next_try_at,
            paused_by=gate.paused[0] if gate.paused else "",
            hint=held.hint if held is not None else "",
        )

    async def direct_uploads(self, request: api.UploadsRequest, uid: int) -> api.StorageBody:
        """Pause or resume the uploads of all sessions. Raises NotPermitted, Unavailable."""
        async with self._record_refusal(uid, f"{request.action}_uploads"):
            actor = await self.require_approver(uid)
            if request.action == "pause":
                self._loop.pause_uploads(actor.name)
            else:
                self._loop.resume_uploads(actor.name)
            return await self._build_storage_body()

    async def decide_session(
        self, session_id: str, decision: api.DecisionRequest, revision: int | None, uid: int
    ) -> api.SessionBody:
        """Take a decision of the caller with that uid; a refusal is recorded.

        Raises NotPermitted; Unavailable if the user database does not confirm the caller in time;
        Conflict if the session has another revision by now; UsageError.
        """
        async with self._record_refusal(uid, decision.action, session_id, revision):
            return await self._take_decision(session_id, decision, revision, uid)

    async def _take_decision(
        self, session_id: str, decision: api.DecisionRequest, revision: int | None, uid: int
    ) -> api.SessionBody:
        actor = await self.require_approver(uid)
        session = await self._loop.load_session(session_id)
        if isinstance(decision, api.SealRequest):
            return await self._seal_session(decision, actor, session_id)
        if isinstance(decision, api.JoinRequest):
            joined = await self._drop_scanner.join_reel(session_id, actor, revision)
            self._claims.pop(session_id, None)
            return self._build_session_body(joined)
        if isinstance(decision, api.RetryRequest) and self._waits_for_store(session):
            self._loop.try_stores_now()
            return self._build_session_body(session)
        based_on = revision if revision is not None else get_current_revision(session, decision)
        if isinstance(decision, api.ApproveRequest) and is_repeated_approval(session, actor, based_on):
            return self._build_session_body(session)
        originals = (
            await self._files.run(partial(look_at_originals, session, self._config.layout), "the work folder")
            if isinstance(decision, api.RetryRequest | api.ResyncRequest)
            else OriginalsNow()
        )

        def build_applicable_fact(now: Session) -> Fact:
            fact = build_fact(now, decision, based_on, actor, terms=self._config.terms, originals=originals)
            awaited = frozenset(job.id for job in self._loop.list_open_jobs(now))
            require_applicable(now, fact, awaited)
            return fact

        after = await self._loop.submit_fact_from(session_id, build_applicable_fact)
        self._claims.pop(session_id, None)
        return self._build_session_body(after)

    async def seal_session(self, request: api.SealRequest, uid: int) -> api.SessionBody:
        """Seal the collecting session as it is. Raises NotPermitted, Unavailable, UsageError."""
        async with self._record_refusal(uid, "seal"):
            return await self._seal_session(request, await self.require_approver(uid))

    def _waits_for_store(self, session: Session) -> bool:
        """Tell whether only trouble with the store keeps a session from being published."""
        return session.state is State.PUBLISHING and session.error is None and self._gate.trouble is not None

    async def _seal_session(
        self, request: api.SealRequest, actor: Actor, session: str | None = None
    ) -> api.SessionBody:
        sealed = await self._drop_scanner.seal_session(
            actor, session=session, without=request.without, as_is=request.as_is
        )
        return self._build_session_body(sealed)

    async def require_reloader(self, uid: int) -> None:
        """Make sure that the caller may have the settings read again. Raises NotPermitted, Unavailable."""
        async with self._record_refusal(uid, "reload"):
            await self.require_approver(uid)

    @asynccontextmanager
    async def _record_refusal(
        self, uid: int, action: str, session_id: str | None = None, revision: int | None = None
    ) -> AsyncIterator[None]:
        """Record what is refused inside the block, and raise it again."""
        try:
            yield
        except (NotPermitted, Conflict, UsageError, Unavailable) as error:
            actor = (await self._accounts.identify(uid)).actor
            _, code = choose_status_and_code(error)
            refusal = DecisionRefused(utc_now(), actor, action, code, error.message, revision)
            is_known = session_id is not None and await self._loop.has_session(session_id)
            await self.refusals.note(refusal, session_id if is_known else None)
            raise

    async def require_approver(self, uid: int) -> Actor:
        """Return the actor behind a uid that may decide. Raises NotPermitted or Unavailable."""
        return await self._accounts.require_approver(uid, self._config.settings.review.approvers)

    async def claim_session(self, session_id: str, uid: int) -> api.ClaimBody:
        """Show others who is reviewing a session. A courtesy: it blocks nothing."""
        await self._loop.load_session(session_id)
        actor = (await self._accounts.identify(uid)).actor
        self._claims[session_id] = _Claim(actor, time.monotonic() + CLAIM_S)
        self._hub.broadcast(api.StreamEventBody(what="claim", session=session_id))
        return api.ClaimBody(by=actor.name, expires_s=CLAIM_S)

    async def release_claim(self, session_id: str, uid: int) -> api.ClaimBody:
        """End the caller's claim; one of somebody else stays."""
        await self._loop.load_session(session_id)
        claim = self._claims.get(session_id)
        if claim is not None and claim.by.uid == uid:
            del self._claims[session_id]
            self._hub.broadcast(api.StreamEventBody(what="claim", session=session_id))
        return api.ClaimBody(by=self._find_claimant(session_id) or "", expires_s=0.0)

    def _find_claimant(self, session_id: str) -> str | None:
        claim = self._claims.get(session_id)
        return claim.by.name if claim and claim.until > time.monotonic() else None


def _read_free_bytes(folder: Path) -> int | None:
    """Return the free space of a folder's disk; None if the disk reports an error. Blocks."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
