"""The app as its screens see it: the world to show, and a way to send decisions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Literal

from textual import events
from textual.app import App
from textual.reactive import reactive

from mcsyncd import api
from mcsyncd.client import Client, RevisionConflict
from mcsyncd.errors import McsyncError, Unreachable
from mcsyncd.model.text import escape_text
from mcsyncd.tui.hints import format_hint
from mcsyncd.tui.still import HELD, LET_GO_S, TOO_SOON, Stillness
from mcsyncd.tui.world import World

Severity = Literal["information", "error"]

UNCONFIRMED = "Sent, but not confirmed: the screen shows what took effect once the daemon answers."

_NOTICE_S = 8.0
"""Seconds a notice stays. Judgement: long enough to read an error and its hint twice."""


class Shell(App[None]):
    """Base of the app. Values flow down through `world`, decisions go up through `send_decision`."""

    world: reactive[World] = reactive(World())

    def __init__(self, socket: Path, *, read_only: bool = False) -> None:
        super().__init__()
        self.client = Client(socket)
        self.read_only = read_only
        self.stillness = Stillness(monotonic)
        self.drafts: dict[str, dict[str, int]] = {}
        """Offsets in microseconds that were moved and not sent, by session and camera."""

    @staticmethod
    def get_now() -> datetime:
        """Return the current time on the reader's clock."""
        return datetime.now().astimezone()

    async def on_event(self, event: events.Event) -> None:
        """Note each key and click before it does anything."""
        if isinstance(event, events.Key | events.MouseDown) and not event.is_forwarded:
            self.stillness.note_key()
        await super().on_event(event)

    def decide_if_still(self, decide: Callable[[], object]) -> None:
        """Call `decide` for the key that was just pressed, unless the screen moved or the key is held."""
        if not self.stillness.is_still:
            self._explain_key(TOO_SOON)
            return
        is_let_go = self.stillness.watch_key()
        self.set_timer(LET_GO_S, lambda: decide() if is_let_go() else self._explain_key(HELD))

    def _explain_key(self, why: str) -> None:
        """Say once why a key decided nothing: a held one would fill the screen with it."""
        self.clear_notifications()
        self.show_notice(why)

    def find_objection(self, session: api.SessionBody | None = None) -> str:
        """Return why no decision can be sent now (on `session`); empty if it can."""
        status = self.world.status
        if self.world.assess_link(self.get_now()) != "live" or status is None:
            return "not connected: decisions are disabled until the daemon answers"
        if self.read_only:
            return "read-only: decisions are disabled"
        if not status.may_approve:
            return f"view only: {escape_text(status.you, 40) or 'this user'} is not in review.approvers"
        holder = session.claimed_by if session is not None else None
        if holder and holder != status.you:
            return f"{escape_text(holder, 40)} is reviewing this"
        return ""

    async def send_decision(
        self, session: api.SessionBody, decision: api.DecisionRequest, *, unsent: str = ""
    ) -> api.SessionBody | None:
        """Send a decision on `session` at the revision shown; return its new state, None if refused.

        It shows why it was refused: a conflict as a dialog, with the nudges that were `unsent`,
        anything else as a notice.
        """
        try:
            body = await self.client.send_decision(session.id, decision, session.revision)
        except RevisionConflict as conflict:
            self.show_conflict(conflict, unsent)
            return None
        except Unreachable as error:
            # It may have taken effect, and a second one would be refused by its revision: never "failed".
            self.show_notice(UNCONFIRMED, hint=error.message, severity="error")
            return None
        except McsyncError as error:
            self.show_error(error)
            return None
        self.world = self.world.with_session(body)
        return body

    def show_conflict(self, conflict: RevisionConflict, unsent: str) -> None:
        """Show that somebody changed the session first."""
        raise NotImplementedError

    def show_error(self, error: McsyncError) -> None:
        """Show an error with its hint. Not as markup: it may contain file names."""
        self.show_notice(error.message, hint=error.hint, severity="error")

    def show_notice(self, message: str, *, hint: str = "", severity: Severity = "information") -> None:
        """Show a notice for a while."""
        text = escape_text(message, 300) + (f"\n{format_hint(hint)}" if hint else "")
        self.notify(text, severity=severity, markup=False, timeout=_NOTICE_S)
