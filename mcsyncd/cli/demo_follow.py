"""Follow the demo's session through the API: to its review, through approval, to its manifest."""

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

STALL_S = 300.0
"""A session that shows no change for so long will not come to an end by itself."""

_LOOK_AGAIN_S = 2.0
_BREATH_S = 0.2
_MAX_APPROVAL_ATTEMPTS = 3
_WAITING_MESSAGES = {
    State.COLLECTING: "waiting until all drop folders are quiet",
    State.WORKING: "between two steps",
    State.APPROVED: "approved; getting ready to publish",
}
"""What to say of a state while no step of it runs."""

LivenessCheck = Callable[[], None]
"""Raises when there is no use in waiting any longer (the daemon's process has ended)."""


async def list_started_sessions(client: Client) -> frozenset[str]:
    """Return the sessions that cannot become ours: all that take no more clips."""
    told = await client.list_sessions()
    return frozenset(one.id for one in told.sessions if one.state != State.COLLECTING)


class SessionFollower:
    """Watches for the one session that the demo's clips make.

    The event stream only says that it is time to look; what is true is asked for. So nothing is
    missed when the stream breaks, and a lost event costs two seconds.
    """

    def __init__(
        self, client: Client, before: frozenset[str], teller: ProgressPrinter, check: LivenessCheck
    ) -> None:
        self._client = client
        self._earlier_sessions = before
        self._teller = teller
        self._check_daemon = check
        self._change_event = asyncio.Event()

    async def wait_for_review(self, shoot: Shoot) -> api.SessionBody:
        """Wait for the review; show confidence and offsets beside the truth.

        Raises McsyncError when an offset is wrong, or the session halts or stalls.
        """
        session = await self._wait_until(lambda one: one.state == State.IN_REVIEW)
        verdict = judge_session(session, shoot)
        self._teller.print_line(f"\nsession {session.id}, revision {session.revision}")
        for line in verdict.table:
            self._teller.print_line(f"  {line}")
        if verdict.failures:
            raise McsyncError("; ".join(verdict.failures), f"look at it: mcsyncd show {session.id} --json")
        return session

    async def approve(self, session: api.SessionBody, shoot: Shoot) -> api.SessionBody:
        """Say Looks Good to the revision that was shown; if it has moved on, look again first."""
        for _ in range(_MAX_APPROVAL_ATTEMPTS):
            try:
                approved = await self._client.send_decision(
                    session.id, api.ApproveRequest(), session.revision
                )
            except RevisionConflict:
                session = await self.wait_for_review(shoot)
            else:
                self._teller.print_line(f"\napproved at revision {session.revision}: Looks Good")
                return approved
        raise McsyncError(
            f"session {session.id} moved on {_MAX_APPROVAL_ATTEMPTS} times while it was being approved",
            "something else works on it: mcsyncd log shows what",
        )

    async def wait_until_published(self) -> api.SessionBody:
        """Wait until the session is published and its manifest can be had. Raises McsyncError."""
        session = await self._wait_until(lambda one: one.state == State.PUBLISHED)
        if not await self._client.fetch_manifest(session.id):
            raise McsyncError(f"the manifest of session {session.id} is empty", "mcsyncd verify store")
        return session

    async def _wait_until(self, is_reached: Callable[[api.SessionBody], bool]) -> api.SessionBody:
        loop = asyncio.get_running_loop()
        last, since = "", loop.time()
        async with self._subscribe():
            while True:
                session = await self._fetch_session()
                if session is not None and is_reached(session):
                    return session
                seen = "" if session is None else session.model_dump_json()
                last, since = (seen, loop.time()) if seen != last else (last, since)
                self._report_progress(session)
                if loop.time() - since > STALL_S:
                    raise McsyncError(
                        f"nothing has changed for {STALL_S:.0f} s", "mcsyncd status shows what it waits for"
                    )
                await self._wait_for_change()

    async def _fetch_session(self) -> api.SessionBody | None:
        """Return our session as it is now, or None before it is opened. Raises when it has halted."""
        try:
            told = await self._client.list_sessions()
        except Unreachable:
            self._check_daemon()
            raise
        ours = next((one for one in told.sessions if one.id not in self._earlier_sessions), None)
        if ours is not None and State(ours.state) in {*HALTED, State.REJECTED}:
            why = ours.error or api.ErrorBody(stage=ours.state, message="no reason given")
            raise McsyncError(f"session {ours.id} is {ours.state} at {why.stage}: {why.message}", why.hint)
        return ours

    def _report_progress(self, session: api.SessionBody | None) -> None:
        if session is None:
            self._teller.print_progress("waiting for the clips to settle")
        elif session.progress is None:
            self._teller.print_progress(_WAITING_MESSAGES.get(State(session.state), session.state))
        else:
            how = session.progress
            step = f"{how.stage} {escape_text(how.subject, 40)}".rstrip()
            self._teller.print_progress(step, how.done, how.eta_s)

    async def _wait_for_change(self) -> None:
        self._change_event.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._change_event.wait(), _LOOK_AGAIN_S)
        # Progress comes in bursts; five looks a second are enough for any eye.
        await asyncio.sleep(_BREATH_S)

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
            await asyncio.sleep(_LOOK_AGAIN_S)
