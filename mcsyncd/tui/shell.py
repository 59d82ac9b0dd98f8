"""What a screen may ask of the app: the world as it is known, and to carry out a decision."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from textual.app import App
from textual.reactive import reactive

from mcsyncd import api
from mcsyncd.client import Client, RevisionConflict
from mcsyncd.errors import McsyncError
from mcsyncd.model.text import escape_text
from mcsyncd.tui.world import World

Severity = Literal["information", "error"]


class Shell(App[None]):
    """The app as its screens see it. Values flow down by `world`; wishes go up by `decide`."""

    world: reactive[World] = reactive(World())

    def __init__(self, socket: Path, *, read_only: bool = False) -> None:
        super().__init__()
        self.client = Client(socket)
        self.read_only = read_only

    @staticmethod
    def get_now() -> datetime:
        """This moment, on the clock of the one who looks."""
        return datetime.now().astimezone()

    def find_objection(self, session: api.SessionBody | None = None) -> str:
        """Say why no decision can be made here and now; empty when it can."""
        trust = self.world.assess_link(self.get_now())
        status = self.world.status
        if trust != "live" or status is None:
            return "not connected: decisions wait until the daemon answers"
        if self.read_only:
            return "read-only: started to look, not to decide"
        if not status.may_approve:
            return f"{escape_text(status.you, 40) or 'you'} may look, not decide: not among the approvers"
        holder = session.claimed_by if session is not None else None
        if holder and holder != status.you:
            return f"{escape_text(holder, 40)} is reviewing this"
        return ""

    async def send_decision(
        self, session: api.SessionBody, decision: api.DecisionRequest, *, unsent: str = ""
    ) -> api.SessionBody | None:
        """Send a decision on `session` as it was seen; return it as it then stands, None if refused.

        A refusal is shown: a conflict as a dialog (with the `unsent` offsets of the hand), any
        other as a notice.
        """
        try:
            body = await self.client.send_decision(session.id, decision, session.revision)
        except RevisionConflict as moved:
            self.show_conflict(moved, unsent)
            return None
        except McsyncError as error:
            self.show_error(error)
            return None
        self.world = self.world.with_session(body)
        return body

    def show_conflict(self, conflict: RevisionConflict, unsent: str) -> None:
        """Show that somebody was faster."""
        raise NotImplementedError

    def show_error(self, error: McsyncError) -> None:
        """Show an error with its hint. Never as markup: names of files are in it."""
        self.show_notice(error.message, hint=error.hint, severity="error")

    def show_notice(self, message: str, *, hint: str = "", severity: Severity = "information") -> None:
        """Show a notice for a while."""
        text = escape_text(message, 300) + (f"\n{escape_text(hint, 300)}" if hint else "")
        self.notify(text, severity=severity, markup=False, timeout=8)
