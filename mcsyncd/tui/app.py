"""The terminal app: one feed in, a stack of screens, decisions out through the client."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import SystemCommand
from textual.screen import Screen

from mcsyncd.api import SessionBody
from mcsyncd.client import RevisionConflict
from mcsyncd.present.numbers import format_time
from mcsyncd.tui.dialogs import ConflictDialog, build_conflict_summary
from mcsyncd.tui.feed import Feed
from mcsyncd.tui.messages import Connected, Disconnected, ProgressChanged, SessionChanged, StatusChanged
from mcsyncd.tui.queue.screen import QueueScreen
from mcsyncd.tui.shell import Shell
from mcsyncd.tui.theme import DARK, LIGHT
from mcsyncd.tui.world import DaemonLink


class McsyncApp(Shell):
    """The app on the daemon behind `socket`; with `read_only` it decides nothing."""

    TITLE = "mcsyncd"
    CSS_PATH: ClassVar = ["app.tcss", "queue/queue.tcss", "session/session.tcss", "review/review.tcss"]

    def __init__(self, socket: Path, *, read_only: bool = False) -> None:
        super().__init__(socket, read_only=read_only)
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = DARK.name

    def get_default_screen(self) -> Screen[None]:
        """Home is the queue."""
        return QueueScreen()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002  # Textual's form
        """Offer what makes sense here, and no more."""
        other = LIGHT.name if self.theme == DARK.name else DARK.name
        yield SystemCommand("Light or dark", f"Change to {other}", lambda: setattr(self, "theme", other))
        yield SystemCommand("Quit", "Leave the app; the daemon goes on", self.action_quit)

    def on_mount(self) -> None:
        """Begin to follow the daemon."""
        self._follow_daemon()

    @work(exclusive=True, group="feed")
    async def _follow_daemon(self) -> None:
        async with self.client:
            await Feed(self.client, self.post_message).run()

    def on_connected(self, message: Connected) -> None:
        """Everything, read anew."""
        sessions = {body.id: body for body in message.sessions}
        self.world = replace(
            self.world, sessions=sessions, status=message.status, link=self._build_live_link()
        )

    def on_session_changed(self, message: SessionChanged) -> None:
        """One session stands otherwise."""
        self.world = replace(self.world.with_session(message.session), link=self._build_live_link())

    def on_progress_changed(self, message: ProgressChanged) -> None:
        """A step has come further."""
        self.world = replace(
            self.world.with_progress(message.session, message.progress), link=self._build_live_link()
        )

    def on_status_changed(self, message: StatusChanged) -> None:
        """The daemon's own state."""
        self.world = replace(self.world, status=message.status, link=self._build_live_link())

    def on_disconnected(self, message: Disconnected) -> None:
        """Keep what is known, and say that it is old."""
        retry_at = self.get_now() + timedelta(seconds=message.retry_s)
        link = DaemonLink("gone", self.world.link.last_contact, message.error, message.hint, retry_at)
        self.world = replace(self.world, link=link)

    def _build_live_link(self) -> DaemonLink:
        return DaemonLink("live", self.get_now())

    def show_conflict(self, moved: RevisionConflict, unsent: str) -> None:
        """Show that somebody was faster, and the session as it is now."""
        current: SessionBody | None = moved.current
        if current is not None:
            self.world = self.world.with_session(current)
        at = format_time(current.approved_at, self.get_now()) if current is not None else ""
        self.push_screen(ConflictDialog(moved, build_conflict_summary(current, at, unsent)))
