"""Follows the demo's session through the API: to its review, through approval, to its manifest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from mcsyncd import api
from mcsyncd.client import Client, RevisionConflict
from mcsyncd.demo.progress_printer import ProgressPrinter
from mcsyncd.demo.truth import Shoot
from mcsyncd.demo.verdict import judge_session
from mcsyncd.errors import McsyncError, Unreachable
from mcsyncd.model.session import HALTED, State
from mcsyncd.model.text import escape_text
from mcsyncd.present.session import label_action

STALL_S = 300.0
"""Judgement: running steps report progress several times a second, so a session without any change for
this long is stuck. Too low, and a slow machine fails the demo; too high, and a stuck one blocks CI."""

_POLL_INTERVAL_S = 2.0
"""Longest wait between two requests for the sessions. Judgement: a lost event costs the demo this long."""
_MIN_POLL_GAP_S = 0.2
"""Shortest wait. Progress events come in bursts, and five updates a second are enough to read."""
_MAX_APPROVAL_ATTEMPTS = 3
"""Judgement: the revision changes at most once under an approval unless someone else decides as well."""
_WAITING_MESSAGES = {
    State.COLLECTING: "waiting until all drop folders are quiet",
    State.WORKING: "between two steps",
    State.APPROVED: "approved; getting ready to publish",
}
"""What to print for a state while no step of it runs."""

LivenessCheck = Callable[[], None]
"""Raises McsyncError when waiting is pointless because the daemon's process has ended."""


async def list_started_sessions(client: Client) -> frozenset[str]:
    """Return the ids of the sessions that cannot take the demo's clips, because they are sealed."""
    sessions = (await client.list_sessions()).sessions
    return frozenset(session.id for session in sessions if session.state != State.COLLECTING)


class SessionFollower:
    """Follows the one session that the demo's clips make.

    An event only triggers a request for the session's state; its content is not used. So nothing is
    missed when the stream breaks, and a lost event costs two seconds.
    """

    def __init__(
        self, client: Client, earlier_sessions: frozenset[str], printer: ProgressPrinter, check: LivenessCheck
    ) -> None:
        self._client = client
        self._earlier_sessions = earlier_sessions
        self._printer = printer
        self._check_daemon = check
        self._change_event = asyncio.Event()

    async def wait_for_review(self, shoot: Shoot) -> api.SessionBody:
        """Wait for the review, and print confidence and offsets beside the truth.

        Raises McsyncError when an offset is wrong, or the session halts or stalls.
        """
        session = await self._wait_until(lambda session: session.state == State.IN_REVIEW)
        verdict = judge_session(session, shoot)
        self._printer.print_line(f"\nsession {session.id}, revision {session.revision}")
        for line in verdict.table:
            self._printer.print_line(f"  {line}")
        if verdict.failures:
            raise McsyncError("; ".join(verdict.failures), f"see mcsyncd show {session.id} --json")
        return session

    async def approve(self, session: api.SessionBody, shoot: Shoot) -> api.SessionBody:
        """Approve the revision that was checked; if the session has moved on, check the new one first."""
        for _ in range(_MAX_APPROVAL_ATTEMPTS):
            try:
                approved = await self._client.send_decision(
                    session.id, api.ApproveRequest(), session.revision
                )
            except RevisionConflict:
                session = await self.wait_for_review(shoot)
            else:
                self._printer.print_line(
                    f"\napproved at revision {session.revision}: {label_action(session)}"
                )
                return approved
        raise McsyncError(
            f"session {session.id} moved on {_MAX_APPROVAL_ATTEMPTS} times while it was being approved",
            "someone else is working on it: see mcsyncd log",
        )

    async def wait_until_published(self) -> api.SessionBody:
        """Wait until the session is published and its manifest can be fetched.

        Raises McsyncError when the session halts or stalls.
        """
        session = await self._wait_until(lambda session: session.state == State.PUBLISHED)
        if not await self._client.fetch_manifest(session.id):
            raise McsyncError(f"the manifest of session {session.id} is empty", "see mcsyncd verify store")
        return session

    async def _wait_until(self, is_reached: Callable[[api.SessionBody], bool]) -> api.SessionBody:
        loop = asyncio.get_running_loop()
        last_state, changed_at = "", loop.time()
        async with self._subscribe():
            while True:
                session = await self._fetch_session()
                if session is not None and is_reached(session):
                    return session
                state = "" if session is None else session.model_dump_json()
                if state != last_state:
                    last_state, changed_at = state, loop.time()
                self._report_progress(session)
                if loop.time() - changed_at > STALL_S:
                    raise McsyncError(f"nothing has changed for {STALL_S:.0f} s", "see mcsyncd status")
                await self._wait_for_change()

    async def _fetch_session(self) -> api.SessionBody | None:
        """Return the demo's session, or None before it is opened. Raises McsyncError when it has halted."""
        try:
            sessions = (await self._client.list_sessions()).sessions
        except Unreachable:
            self._check_daemon()
            raise
        session = next((each for each in sessions if each.id not in self._earlier_sessions), None)
        if session is not None and State(session.state) in {*HALTED, State.REJECTED}:
            error = session.error or api.ErrorBody(stage=session.state, message="no reason given")
            raise McsyncError(
                f"session {session.id} is {session.state} at {error.stage}: {error.message}", error.hint
            )
        return session

    def _report_progress(self, session: api.SessionBody | None) -> None:
        if session is None:
            self._printer.print_progress("waiting for the clips to settle")
        elif session.progress is None:
            self._printer.print_progress(_WAITING_MESSAGES.get(State(session.state), session.state))
        else:
            progress = session.progress
            step = f"{progress.stage} {escape_text(progress.subject, 40)}".rstrip()
            self._printer.print_progress(step, progress.done, progress.eta_s)

    async def _wait_for_change(self) -> None:
        self._change_event.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._change_event.wait(), _POLL_INTERVAL_S)
        await asyncio.sleep(_MIN_POLL_GAP_S)

    @asynccontextmanager
    async def _subscribe(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._follow_events())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _follow_events(self) -> None:
        while True:
            with suppress(McsyncError):
                async for _ in self._client.stream_events():
                    self._change_event.set()
            await asyncio.sleep(_POLL_INTERVAL_S)
